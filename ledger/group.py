"""A group: what one transaction adds to a log, as the very bytes that COPY sends."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from ledger.merkle import Tile

COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER = b"\xff\xff"

# Rows in COPY's binary format: the number of columns, then each value behind its length; the last one follows.
ENTRY = struct.Struct(">h iq i16s i16s i16s ii ih i")
SUBJECT = struct.Struct(">h ih i16s i")
REFERENCE = struct.Struct(">h i16s i16s ih ih i")
MEMBER = struct.Struct(">h iq i16s ii ih i")
LENGTH = struct.Struct(">i")
NULL = LENGTH.pack(-1)


class Receipt(NamedTuple):
    """Proof of recording: the fact is durable, in order, and under a signed checkpoint."""

    source: str
    id: str
    log: str
    """The log's origin."""
    log_id: int
    position: int
    stream: str
    """32 hexadecimal digits."""
    sequence: int
    leaf: bytes
    """32-byte leaf hash of the entry."""
    appended: datetime
    checkpoint: int
    """Size of the first checkpoint that covers the entry."""
    repeated: bool = False
    """Whether the fact had been recorded before; the receipt is then the first one."""
    parts: tuple[Receipt, ...] = ()
    """Receipts from other logs, for a fact about subjects of several."""


class Group:
    """What one transaction writes. Built by `prepare`, then read-only."""

    __slots__ = (
        "appended",
        "entries",
        "expected_size",
        "members",
        "note",
        "receipts",
        "references",
        "root",
        "size",
        "subjects",
        "tiles",
    )

    def __init__(self, expected_size: int, appended: datetime) -> None:
        self.expected_size = expected_size
        """The log's size before; the group commits only onto this."""
        self.size = expected_size
        self.appended = appended
        self.entries: list[bytes] = []
        self.subjects: list[bytes] = []
        self.references: list[bytes] = []
        self.members: list[bytes] = []
        """Each a list of row bytes for COPY."""
        self.tiles: list[Tile] = []
        self.root = b""
        """Of the log's tree, with this group."""
        self.note = b""
        """The signed checkpoint. It must not leave the process before the commit is known."""
        self.receipts: list[Receipt] = []
        """One a fact, in order."""

    def add_entry(
        self,
        log_id: int,
        position: int,
        stream: bytes,
        sequence: int,
        repeat_key: bytes,
        content: bytes,
        kind: bytes,
        entry: bytes,
    ) -> None:
        """Add a row of ledger.entry: position, stream, repeat_key, content, sequence, log_id, type, bytes."""
        row = ENTRY.pack(8, 8, position, 16, stream, 16, repeat_key, 16, content, 4, sequence, 2, log_id, len(kind))
        self.entries.append(row + kind + LENGTH.pack(len(entry)) + entry)

    def add_subject(self, log_id: int, subject: bytes, wrapped_key: bytes) -> None:
        """Add a row of ledger.subject."""
        self.subjects.append(SUBJECT.pack(3, 2, log_id, 16, subject, len(wrapped_key)) + wrapped_key)

    def add_reference(self, digest: bytes, subject: bytes, log_id: int, home: int, envelope: bytes) -> None:
        """Add a row of ledger.reference."""
        row = REFERENCE.pack(5, 16, digest, 16, subject, 2, log_id, 2, home, len(envelope))
        self.references.append(row + envelope)

    def add_member(
        self, position: int, subject: bytes, ordinal: int, log_id: int, role: bytes, salt: bytes, envelope: bytes
    ) -> None:
        """Add a row of ledger.member; an empty envelope is none."""
        row = MEMBER.pack(7, 8, position, 16, subject, 4, ordinal, 2, log_id, len(role)) + role
        row += LENGTH.pack(len(salt)) + salt
        self.members.append(row + (LENGTH.pack(len(envelope)) + envelope if envelope else NULL))
