"""Forgetting a person, in two steps: revoked, which can be taken back; then shredded, which can not.

    revoke    answers stop: she is nobody to every question. What is recorded about her goes on to her stream
    shred     her wrapped keys, her names and her places in cohorts are deleted; the entry `key.destroyed` says so

Each is one transaction that records a fact and changes rows beside it, under the lock of the log's head: both happen,
or neither does. A group that another writer prepared before does not commit after: the head has moved. So nothing lands
in the stream of somebody who was forgotten; the same reference, or her old id, opens a new subject.

What remains: entries that name a random id, and leaf hashes. Every proof over the log holds, and so do the proofs of
the other members of her cohorts. What opens nothing any more: envelopes, since their key is gone with its row.

What a deleted row leaves behind: its bytes stay in the table's file until VACUUM has used the page again, in the
write-ahead log, and in backups. A wrapped key there opens with the key-encryption key only; it stops to do so when that
key was rotated and the old one destroyed (`ledger.rewrap`). Until then `backups_until` of the receipt is the horizon.

Source: GDPR Art. 17; PIPEDA Schedule 1, 4.5.3; P-39.1 s. 23.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from psycopg.rows import args_row, scalar_row

from ledger.errors import Held
from ledger.group import Beside
from ledger.own_fact import own_fact
from ledger.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from ledger.fact import Fact
    from ledger.group import Receipt
    from ledger.ledger import Ledger
    from ledger.tombstones import Tombstone, Tombstones

TYPE = "key.destroyed"
HOLDING = (
    "hold.placed",
    "hold.released",
    "request.received",
    "request.answered",
    "seal.placed",
    "subject.merged",
    "subject.split",
    "event.corrected",
    "event.voided",
)
"""Types that may change whether somebody may be forgotten."""
SEALING = (
    "seal.placed",
    "seal.extended",
    "seal.lifted",
    "subject.merged",
    "subject.split",
    "event.corrected",
    "event.voided",
)
"""Types that may change whether an order has ended."""

MOST_OPENED = 99
"""As many as the entry can name beside her own."""

# Or gone: a fact about her would open somebody new. Her own entries by the index (log_id, stream, sequence).
ALREADY = """
    SELECT 1 WHERE EXISTS (SELECT FROM ledger.revoked WHERE log_id = %(home)s AND subject = %(subject)s)
    OR NOT EXISTS (SELECT FROM ledger.subject WHERE log_id = %(home)s AND subject = %(subject)s)
    OR %(request)s::text IS NOT NULL AND EXISTS (
        SELECT FROM ledger.entry AS e
        WHERE e.log_id = %(home)s AND e.stream = %(subject)s AND e.type = 'subject.revoked'
          AND convert_from(e.bytes, 'UTF8')::jsonb #>> '{data,request_ref}' = %(request)s
          AND convert_from(e.bytes, 'UTF8')::jsonb ->> 'source' LIKE '/whosaw/%%'
    )
"""
REVOKE = """
    INSERT INTO ledger.revoked (log_id, subject, until, receipt)
    VALUES (%(log_id)s, %(subject)s, %(until)s, %(receipt)s)
"""
NOT_REVOKED = """
    SELECT 1 WHERE NOT EXISTS (
        SELECT FROM ledger.revoked WHERE log_id = %(home)s AND subject = %(subject)s
    )
"""
RESTORE = "DELETE FROM ledger.revoked WHERE log_id = %(log_id)s AND subject = %(subject)s"
# Entries after what was looked at, by primary key. Few: the decision is as old as the look. And one sealed stream more
# than those that go with her: nothing tells whose it is but the name that the next one has, by primary key.
NOT_DUE = """
    SELECT 1 WHERE NOT EXISTS (
        SELECT FROM ledger.revoked AS r
        WHERE r.log_id = %(home)s AND r.subject = %(subject)s AND r.until <= now()
    ) OR EXISTS (
        SELECT FROM unnest(%(logs)s::smallint[], %(seen)s::bigint[]) AS s (log_id, seen)
        JOIN ledger.entry AS e ON e.log_id = s.log_id AND e.position > s.seen
        WHERE e.type = ANY (%(types)s) OR e.stream = %(subject)s
    ) OR EXISTS (
        SELECT FROM ledger.reference AS f WHERE f.log_id = %(home)s AND f.digest = %(another)s
    )
"""
SHRED = "SELECT ledger.shred(%(log_id)s::smallint, %(subject)s, %(sealed)s::uuid[])"
DUE = "SELECT subject, log_id, until, receipt FROM ledger.revoked WHERE until <= %b ORDER BY until, log_id, subject"
REVOKED = "SELECT subject, log_id, until, receipt FROM ledger.revoked WHERE log_id = %b AND subject = %b"
COUNTS = """
    SELECT (SELECT count(*) FROM ledger.entry WHERE log_id = %(log_id)s AND stream = %(subject)s),
           (SELECT count(*) FROM ledger.reference WHERE subject = %(subject)s),
           (SELECT count(*) FROM ledger.member
            WHERE log_id IN (SELECT log_id FROM ledger.log) AND subject = %(subject)s)
"""
OPEN = """
    INSERT INTO ledger.opened (log_id, stream, subject, position)
    VALUES (%(log_id)s, %(stream)s, %(subject)s, %(position)s)
"""
# Entries after what was looked at, by primary key.
OPENED = """
    SELECT 1 WHERE EXISTS (SELECT FROM ledger.opened WHERE log_id = %(home)s AND stream = %(stream)s) OR EXISTS (
        SELECT FROM unnest(%(logs)s::smallint[], %(seen)s::bigint[]) AS s (log_id, seen)
        JOIN ledger.entry AS e ON e.log_id = s.log_id AND e.position > s.seen
        WHERE e.type = ANY (%(types)s)
    )
"""
OPENED_OF = "SELECT stream FROM ledger.opened WHERE log_id = %b AND subject = %b ORDER BY position"
ALIVE = """
    SELECT t.stream
    FROM unnest(%(logs)s::smallint[], %(streams)s::uuid[], %(receipts)s::text[]) AS t (log_id, stream, receipt)
    JOIN ledger.subject AS s ON s.log_id = t.log_id AND s.subject = t.stream
    WHERE NOT (%(begun)s AND EXISTS (
        SELECT FROM ledger.revoked AS r
        WHERE r.log_id = t.log_id AND r.subject = t.stream AND r.receipt = t.receipt AND r.until <= now()
    ))
"""
# What an ended order opened is hers too; its rows go with hers.
OPENED_TOO = """
    INSERT INTO ledger.erased (log_id, stream)
    SELECT log_id, stream FROM ledger.opened WHERE log_id = %s AND subject = %s
    ON CONFLICT DO NOTHING
"""
KEEP_LINKS = "SELECT ledger.keep_links(%s::smallint, %s, %s::uuid[])"
DESTROY = "SELECT ledger.destroy(%s::smallint, %s, %s::uuid[], NULL)"


class Revoked(NamedTuple):
    """Somebody who is to be forgotten."""

    subject: Subject
    until: datetime
    """Not before."""
    receipt: str
    """Names the erasure."""


class Counted(NamedTuple):
    """What is to be made anonymous."""

    entries: int
    references: int
    memberships: int


class Forgetting:
    """Forgets people in one ledger. Threads may share it."""

    def __init__(self, ledger: Ledger, tombstones: Tombstones) -> None:
        self._ledger = ledger
        self.tombstones = tombstones

    def revoke(
        self, subject: Subject, fact: Fact, until: datetime, receipt: str, *, request: str | None = None
    ) -> Receipt:
        """Stop all answers about a person.

        Args:
            subject: Whom.
            fact: `subject.revoked`, about her by her id.
            until: When her keys may be destroyed.
            receipt: Names the erasure.
            request: If it is the consequence of a request, its name: it has that consequence once.

        Raises:
            Held: She is to be forgotten already, or is forgotten; or this request has led to it before.
        """
        wanted = {"until": until, "receipt": receipt, "request": request}
        return self._beside(subject, fact, Beside(ALREADY, REVOKE, wanted))

    def restore(self, subject: Subject, fact: Fact) -> Receipt:
        """Let answers speak of a person again.

        Args:
            subject: Whom.
            fact: `subject.restored`, about her by her id.

        Raises:
            Held: She was not revoked, is forgotten already, or is listed: then it was begun, or was done in a database
                of which this is an older copy. The clock ends it.
        """

        def not_listed() -> None:
            if any((each.log_id, each.stream) == (subject.log_id, subject.id) for each in self.tombstones.all()):
                raise Held("her forgetting has begun")

        return self._beside(subject, fact, Beside(NOT_REVOKED, RESTORE, {}, not_listed))

    def open_sealed(self, subject: Subject, stream: str, fact: Fact, seen: Mapping[int, int]) -> Receipt:
        """Let a sealed stream be a person's own from here on, since its order ended.

        Args:
            subject: Whose.
            stream: 32 hexadecimal digits.
            fact: `seal.ended`, about her by her id.
            seen: For each log the position up to which orders were looked at.

        Raises:
            Held: It is open already, or something was recorded since that may seal it. Look again, then retry.
        """
        wanted = {
            "stream": UUID(hex=stream),
            "logs": list(seen),
            "seen": list(seen.values()),
            "types": list(SEALING),
        }
        return self._beside(subject, fact, Beside(OPENED, OPEN, wanted))

    def shred(self, subject: Subject, data: Mapping[str, Any], receipt: str, seen: Mapping[int, int]) -> Receipt:
        """Destroy a revoked person's keys, names and places in cohorts. There is no way back.

        Args:
            subject: Whom.
            data: Of `key.destroyed`, without `streams` and `receipt_id`.
            receipt: Names the erasure.
            seen: For each log the position up to which holds were looked at, and what is counted in `data`.

        Raises:
            Held: She is not due, or something was recorded since that may hold her. Look again, then retry.
            WrongLedger: The tombstone can not be written. Nothing was done.
        """
        ledger = self._ledger
        origin = ledger.keys.signers[subject.log_id].origin
        # Streams that an ended order opened are told of as hers already. One that is still sealed must not be named.
        streams = [subject.id, *self._opened(subject)]
        fact = own_fact(ledger.hashes, TYPE, origin, {**data, "receipt_id": receipt, "streams": streams})
        sealed = ledger.sealed_streams(subject)
        wanted = {
            "logs": list(seen),
            "seen": list(seen.values()),
            "types": list(HOLDING),
            "sealed": [UUID(hex=each.stream) for each in sealed],
            "another": UUID(bytes=ledger.hashes.sealed(bytes.fromhex(subject.id), len(sealed))),
        }

        def list_her() -> None:
            # Crash after this: she is listed, revoked and due, and the clock begins again.
            self.tombstones.add(subject.log_id, subject.id, receipt)

        return self._beside(subject, fact, Beside(NOT_DUE, SHRED, wanted, list_her))

    def due(self, now: datetime | None = None) -> list[Revoked]:
        """Return everybody whose keys may be destroyed now, the longest waiting first."""
        with self._ledger.connection() as connection:
            return [_revoked(row) for row in connection.execute(DUE, (now or datetime.now(UTC),)).fetchall()]

    def find(self, subject: Subject) -> Revoked | None:
        """Return how a person's forgetting stands; None if she is not revoked."""
        with self._ledger.connection() as connection:
            row = connection.execute(REVOKED, (subject.log_id, UUID(hex=subject.id))).fetchone()
        return None if row is None else _revoked(row)

    def count(self, subject: Subject) -> Counted:
        """Count what leads to a person."""
        wanted = {"log_id": subject.log_id, "subject": UUID(hex=subject.id)}
        with self._ledger.connection() as connection, connection.cursor(row_factory=args_row(Counted)) as cursor:
            found = cursor.execute(COUNTS, wanted).fetchone()
        assert found is not None, "counts are one row"
        return found

    def _opened(self, subject: Subject) -> list[str]:
        with self._ledger.connection() as connection, connection.cursor(row_factory=scalar_row) as cursor:
            rows = cursor.execute(OPENED_OF, (subject.log_id, UUID(hex=subject.id))).fetchall()
        return [stream.hex for stream in rows[:MOST_OPENED]]

    def _beside(self, subject: Subject, fact: Fact, beside: Beside) -> Receipt:
        parameters = {**beside.parameters, "subject": UUID(hex=subject.id), "home": subject.log_id}
        return self._ledger.append_beside(subject.log_id, fact, beside._replace(parameters=parameters))


def _revoked(row: tuple[UUID, int, datetime, str]) -> Revoked:
    subject, log_id, until, receipt = row
    return Revoked(Subject(subject.hex, log_id), until, receipt)


def resurrected(
    connection: Connection[Any], tombstones: Sequence[Tombstone], *, begun: bool = False
) -> list[Tombstone]:
    """Return who was forgotten and is there all the same, since an older copy of the database was put back.

    Args:
        connection: A reader's.
        tombstones: The list.
        begun: Leave out whose erasure of that very receipt is due: a crash between the list and the commit leaves her
            so, and the clock ends it. Somebody in the days of grace of an older decision is there.
    """
    wanted = {
        "logs": [each.log_id for each in tombstones],
        "streams": [UUID(hex=each.stream) for each in tombstones],
        "receipts": [each.receipt for each in tombstones],
        "begun": begun,
    }
    with connection.cursor(row_factory=scalar_row) as cursor:
        alive = {stream.hex for stream in cursor.execute(ALIVE, wanted).fetchall()}
    return [each for each in tombstones if each.stream in alive]


def destroy_again(owner: Connection[Any], tombstone: Tombstone, sealed: Sequence[str]) -> None:
    """Forget somebody again in a database that was put back. The entry that says so is in the tail that it has lost.

    Args:
        owner: Of the schema, in autocommit mode: the API's role can do this with a new entry only.
        tombstone: Whom.
        sealed: Her sealed streams.
    """
    person, streams = UUID(hex=tombstone.stream), [UUID(hex=stream) for stream in sealed]
    with owner.transaction():
        owner.execute(OPENED_TOO, (tombstone.log_id, person))
        owner.execute(KEEP_LINKS, (tombstone.log_id, person, streams))
        owner.execute(DESTROY, (tombstone.log_id, person, streams))
