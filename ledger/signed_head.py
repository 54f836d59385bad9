"""The newest head that a log's key signed for good, kept outside the database: one small file a log.

A database can be put back to yesterday, and would go on from there as if today had never been signed. This file is not
put back with it. It is written after a group's commit is known and before its receipts leave the process. So, if we
crash between the two, it is one group behind, which is fine: the database extends it. It is never ahead.

Two slots are written in turn, each with a digest: a power cut tears the slot being written at worst, and the other one
holds the head before.
"""

from __future__ import annotations

import fcntl
import os
import struct
from hashlib import sha256
from mmap import mmap
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import Forked, WrongLedger

if TYPE_CHECKING:
    from pathlib import Path

HEAD = struct.Struct(">8sQ32s")
RECORD_BYTES = HEAD.size + sha256().digest_size
MAGIC = b"whosaw\x00\x01"
SLOT_BYTES = 4096
"""A slot each on a block of its own, so that tearing one leaves the other whole."""
DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


class Head(NamedTuple):
    """A log's head: so many entries, under this root."""

    size: int
    root: bytes
    """32 bytes."""


class SignedHead:
    """One log's file. Threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made when the first head is kept."""
        self.path = path
        self._descriptor = -1
        self._slots: mmap | None = None
        # The kernel's lock keeps processes apart; threads share the descriptor, and with it that lock.
        self._one_thread = Lock()

    def read(self) -> Head | None:
        """Return the newest head, or None before the first.

        Another process may be writing: what is torn then is passed over, and the head before it is returned.

        Raises:
            WrongLedger: The file is there, and holds no whole head, or can not be read. Do not retry.
        """
        with self._one_thread:
            if self._slots is None and not self.path.exists():
                return None
            return self._newest(self._open())

    def advance(self, head: Head) -> None:
        """Keep a head that is committed; durable on return. One that is behind the newest already is passed over.

        Raises:
            Forked: Another root was signed for the same size. Do not retry.
            WrongLedger: The file can not be written.
        """
        with self._one_thread:
            slots = self._open()
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
                try:
                    self._advance(slots, head)
                finally:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            except OSError as error:
                raise WrongLedger(f"{self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Let go of the file."""
        with self._one_thread:
            if self._slots is not None:
                self._slots.close()
                os.close(self._descriptor)
                self._slots = None

    def _advance(self, slots: mmap, head: Head) -> None:
        newest = self._newest(slots)
        if newest is not None and newest.size >= head.size:
            if newest.size == head.size and newest.root != head.root:
                raise Forked(f"size {head.size} was signed before with another root")
            return
        # Not over the newest: until this write is whole, that one must stand.
        place = SLOT_BYTES if newest is not None and self._slot(slots, 0) == newest else 0
        record = HEAD.pack(MAGIC, *head)
        slots[place : place + RECORD_BYTES] = record + sha256(record).digest()
        slots.flush()

    def _newest(self, slots: mmap) -> Head | None:
        heads = [head for head in (self._slot(slots, place) for place in (0, SLOT_BYTES)) if head is not None]
        if not heads and any(slots[place : place + RECORD_BYTES].strip(b"\0") for place in (0, SLOT_BYTES)):
            raise WrongLedger(f"{self.path.name}: expected the newest signed head, found none that is whole")
        return max(heads, default=None)

    @staticmethod
    def _slot(slots: mmap, place: int) -> Head | None:
        """Return what a slot holds, or None if it is empty or torn."""
        stored = slots[place : place + RECORD_BYTES]
        record, digest = stored[: HEAD.size], stored[HEAD.size :]
        if sha256(record).digest() != digest:
            return None
        magic, size, root = HEAD.unpack(record)
        return Head(size, root) if magic == MAGIC else None

    def _open(self) -> mmap:
        """Return the file's slots as memory, so that looking at them is no call to the system."""
        if self._slots is not None:
            return self._slots
        try:
            self.path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            if os.fstat(self._descriptor).st_size < 2 * SLOT_BYTES:
                os.ftruncate(self._descriptor, 2 * SLOT_BYTES)
                os.fsync(self._descriptor)
            # The name must survive a power cut, too.
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            self._slots = mmap(self._descriptor, 2 * SLOT_BYTES)
        except OSError as error:
            raise WrongLedger(f"{self.path}: {error.strerror}") from error
        return self._slots
