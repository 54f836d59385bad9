"""A group: what one transaction adds to a log, as one statement and the very bytes of its parameters.

One statement, because it is one transaction: from the moment that the head moves until the commit, the server waits for
nobody. A writer that dies, hangs or is stopped holds the head's lock for no longer than the server needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from ledger.arrays import (
    TEXT_OID,
    bigints,
    byte_strings,
    byte_strings_or_null,
    integers,
    smallints,
    uuids,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from ledger.merkle import Tile

# Compare-and-swap on the head: the row lock is the sequencer. A writer that waited for it sees the newest size, since
# UPDATE looks at the row again after the wait. No row means that somebody else's group came first: then `head` is
# empty, and with it everything that is inserted beside it. Nothing here reads what others wrote: the statement's
# snapshot is from before the wait.
RECORD = b"""
    WITH head AS (
        UPDATE ledger.log SET size = $1::bigint, appended_at = $2::timestamptz
        WHERE log_id = $3::smallint AND size = $4::bigint
        RETURNING log_id
    ), entries AS (
        INSERT INTO ledger.entry (position, stream, repeat_key, content, sequence, log_id, type, bytes)
        SELECT $4::bigint + each.place, each.stream, each.repeat_key, each.content, each.sequence, head.log_id,
               each.type, each.bytes
        FROM head, unnest($6::uuid[], $7::uuid[], $8::uuid[], $9::integer[], $10::text[], $11::bytea[])
             WITH ORDINALITY AS each (stream, repeat_key, content, sequence, type, bytes, place)
    ), subjects AS (
        INSERT INTO ledger.subject (log_id, subject, wrapped_key)
        SELECT head.log_id, each.subject, each.wrapped_key
        FROM head, unnest($12::uuid[], $13::bytea[]) AS each (subject, wrapped_key)
    ), named AS (
        INSERT INTO ledger.reference (digest, subject, log_id, home, envelope)
        SELECT each.digest, each.subject, each.log_id, head.log_id, each.envelope
        FROM head, unnest($14::uuid[], $15::uuid[], $16::smallint[], $17::bytea[])
             AS each (digest, subject, log_id, envelope)
    ), members AS (
        INSERT INTO ledger.member (position, subject, ordinal, log_id, role, salt, envelope)
        SELECT each.position, each.subject, each.ordinal, head.log_id, each.role, each.salt, each.envelope
        FROM head, unnest($18::bigint[], $19::uuid[], $20::integer[], $21::text[], $22::bytea[], $23::bytea[])
             AS each (position, subject, ordinal, role, salt, envelope)
    ), tiles AS (
        INSERT INTO ledger.tile (log_id, level, index, root, hashes)
        SELECT head.log_id, each.level, each.index, each.root, each.hashes
        FROM head, unnest($24::smallint[], $25::bigint[], $26::bytea[], $27::bytea[])
             AS each (level, index, root, hashes)
    ), signed AS (
        INSERT INTO ledger.checkpoint (log_id, size, note) SELECT head.log_id, $1::bigint, $5::bytea FROM head
    )
    SELECT pg_notify('whosaw_entry', '') FROM head
"""
TEXT, BINARY = 0, 1
FORMATS = (TEXT,) * 4 + (BINARY,) * 23
"""Of the parameters."""


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


class Beside(NamedTuple):
    """What one transaction changes beside recording a fact: both happen, or neither does."""

    guard: LiteralString
    """Run under the head's lock, before anything is written: selects a row if it must not happen. Empty for none."""
    statement: LiteralString
    """Run after the entry was written; may use `log_id` and `position`, which are the entry's."""
    parameters: Mapping[str, Any]
    """Of both."""
    before: Callable[[], None] | None = None
    """Called when all of it is written and nothing is committed yet; if it raises, nothing happens."""


class Entries(NamedTuple):
    """The group's entries by position, in columns of one length."""

    streams: Sequence[bytes]
    repeat_keys: Sequence[bytes]
    contents: Sequence[bytes]
    """16 bytes each, these three."""
    sequences: Sequence[int]
    types: Sequence[bytes]
    entries: Sequence[bytes]


class Group:
    """What one transaction writes. Built by `prepare`, then read-only."""

    __slots__ = (
        "appended",
        "dropped",
        "expected_size",
        "late",
        "members",
        "note",
        "own",
        "parameters",
        "receipts",
        "references",
        "root",
        "size",
        "subjects",
        "taken",
        "tiles",
    )

    def __init__(self, expected_size: int, appended: datetime) -> None:
        self.expected_size = expected_size
        """The log's size before; the group commits only onto this."""
        self.size = expected_size
        self.appended = appended
        # In columns: a tuple a row would be one more object for the collector of garbage to look at.
        self.subjects: tuple[list[bytes], list[bytes]] = ([], [])
        """New ones: subject, wrapped key."""
        self.references: tuple[list[bytes], list[bytes], list[int], list[bytes]] = ([], [], [], [])
        """New ones: digest, subject, the log that the digest chose, envelope."""
        self.members: tuple[list[int], list[bytes], list[int], list[bytes], list[bytes], list[bytes]] = (
            [],
            [],
            [],
            [],
            [],
            [],
        )
        """Of cohorts: position, subject, ordinal, role, salt, envelope; an empty envelope is none."""
        self.dropped: dict[bytes, tuple[int, int]] = {}
        """Names that lead to nobody from an entry on: digest → its position, the log that the digest chose."""
        self.late: dict[bytes, tuple[bytes, int, bytes]] = {}
        """Names that were dropped and lead to somebody again: digest → subject, log, envelope."""
        self.own: list[tuple[bytes, bytes, int, bytes]] = []
        """What those are found by who lost a name, unless they are already: digest, subject, log, envelope."""
        self.taken: list[tuple[int, bytes, bytes, int, bytes]] = []
        """Names that a link found to be somebody else's: position, subject, holder, log, digest."""
        self.tiles: list[Tile] = []
        self.root = b""
        """Of the log's tree, with this group."""
        self.note = b""
        """The signed checkpoint. It must not leave the process before the commit is known."""
        self.parameters: list[bytes] = []
        """Of `RECORD`."""
        self.receipts: list[Receipt] = []
        """One a fact, in order."""

    def add_subject(self, subject: bytes, wrapped_key: bytes) -> None:
        """Add a new subject."""
        subjects, wrapped_keys = self.subjects
        subjects.append(subject)
        wrapped_keys.append(wrapped_key)

    def add_reference(self, digest: bytes, subject: bytes, log: int, envelope: bytes) -> None:
        """Add a new reference, in the log that its digest chose."""
        if digest in self.dropped:
            self.late[digest] = subject, log, envelope
            return
        digests, subjects, logs, envelopes = self.references
        digests.append(digest)
        subjects.append(subject)
        logs.append(log)
        envelopes.append(envelope)

    def drop_reference(self, digest: bytes, position: int, log: int) -> None:
        """Let a name lead to nobody from an entry on, whether it led to somebody before the group or within it."""
        if self.late.pop(digest, None) is None:
            self.dropped[digest] = position, log

    @property
    def renames(self) -> bool:
        """Whether it takes more than its one statement, and so the lock of the head: see `recorder.rename`."""
        return bool(self.dropped or self.taken)

    def add_member(
        self, position: int, subject: bytes, ordinal: int, role: bytes, salt: bytes, envelope: bytes
    ) -> None:
        """Add one subject of a cohort; an empty envelope is none."""
        positions, subjects, ordinals, roles, salts, envelopes = self.members
        positions.append(position)
        subjects.append(subject)
        ordinals.append(ordinal)
        roles.append(role)
        salts.append(salt)
        envelopes.append(envelope)

    def pack(self, log_id: int, entries: Entries) -> None:
        """Pack everything as parameters; call last. PostgreSQL takes at most 1 GB in one message."""
        subjects, wrapped_keys = self.subjects
        digests, named, logs, names = self.references
        positions, members, ordinals, roles, salts, envelopes = self.members
        levels, indexes, hashes, roots = zip(*self.tiles, strict=True) if self.tiles else ((), (), (), ())
        self.parameters = [
            b"%d" % self.size,
            self.appended.isoformat().encode(),
            b"%d" % log_id,
            b"%d" % self.expected_size,
            self.note,
            uuids(entries.streams),
            uuids(entries.repeat_keys),
            uuids(entries.contents),
            integers(entries.sequences),
            byte_strings(entries.types, TEXT_OID),
            byte_strings(entries.entries),
            uuids(subjects),
            byte_strings(wrapped_keys),
            uuids(digests),
            uuids(named),
            smallints(logs),
            byte_strings(names),
            bigints(positions),
            uuids(members),
            integers(ordinals),
            byte_strings(roles, TEXT_OID),
            byte_strings(salts),
            byte_strings_or_null(envelopes),
            smallints(levels),
            bigints(indexes),
            byte_strings(roots),
            byte_strings(hashes),
        ]
