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
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
import psycopg
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.rows import tuple_row

from ledger.checkpoint import head_of
from ledger.edge import Edge, prove
from ledger.errors import Held
from ledger.fact import DIGEST_BYTES
from ledger.group import FORMATS, RECORD, Entries, Group, Receipt
from ledger.merkle import leaf_hash
from ledger.signed_head import Head

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from psycopg import Connection
    from psycopg.errors import Diagnostic
    from psycopg.pq.abc import PGresult

    from ledger.fact import Fact
    from ledger.group import Beside
    from ledger.signer import LogSigner

# Changes nothing, but is a write, so that its commit waits for whatever this server's commits wait for.
TOUCH = "UPDATE ledger.log SET appended_at = appended_at WHERE log_id = %b"
LOCK = "SELECT size FROM ledger.log WHERE log_id = %b FOR UPDATE"
# Entries by the unique index on the repeat key, each with the first checkpoint that covers it. One look-up each, by
# LIMIT: see `ledger.streams`.
REPEATS = """
    SELECT wanted.repeat_key, e.content, e.position, e.stream, e.sequence, e.bytes,
           (SELECT min(c.size) FROM ledger.checkpoint AS c WHERE c.log_id = e.log_id AND c.size >= e.position)
    FROM unnest(%b::uuid[]) AS wanted (repeat_key)
    CROSS JOIN LATERAL (
        SELECT * FROM ledger.entry AS each
        WHERE each.log_id = %b AND each.repeat_key = wanted.repeat_key
        LIMIT 1
    ) AS e
"""
NEWEST = "SELECT note FROM ledger.checkpoint WHERE log_id = %b ORDER BY size DESC LIMIT 1"
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
# Each by primary key.
UNLINK = "SELECT ledger.unlink(%b::smallint, %b, %b::smallint, %b)"
NAME = "INSERT INTO ledger.reference (digest, subject, log_id, home, envelope) VALUES (%b, %b, %b, %b, %b)"
OWN_NAME = f"{NAME} ON CONFLICT DO NOTHING"
TAKEN = """
    INSERT INTO ledger.taken_name (log_id, position, subject, holder, chosen, digest) VALUES (%b, %b, %b, %b, %b, %b)
"""
MAX_POSITION = "SELECT max(position) AS max FROM ledger.entry WHERE log_id = %s"

CHANNEL = "whosaw_entry"
"""As the group's statement has it."""
PREPARED = b"whosaw_record"
"""How the names of the group's prepared statement begin."""
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
        self._prepared: WeakKeyDictionary[Connection[Any], bytes] = WeakKeyDictionary()
        self._names = count()

    def commit(self, connection: Connection[Any], group: Group, beside: Beside | None = None) -> None:
        """Write a group and everything that proves it, in one transaction; durable on return.

        Args:
            connection: In autocommit mode, outside a transaction; or in one that `lock` began.
            group: Prepared for this log.
            beside: What else happens in the transaction, which `lock` must have begun.

        Raises:
            Beaten: The log's head is not where the group expects it. Nothing was written; prepare it anew.
            psycopg.errors.UniqueViolation: A fact or a reference was recorded before. Nothing was written.
            Unreplicated: It is on this server's disk, but a standby that it waits for did not confirm it.
            WrongLedger: It is committed, but its head can not be kept outside the database.
            psycopg.OperationalError: The outcome is not known if COMMIT had been sent. Look before writing again.
        """
        try:
            with _heeding(connection):
                alone = connection.info.transaction_status == TransactionStatus.IDLE
                # Crash before this reaches the server: nothing of the group exists. After: all of it does, unless the
                # transaction is one that `lock` began; then it does after the COMMIT.
                if not self._execute(connection, group.parameters):
                    raise Beaten
                if group.renames:
                    assert not alone, "what takes several statements is under the lock"
                    rename(connection, self.log_id, group)
                if beside is not None:
                    assert not alone, "what is beside a fact is in the same transaction"
                    place = {"log_id": self.log_id, "position": group.size}
                    connection.execute(beside.statement, {**beside.parameters, **place})
                    if beside.before is not None:
                        beside.before()
                if not alone:
                    connection.execute("COMMIT")
            if connection.info.transaction_status != TransactionStatus.IDLE:
                raise psycopg.OperationalError("the connection was lost during the commit")
            # Crash here: the kept head is a group behind, which the database extends. No receipt has left yet.
            self._signer.committed(Head(group.size, group.root))
        except BaseException:
            self.abandon(connection)
            raise

    def _execute(self, connection: Connection[Any], parameters: Sequence[bytes]) -> int:
        """Send a group's statement; return the number of its rows, which is 1 or 0.

        The driver's blocking call, because it lets go of the interpreter's lock once for all of it: megabytes are
        sent and the commit is waited for while the other thread prepares. The driver's own loop takes that lock again
        for each piece that the socket accepts, and waits for it while a group is being prepared.
        """
        server = connection.pgconn
        name = self._prepared.get(connection)
        if name is None:
            name = self._prepared[connection] = b"%b_%d" % (PREPARED, next(self._names))
            _checked(connection, server.prepare(name, RECORD))
        return _checked(connection, server.exec_prepared(name, parameters, FORMATS)).ntuples

    def confirm(self, connection: Connection[Any]) -> None:
        """End a transaction that `lock` began, once everything that it saw is durable wherever it must be.

        What others committed can be seen before a standby has it, if their wait was cancelled. A commit of our own
        comes after it in the server's log, and waits for both.

        Raises:
            Unreplicated: See `commit`.
            WrongLedger: The newest head can not be kept outside the database.
        """
        row = connection.execute(NEWEST, (self.log_id,)).fetchone()
        with _heeding(connection):
            connection.execute(TOUCH, (self.log_id,), prepare=True)
            connection.execute("COMMIT")
        if row is not None:
            # Whoever committed it may have died before keeping it; no receipt of ours leaves before that is done.
            head = Head(*head_of(row[0]))
            prove(connection, self.log_id, head, self._signer)
            self._signer.committed(head)

    def lock(self, connection: Connection[Any]) -> None:
        """Begin a transaction that holds the log's head: what a *later* statement reads stays true until its end.

        Never in the driver's pipeline: the server does not end a session that is idle after one (seen with version 18),
        and a writer that is stopped there would hold the head for ever.
        """
        connection.execute("BEGIN")
        connection.execute(LOCK, (self.log_id,), prepare=True)

    def guard(self, connection: Connection[Any], beside: Beside) -> None:
        """Look whether something may be done beside a fact, in the transaction that `lock` began.

        Raises:
            Held: It may not.
        """
        if beside.guard and connection.execute(beside.guard, beside.parameters).fetchone() is not None:
            raise Held("something was recorded since the decision")

    def abandon(self, connection: Connection[Any]) -> None:
        """End the transaction without effect."""
        if not connection.closed:
            # The driver's rollback may drop every prepared statement of the session, and with them ours: the next one
            # has a name of its own, whether or not it did.
            self._prepared.pop(connection, None)
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
        streams: list[bytes] = []
        for event in stored_events:
            assert isinstance(event.originator_id, UUID), "streams are UUIDs here"
            streams.append(event.originator_id.bytes)
        edge.extend(group, [leaf_hash(event.state) for event in stored_events], self._signer)
        group.pack(
            self.log_id,
            Entries(
                streams=streams,
                repeat_keys=[os.urandom(DIGEST_BYTES) for _ in stored_events],
                contents=[os.urandom(DIGEST_BYTES) for _ in stored_events],
                sequences=[event.originator_version for event in stored_events],
                types=[event.topic.encode() for event in stored_events],
                entries=[event.state for event in stored_events],
            ),
        )
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


def rename(connection: Connection[Any], log_id: int, group: Group) -> None:
    """Let names lead where a group says that was written before in this transaction; in this order.

    Crash anywhere: the entries and what they say of names exist together, or not at all.
    """
    for digest, (position, chosen) in group.dropped.items():
        connection.execute(UNLINK, (log_id, position, chosen, UUID(bytes=digest)), prepare=True)
    for digest, (subject, chosen, envelope) in group.late.items():
        row = (UUID(bytes=digest), UUID(bytes=subject), chosen, log_id, envelope)
        connection.execute(NAME, row, prepare=True)
    for digest, subject, chosen, envelope in group.own:
        row = (UUID(bytes=digest), UUID(bytes=subject), chosen, log_id, envelope)
        connection.execute(OWN_NAME, row, prepare=True)
    for position, subject, holder, chosen, digest in group.taken:
        row = (log_id, position, UUID(bytes=subject), UUID(bytes=holder), chosen, UUID(bytes=digest))
        connection.execute(TAKEN, row, prepare=True)


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


def _checked(connection: Connection[Any], result: PGresult) -> PGresult:
    """Return what the server answered; raise what the driver would, had it sent the statement itself."""
    if result.status in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
        return result
    if result.error_field(DiagnosticField.SQLSTATE) is None:
        raise psycopg.OperationalError("the connection was lost during the commit")
    raise error_from_result(result, encoding=connection.info.encoding)
