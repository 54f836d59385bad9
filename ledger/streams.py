"""What a writer remembers of its log: the streams that it used lately, and the references they are found by.

Stream heads are derived (a stream's last entry), so nothing but entries is stored for them; here they are remembered.
What is remembered is true as long as the log's size is what this writer left: every change of a log moves its size,
and a group commits only if the size is still the expected one. On any doubt, `forget` and read again.
"""

from __future__ import annotations

from base64 import b64decode
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import tuple_row

from ledger.arrays import uuids
from ledger.entry import reference_identity
from ledger.envelope import KeyWrapper, key_id
from ledger.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Any
    from uuid import UUID

    from psycopg import Connection

    from ledger.fact import KeyedHashes

# References by primary key: each in the log that its hash chose. One look-up each, by LIMIT: a join may become one that
# reads the whole table, which the server prefers as long as it has no statistics of it.
REFERENCES = """
    SELECT wanted.digest, found.subject, found.home
    FROM unnest(%b::uuid[]) AS wanted (digest)
    CROSS JOIN LATERAL (
        SELECT r.subject, r.home FROM ledger.reference AS r
        WHERE r.log_id = %b AND r.digest = wanted.digest
        LIMIT 1
    ) AS found
"""
# Keys by primary key, last entries by the index (log_id, stream, sequence); likewise.
HEADS = r"""
    SELECT wanted.subject, found.wrapped_key, last.sequence, last.leaf
    FROM unnest(%b::uuid[]) AS wanted (subject)
    CROSS JOIN LATERAL (
        SELECT s.log_id, s.wrapped_key FROM ledger.subject AS s
        WHERE s.log_id = %b AND s.subject = wanted.subject
        LIMIT 1
    ) AS found
    LEFT JOIN LATERAL (
        SELECT e.sequence, sha256('\x00'::bytea || e.bytes) AS leaf
        FROM ledger.entry AS e
        WHERE e.log_id = found.log_id AND e.stream = wanted.subject
        ORDER BY e.sequence DESC
        LIMIT 1
    ) AS last ON true
"""

# The names of sealed streams by primary key; likewise.
SEALED = """
    SELECT wanted.digest, found.subject, found.envelope, found.opened
    FROM unnest(%b::uuid[]) AS wanted (digest)
    CROSS JOIN LATERAL (
        SELECT r.subject, r.envelope, EXISTS (
            SELECT FROM ledger.opened AS o WHERE o.log_id = r.log_id AND o.stream = r.subject
        ) AS opened
        FROM ledger.reference AS r
        WHERE r.log_id = %b AND r.digest = wanted.digest
        LIMIT 1
    ) AS found
"""
NAMES = "SELECT digest, envelope FROM ledger.reference WHERE subject = %b"
SEALS_AT_ONCE = 4
"""Sealed streams of one person that are looked for in one query."""

REMEMBERED = 100_000
"""Streams and references kept; about 700 bytes each."""


class Uuids(bytes):
    """A uuid[] in binary form, ready to send."""


class _UuidsDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["uuid"].array_oid

    def dump(self, obj: Uuids) -> bytes:
        return bytes(obj)


psycopg.adapters.register_dumper(Uuids, _UuidsDumper)


class SealedStream(NamedTuple):
    """One of a subject's sealed streams."""

    seal: bytes
    """The name of its order; empty for facts that name none."""
    stream: bytes
    """16 bytes."""
    opened: bool
    """Whether the order has ended and all of it may be told."""


class Stream:
    """One stream's last entry, and the data key of whom it is about."""

    __slots__ = ("data_key", "hex", "id", "key_id", "previous", "sequence")

    def __init__(self, stream: bytes, data_key: bytes, sequence: int, previous: bytes) -> None:
        self.id = stream
        """16 bytes."""
        self.hex = stream.hex().encode()
        self.data_key = data_key
        self.key_id = key_id(data_key)
        self.sequence = sequence
        """The last entry's; 0 before the first."""
        self.previous = previous
        """The last entry's leaf hash; empty before the first."""


class Streams:
    """A writer's memory of the streams of one log. Owned by the writer's thread."""

    def __init__(self, log_id: int, wrapper: KeyWrapper) -> None:
        self.log_id = log_id
        self._wrapper = wrapper
        self._streams: OrderedDict[bytes, Stream] = OrderedDict()
        self._references: OrderedDict[bytes, bytes] = OrderedDict()
        self._sealed: dict[bytes, list[SealedStream]] = {}
        """Subject → sealed streams by number; all of a subject's, or nothing of her."""

    def forget(self) -> None:
        """Drop everything remembered: the next group reads it again."""
        self._streams.clear()
        self._references.clear()
        self._sealed.clear()

    def shrink(self) -> None:
        """Drop the least recently used streams above the bound.

        Call when no group is in flight: what a group that is not yet committed has opened can not be read back.
        """
        for memory in (self._streams, self._references):
            while len(memory) > REMEMBERED:
                memory.popitem(last=False)
        if len(self._sealed) > REMEMBERED:
            self._sealed.clear()

    def read_references(
        self, connection: Connection[Any], digests: Collection[tuple[int, bytes]]
    ) -> dict[bytes, tuple[bytes, int]]:
        """Look references up, and remember those that lead to somebody of this log.

        Args:
            connection: Reads what is committed.
            digests: (log that the hash chose, 16-byte digest) of each; known ones are not asked for again.

        Returns:
            Digest → (subject, home) of those that were just found.
        """
        wanted: dict[int, list[bytes]] = {}
        for log, digest in digests:
            if digest not in self._references:
                wanted.setdefault(log, []).append(digest)
        found: dict[bytes, tuple[bytes, int]] = {}
        for log, asked in wanted.items():
            with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
                for digest, subject, home in cursor.execute(REFERENCES, (Uuids(uuids(asked)), log), prepare=True):
                    found[digest.bytes] = subject.bytes, home
                    # Of somebody of another log it may be taken away without a trace in this one.
                    if home == self.log_id:
                        self._references[digest.bytes] = subject.bytes
        return found

    def read_streams(self, connection: Connection[Any], subjects: Sequence[bytes]) -> None:
        """Read the heads and keys of streams that are not remembered; unknown ones are passed over."""
        wanted = [subject for subject in subjects if subject not in self._streams]
        if not wanted:
            return
        with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            rows = cursor.execute(HEADS, (Uuids(uuids(wanted)), self.log_id), prepare=True)
            for subject, wrapped, sequence, leaf in rows:
                data_key = self._wrapper.unwrap(wrapped, owner(self.log_id, subject.bytes))
                self._streams[subject.bytes] = Stream(subject.bytes, data_key, sequence or 0, leaf or b"")

    def read_sealed(self, connection: Connection[Any], subjects: Iterable[bytes], hashes: KeyedHashes) -> None:
        """Look up all sealed streams of subjects whose are not remembered, and read their heads and keys."""
        for subject in subjects:
            if subject not in self._sealed:
                self._sealed[subject] = sealed_streams(connection, self.log_id, subject, hashes, self._wrapper)
            self.read_streams(connection, [each.stream for each in self._sealed[subject] if not each.opened])

    def sealed_of(self, subject: bytes) -> list[SealedStream]:
        """Return a subject's sealed streams by number; to be added to when she gets another one."""
        return self._sealed.setdefault(subject, [])

    def subject_of(self, digest: bytes) -> bytes | None:
        """Return whom a reference is remembered for."""
        subject = self._references.get(digest)
        if subject is not None:
            self._references.move_to_end(digest)
        return subject

    def unname(self, digest: bytes) -> None:
        """Let a reference lead to nobody, since this writer just took it away."""
        self._references.pop(digest, None)

    def stream(self, subject: bytes) -> Stream | None:
        """Return a remembered stream."""
        stream = self._streams.get(subject)
        if stream is not None:
            self._streams.move_to_end(subject)
        return stream

    def find(self, digest: bytes) -> Stream | None:
        """Return the remembered stream of whom a reference names."""
        subject = self._references.get(digest)
        if subject is None:
            return None
        self._references.move_to_end(digest)
        stream = self._streams.get(subject)
        if stream is not None:
            self._streams.move_to_end(subject)
        return stream

    def open(self, digest: bytes, stream: Stream) -> None:
        """Remember a stream, and a reference that this writer just gave it."""
        self._streams[stream.id] = stream
        self._references[digest] = stream.id


def sealed_streams(
    connection: Connection[Any], log_id: int, subject: bytes, hashes: KeyedHashes, wrapper: KeyWrapper
) -> list[SealedStream]:
    """Return a subject's sealed streams by number; several of one seal if its name was used again after its end.

    They are numbered without gaps, so that the first number which leads nowhere ends the search.
    """
    found: list[SealedStream] = []
    while True:
        numbers = {hashes.sealed(subject, number): number for number in range(len(found), len(found) + SEALS_AT_ONCE)}
        with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            rows = cursor.execute(SEALED, (Uuids(uuids(list(numbers))), log_id), prepare=True).fetchall()
        for digest, stream, envelope, opened in sorted(rows, key=lambda row: numbers[row[0].bytes]):
            name = wrapper.decrypt(envelope, reference_identity(digest.bytes))
            found.append(SealedStream(name.split(b"\0", 3)[3], stream.bytes, opened))
        if len(rows) < SEALS_AT_ONCE:
            return found


def sealed_owner(connection: Connection[Any], log_id: int, stream: UUID, wrapper: KeyWrapper) -> Subject | None:
    """Return whose sealed stream this is, or None."""
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows = cursor.execute(NAMES, (stream,)).fetchall()
    for digest, envelope in rows:
        kind, _, value = wrapper.decrypt(envelope, reference_identity(digest.bytes)).partition(b"\0")
        if kind == b"sealed":
            return Subject(b64decode(value.split(b"\0", 1)[0]).hex(), log_id)
    return None


def owner(log_id: int, subject: bytes) -> bytes:
    """Return what a wrapped data key is bound to."""
    return log_id.to_bytes(2) + subject
