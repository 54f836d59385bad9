"""The tombstones: whom the ledger has forgotten, in a file outside the database and outside its backups.

A backup that is put back holds the keys of everybody who was forgotten since it was made. This list says who they are,
by random ids that name nobody, so that they can be forgotten again before anything is answered.

One JSON object a line, only ever added to. A line is durable before the transaction that it speaks of begins: if we
crash in between, somebody is listed who is still there, and `whosaw restore` or the clock ends what was begun.
"""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ledger.errors import WrongLedger

if TYPE_CHECKING:
    from pathlib import Path

FILE_MODE = 0o600


class Tombstone(NamedTuple):
    """One person who was forgotten."""

    log_id: int
    stream: str
    """32 hexadecimal digits."""
    receipt: str
    """Names the erasure."""
    time: str
    """When it was decided: RFC 3339 in UTC."""


class Tombstones:
    """The file. Threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made with its first line."""
        self.path = path

    def add(self, log_id: int, stream: str, receipt: str) -> None:
        """List somebody; durable on return. Once more does no harm.

        Raises:
            WrongLedger: The file can not be written. Nobody may be forgotten then.
        """
        line = orjson.dumps(Tombstone(log_id, stream, receipt, datetime.now(UTC).isoformat())._asdict())
        try:
            new = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                size = os.fstat(descriptor).st_size
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                os.write(descriptor, (b"\n" if torn else b"") + line + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if new:
                folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        except OSError as error:
            raise WrongLedger(f"{self.path}: {error.strerror}") from error

    def all(self) -> list[Tombstone]:
        """Return everybody listed, each once, the oldest first. A line that a crash tore is passed over.

        Raises:
            WrongLedger: The file is there and can not be read.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WrongLedger(f"{self.path}: {error.strerror}") from error
        found: dict[tuple[int, str], Tombstone] = {}
        for line in lines:
            try:
                each = Tombstone(**orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError):
                continue
            found.setdefault((each.log_id, each.stream), each)
        return list(found.values())
