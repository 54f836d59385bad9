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
from contextlib import contextmanager
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import Forked, WrongLedger

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

HEAD = struct.Struct(">8sQ32s")
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
        self._descriptor: int | None = None
        # The kernel's lock keeps processes apart; threads share the descriptor, and with it that lock.
        self._one_thread = Lock()

    def read(self) -> Head | None:
        """Return the newest head, or None before the first.

        Raises:
            WrongLedger: The file is there, and holds no whole head, or can not be read. Do not retry.
        """
        with self._one_thread:
            if self._descriptor is None and not self.path.exists():
                return None
        with self._locked(fcntl.LOCK_SH) as descriptor:
            return self._newest(descriptor)

    def advance(self, head: Head) -> None:
        """Keep a head that is committed; durable on return. One that is behind the newest already is passed over.

        Raises:
            Forked: Another root was signed for the same size. Do not retry.
            WrongLedger: The file can not be written.
        """
        with self._locked(fcntl.LOCK_EX) as descriptor:
            newest = self._newest(descriptor)
            if newest is not None and newest.size >= head.size:
                if newest.size == head.size and newest.root != head.root:
                    raise Forked(f"size {head.size} was signed before with another root")
                return
            # Not over the newest: until this write is whole, that one must stand.
            place = SLOT_BYTES if newest is not None and self._slot(descriptor, 0) == newest else 0
            record = HEAD.pack(MAGIC, *head)
            os.pwrite(descriptor, record + sha256(record).digest(), place)
            os.fdatasync(descriptor)

    def close(self) -> None:
        """Let go of the file."""
        with self._one_thread:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _newest(self, descriptor: int) -> Head | None:
        heads = [head for head in (self._slot(descriptor, place) for place in (0, SLOT_BYTES)) if head is not None]
        if not heads and os.fstat(descriptor).st_size:
            raise WrongLedger(f"{self.path.name}: expected the newest signed head, found none that is whole")
        return max(heads, default=None)

    @staticmethod
    def _slot(descriptor: int, place: int) -> Head | None:
        """Return what a slot holds, or None if it is empty or torn."""
        stored = os.pread(descriptor, HEAD.size + sha256().digest_size, place)
        record, digest = stored[: HEAD.size], stored[HEAD.size :]
        if len(record) < HEAD.size or sha256(record).digest() != digest:
            return None
        magic, size, root = HEAD.unpack(record)
        return Head(size, root) if magic == MAGIC else None

    @contextmanager
    def _locked(self, kind: int) -> Generator[int]:
        """Lend the open file, locked against other threads and processes."""
        with self._one_thread:
            try:
                descriptor = self._open()
                fcntl.flock(descriptor, kind)
                try:
                    yield descriptor
                finally:
                    fcntl.flock(descriptor, fcntl.LOCK_UN)
            except OSError as error:
                raise WrongLedger(f"{self.path}: {error.strerror}") from error

    def _open(self) -> int:
        if self._descriptor is None:
            self.path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            # The name must survive a power cut, too.
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return self._descriptor
