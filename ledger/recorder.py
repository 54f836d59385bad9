"""The event store's frame: the library's PostgreSQL recorder, on our tables, with our insert. One log = one recorder.

What stays the library's: the contract that positions are handed out in commit order, notifications, selects,
subscriptions. What is ours: the DDL (ledger/schema), the lock (one log's head row, not the table), positions without
gaps, and one transaction that holds the entries, the tree and the signed checkpoint.

Never turn on POSTGRES_ENABLE_DB_FUNCTIONS, and never use the DCB append: both let a tailing reader miss events.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, LiteralString, cast
from uuid import UUID

import orjson
import psycopg
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from ledger.checkpoint import head_of
from ledger.edge import Edge
from ledger.fact import DIGEST_BYTES
from ledger.group import COPY_HEADER, COPY_TRAILER, Group, Receipt
from ledger.merkle import leaf_hash
from ledger.signed_head import Head

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from psycopg import Connection, Cursor
    from psycopg.errors import Diagnostic

    from ledger.fact import Fact
    from ledger.signer import LogSigner

# Compare-and-swap on the head: the row lock is the sequencer. A writer that waited for it sees the newest size, since
# UPDATE looks at the row again after the wait; no row means that somebody else's group came first.
SWAP = """
    UPDATE ledger.log SET size = %b, appended_at = %b WHERE log_id = %b AND size = %b RETURNING size
"""
COPY_ENTRIES = """
    COPY ledger.entry (position, stream, repeat_key, content, sequence, log_id, type, bytes) FROM STDIN (FORMAT binary)
"""
COPY_SUBJECTS = "COPY ledger.subject (log_id, subject, wrapped_key) FROM STDIN (FORMAT binary)"
COPY_REFERENCES = "COPY ledger.reference (digest, subject, log_id, home, envelope) FROM STDIN (FORMAT binary)"
COPY_MEMBERS = """
    COPY ledger.member (position, subject, ordinal, log_id, role, salt, envelope) FROM STDIN (FORMAT binary)
"""
# Changes nothing, but is a write, so that its commit waits for whatever this server's commits wait for.
TOUCH = "UPDATE ledger.log SET appended_at = appended_at WHERE log_id = %b"
LOCK = "SELECT size FROM ledger.log WHERE log_id = %b FOR UPDATE"
# Entries by the unique index on the repeat key, each with the first checkpoint that covers it.
REPEATS = """
    SELECT e.repeat_key, e.content, e.position, e.stream, e.sequence, e.bytes,
           (SELECT min(c.size) FROM ledger.checkpoint AS c WHERE c.log_id = e.log_id AND c.size >= e.position)
    FROM unnest(%b::uuid[]) AS wanted (repeat_key)
    JOIN ledger.entry AS e ON e.log_id = %b AND e.repeat_key = wanted.repeat_key
"""
NEWEST = "SELECT note FROM ledger.checkpoint WHERE log_id = %b ORDER BY size DESC LIMIT 1"
INSERT_TILE = "INSERT INTO ledger.tile (log_id, level, index, root, hashes) VALUES (%b, %b, %b, %b, %b)"
INSERT_CHECKPOINT = "INSERT INTO ledger.checkpoint (log_id, size, note) VALUES (%b, %b, %b)"

SELECT_EVENTS = """
    SELECT stream, sequence, type, bytes FROM ledger.entry
    WHERE log_id = %(log)s AND stream = %(stream)s
      AND (%(gt)s::integer IS NULL OR sequence > %(gt)s) AND (%(lte)s::integer IS NULL OR sequence <= %(lte)s)
    ORDER BY sequence LIMIT %(limit)s
"""
SELECT_EVENTS_DESCENDING = """
    SELECT stream, sequence, type, bytes FROM ledger.entry
    WHERE log_id = %(log)s AND stream = %(stream)s
      AND (%(gt)s::integer IS NULL OR sequence > %(gt)s) AND (%(lte)s::integer IS NULL OR sequence <= %(lte)s)
    ORDER BY sequence DESC LIMIT %(limit)s
"""
SELECT_NOTIFICATIONS = """
    SELECT position, stream, sequence, type, bytes FROM ledger.entry
    WHERE log_id = %(log)s AND position >= %(start)s AND (%(stop)s::bigint IS NULL OR position <= %(stop)s)
      AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s))
    ORDER BY position LIMIT %(limit)s
"""
MAX_POSITION = "SELECT max(position) AS max FROM ledger.entry WHERE log_id = %s"

CHANNEL = "whosaw_entry"
NOTIFY = "NOTIFY whosaw_entry"
ROLE = "whosaw_api"


class Beaten(Exception):
    """Another writer's group came first: the log's size is not the expected one. Nothing was written."""


def datastore(dsn: str, role: str = ROLE, *, pool: int = 5) -> PostgresDatastore:
    """Return the library's connection pool for a DSN, each connection in the role given."""
    parts = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    store = PostgresDatastore(
        dbname=parts.pop("dbname", ""),
        host=parts.pop("host", ""),
        port=parts.pop("port", "5432"),
        user=parts.pop("user", ""),
        password=parts.pop("password", ""),
        pool_size=1,
        max_overflow=pool - 1,
    )
    parts["options"] = f"{parts.get('options', '')} -c role={role}".strip()
    # The library gives its pool a plain dict; psycopg_pool would also take a callable.
    cast("dict[str, Any]", store.pool.kwargs).update(parts)
    return store


class Unreplicated(psycopg.OperationalError):
    """The wait for a synchronous standby was cancelled: committed here, and perhaps nowhere else."""


class LedgerRecorder(PostgresApplicationRecorder):
    """Records the entries of one log. Threads may share it; each commit takes a connection of its own."""

    def __init__(self, store: PostgresDatastore, log_id: int, signer: LogSigner) -> None:
        """Name the log. The tables exist already: `ledger.migrate` makes them, never the library."""
        super().__init__(store, events_table_name="entry")
        self.log_id = log_id
        self.channel_name = CHANNEL
        self.sql_create_statements = []
        self._signer = signer
        self._edge = Edge(log_id)
        self._one_at_a_time = Lock()

    def commit(self, connection: Connection[Any], group: Group) -> None:
        """Write a group and everything that proves it, in one transaction; durable on return.

        Args:
            connection: In autocommit mode, outside a transaction; or in one that `lock` began.
            group: Prepared for this log.

        Raises:
            Beaten: The log's head is not where the group expects it. Nothing was written; prepare it anew.
            psycopg.errors.UniqueViolation: A fact or a reference was recorded before. Nothing was written.
            Unreplicated: It is on this server's disk, but a standby that it waits for did not confirm it.
            WrongLedger: It is committed, but its head can not be kept outside the database.
            psycopg.OperationalError: The outcome is not known if COMMIT had been sent. Look before writing again.
        """
        cursor = connection.cursor(row_factory=tuple_row)
        try:
            with connection.pipeline():
                if connection.info.transaction_status == TransactionStatus.IDLE:
                    cursor.execute("BEGIN")
                parameters = (group.size, group.appended, self.log_id, group.expected_size)
                swapped = cursor.execute(SWAP, parameters, prepare=True).fetchone()
            if swapped is None:
                raise Beaten
            _copy(cursor, COPY_ENTRIES, group.entries)
            _copy(cursor, COPY_SUBJECTS, group.subjects)
            _copy(cursor, COPY_REFERENCES, group.references)
            _copy(cursor, COPY_MEMBERS, group.members)
            with _heeding(connection), connection.pipeline():
                for tile in group.tiles:
                    row = (self.log_id, tile.level, tile.index, tile.root, tile.hashes)
                    cursor.execute(INSERT_TILE, row, prepare=True)
                cursor.execute(INSERT_CHECKPOINT, (self.log_id, group.size, group.note), prepare=True)
                cursor.execute(NOTIFY)
                # Crash before this reaches the server: nothing of the group exists. After: all of it does.
                cursor.execute("COMMIT")
            # Crash here: the kept head is a group behind, which the database extends. No receipt has left yet.
            self._signer.committed(Head(group.size, group.root))
        except BaseException:
            self.abandon(connection)
            raise

    def confirm(self, connection: Connection[Any]) -> None:
        """End a transaction that `lock` began, once everything that it saw is durable wherever it must be.

        What others committed can be seen before a standby has it, if their wait was cancelled. A commit of our own
        comes after it in the server's log, and waits for both.

        Raises:
            Unreplicated: See `commit`.
            WrongLedger: The newest head can not be kept outside the database.
        """
        row = connection.execute(NEWEST, (self.log_id,)).fetchone()
        with _heeding(connection), connection.pipeline():
            connection.execute(TOUCH, (self.log_id,), prepare=True)
            connection.execute("COMMIT")
        if row is not None:
            # Whoever committed it may have died before keeping it; no receipt of ours leaves before that is done.
            self._signer.committed(Head(*head_of(row[0])))

    def lock(self, connection: Connection[Any]) -> None:
        """Begin a transaction that holds the log's head: what a *later* statement reads stays true until its end."""
        with connection.pipeline():
            connection.execute("BEGIN")
            connection.execute(LOCK, (self.log_id,), prepare=True)

    def abandon(self, connection: Connection[Any]) -> None:
        """End the transaction without effect."""
        if not connection.closed:
            connection.rollback()

    def repeats(self, connection: Connection[Any], facts: Sequence[Fact]) -> dict[bytes, tuple[bytes, Receipt]]:
        """Find what was recorded before: repeat key → content, first receipt."""
        wanted = {fact.repeat_key.hex(): fact for fact in facts}
        found: dict[bytes, tuple[bytes, Receipt]] = {}
        with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            for key, content, position, stream, sequence, entry, size in cursor.execute(
                REPEATS, (list(wanted), self.log_id), prepare=True
            ):
                fact = wanted[key.hex]
                appended = datetime.fromisoformat(orjson.loads(entry)["appended"])
                found[key.bytes] = (
                    content.bytes,
                    Receipt(
                        fact.source,
                        fact.id,
                        self._signer.origin,
                        self.log_id,
                        position,
                        stream.hex,
                        sequence,
                        leaf_hash(entry),
                        appended,
                        size,
                        repeated=True,
                    ),
                )
        return found

    # The library's interface, on our tables.

    def create_table(self) -> None:
        """Do nothing: the schema is the migrations' alone."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Record events as they stand, for code that speaks the library's interface; return their positions.

        Raises:
            IntegrityError: A (stream, sequence) exists already. Nothing was written.
        """
        if not stored_events:
            return []
        with self._one_at_a_time, self.datastore.get_connection() as connection:
            while True:
                try:
                    if not self._edge.known:
                        self._edge.read(connection, self._signer)
                    group = self._group_of(stored_events)
                    self.commit(connection, group)
                except Beaten:
                    self._edge.known = False
                except BaseException:
                    self._edge.known = False
                    raise
                else:
                    return list(range(group.expected_size + 1, group.size + 1))

    def _group_of(self, stored_events: Sequence[StoredEvent]) -> Group:
        edge = self._edge
        group = Group(edge.tree.size, max(datetime.now(UTC), edge.appended))
        leaves: list[bytes] = []
        for position, event in enumerate(stored_events, group.expected_size + 1):
            stream = event.originator_id
            assert isinstance(stream, UUID), "streams are UUIDs here"
            leaves.append(leaf_hash(event.state))
            group.add_entry(
                self.log_id,
                position,
                stream.bytes,
                event.originator_version,
                os.urandom(DIGEST_BYTES),
                os.urandom(DIGEST_BYTES),
                event.topic.encode(),
                event.state,
            )
        edge.extend(group, leaves, self._signer)
        return group

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return a stream's entries by sequence."""
        wanted = {"log": self.log_id, "stream": originator_id, "gt": gt, "lte": lte, "limit": limit}
        with self.datastore.get_connection() as connection:
            rows = connection.execute(SELECT_EVENTS_DESCENDING if desc else SELECT_EVENTS, wanted, prepare=True)
            return [StoredEvent(row["stream"], row["sequence"], row["type"], row["bytes"]) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return the log's entries by position. A hole can not be seen: the head's lock orders all commits."""
        first = 0 if start is None else start if inclusive_of_start else start + 1
        wanted = {"log": self.log_id, "start": first, "stop": stop, "types": list(topics) or None, "limit": limit}
        with self.datastore.get_connection() as connection:
            rows = connection.execute(SELECT_NOTIFICATIONS, wanted, prepare=True)
            return [
                Notification(row["stream"], row["sequence"], row["type"], row["bytes"], row["position"]) for row in rows
            ]

    def max_notification_id(self) -> int | None:
        """Return the log's last position, or None while it is empty."""
        with self.datastore.get_connection() as connection:
            row = connection.execute(MAX_POSITION, (self.log_id,)).fetchone()
            assert row is not None
            return row["max"]


@contextmanager
def _heeding(connection: Connection[Any]) -> Generator[None]:
    """Commit within this: a server answers a cancelled wait for a standby with success and a warning.

    Raises:
        Unreplicated: It did.
    """
    warnings: list[str | None] = []

    def hear(diagnostic: Diagnostic) -> None:
        warnings.append(diagnostic.message_primary)

    connection.add_notice_handler(hear)
    try:
        yield
    finally:
        connection.remove_notice_handler(hear)
    if warnings:
        raise Unreplicated(f"committed with a warning: {warnings[0]}")


def _copy(cursor: Cursor[Any], statement: LiteralString, rows: Sequence[bytes]) -> None:
    """Send rows in COPY's binary format, as one buffer; nothing to send is nothing said."""
    if rows:
        with cursor.copy(statement) as copy:
            copy.write(b"".join((COPY_HEADER, *rows, COPY_TRAILER)))
