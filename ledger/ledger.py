"""The ledger: record facts, look subjects up, read entries and checkpoints."""

from __future__ import annotations

from base64 import b64decode
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from uuid import UUID

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool

from ledger import belonging
from ledger.edge import Edge
from ledger.entry import Entry, identity, member_identity
from ledger.envelope import KeyWrapper, decrypt
from ledger.errors import Unavailable, WrongLedger
from ledger.fact import Fact, KeyedHashes, Reference
from ledger.home import Homes
from ledger.prepare import Preparer
from ledger.proofs import Proofs
from ledger.recorder import ROLE, LedgerRecorder, datastore
from ledger.route import Directory
from ledger.spread import Spread
from ledger.streams import Streams, owner, sealed_owner, sealed_streams
from ledger.subject import Sealed
from ledger.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ledger.group import Beside, Receipt
    from ledger.keys import Keys
    from ledger.subject import Subject

ENTRY = "SELECT log_id, position, stream, sequence, type, bytes FROM ledger.entry WHERE log_id = %b AND position = %b"
# By the index (log_id, stream, sequence).
STREAM = """
    SELECT log_id, position, stream, sequence, type, bytes FROM ledger.entry
    WHERE log_id = %b AND stream = %b AND sequence > %b ORDER BY sequence LIMIT %b
"""
NEWEST_CHECKPOINT = "SELECT note FROM ledger.checkpoint WHERE log_id = %b ORDER BY size DESC LIMIT 1"
CHECKPOINT = "SELECT note FROM ledger.checkpoint WHERE log_id = %b AND size >= %b ORDER BY size LIMIT 1"
# By the primary key.
CHECKPOINTS = "SELECT size, note FROM ledger.checkpoint WHERE log_id = %b AND size > %b ORDER BY size LIMIT %b"
SIGNED_BELOW = "SELECT size FROM ledger.checkpoint WHERE log_id = %b AND size < %b ORDER BY size DESC LIMIT 1"
WRAPPED_KEY = "SELECT wrapped_key FROM ledger.subject WHERE log_id = %b AND subject = %b"
MEMBER = "SELECT envelope FROM ledger.member WHERE log_id = %b AND subject = %b AND position = %b"
# An acknowledged fact must be on disk: refuse to run where it might not be.
WEAK = """
    SELECT name, setting FROM pg_settings
    WHERE (name = 'fsync' AND setting = 'off') OR (name = 'full_page_writes' AND setting = 'off')
       OR (name = 'synchronous_commit' AND setting = 'off')
"""

SESSION = (
    " -c idle_in_transaction_session_timeout=5s -c lock_timeout=30s -c statement_timeout=0"
    " -c client_min_messages=warning"
)
"""A writer that dies holding a head's lock frees it; no commit is ever cancelled."""


class Log(NamedTuple):
    """One log of the ledger."""

    log_id: int
    origin: str
    size: int
    """Its last position."""
    verifier_key: str
    """What a stranger checks its checkpoints with."""


class Ledger:
    """One ledger, open for writing and reading. Threads may share it; one process needs one.

    Several processes may write the same ledger: the head's row lock orders them.
    """

    def __init__(self, dsn: str, keys: Keys, *, pool: int = 8, durable: bool = True) -> None:
        """Open the ledger of a migrated database.

        Args:
            dsn: A login that has or may take the role `whosaw_api`.
            keys: The ledger's key directory, for exactly its logs.
            pool: Connections for reading, at most.
            durable: Refuse a server which would acknowledge before it is on disk. Only tests set it to False.

        Raises:
            WrongLedger: Keys and database are not of one ledger, or the server is not durable. Do not retry.
            Unavailable: The database does not answer. Retry.
        """
        self.keys = keys
        self.hashes = KeyedHashes(keys.lookup)
        self._homes = Homes(keys.home, len(keys.signers))
        self._wrapper = KeyWrapper(keys.ring)
        self._dsn = in_role(dsn, ROLE, SESSION)
        try:
            with psycopg.connect(self._dsn, connect_timeout=10) as connection:
                self._check(connection, durable=durable)
        except psycopg.OperationalError as error:
            raise Unavailable(f"the database does not answer: {type(error).__name__}") from error
        self._pool: ConnectionPool[Any] = ConnectionPool(
            self._dsn,
            min_size=1,
            max_size=pool,
            kwargs={"autocommit": True},
            check=ConnectionPool.check_connection,
            open=True,
            timeout=10.0,
        )
        self._directory = Directory(self.connection, self._homes, self.hashes)
        self._store = datastore(dsn)
        self.recorders = tuple(
            LedgerRecorder(self._store, log_id, signer) for log_id, signer in enumerate(keys.signers)
        )
        """The library's view of each log."""
        self._writers = tuple(self._writer(recorder) for recorder in self.recorders)
        for writer in self._writers:
            writer.start()

    def _writer(self, recorder: LedgerRecorder) -> Writer:
        log_id = recorder.log_id
        preparer = Preparer(
            self.keys.signers[log_id],
            self._wrapper,
            self.hashes,
            self._homes,
            Edge(log_id),
            Streams(log_id, self._wrapper),
        )
        return Writer(recorder, preparer, partial(psycopg.connect, self._dsn, autocommit=True, connect_timeout=5))

    def _check(self, connection: psycopg.Connection[Any], *, durable: bool) -> None:
        weak = connection.execute(WEAK).fetchall()
        if weak and durable:
            raise WrongLedger(
                f"expected a durable server, found {', '.join(f'{name} = {value}' for name, value in weak)}"
            )
        if not connection.execute(belonging.LOGS).fetchall():
            raise WrongLedger(f"expected {len(self.keys.signers)} logs of {self.keys.signers[0].origin}, found 0")
        belonging.check(connection, self.keys)
        # Before anything is signed: a database that was put back to an older state is refused here.
        for log_id, signer in enumerate(self.keys.signers):
            Edge(log_id).read(connection, signer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits, then let go of the database."""
        for writer in self._writers:
            writer.close()
        self._store.close()
        self._pool.close()

    @property
    def alive(self) -> bool:
        """Whether every log's writer still takes facts."""
        return all(writer.alive for writer in self._writers)

    # Recording.

    def append(self, facts: Sequence[Fact]) -> list[Receipt]:
        """Record facts and wait for it; see `submit`."""
        return self.submit(facts).result()

    def submit(self, facts: Sequence[Fact]) -> Future[list[Receipt]]:
        """Record facts in order; the future brings a receipt each, once all are durable.

        Facts of one log are recorded together or not at all. With several logs, a failure can leave one log's part
        recorded: a retry of the same facts completes it, and is always safe.

        Raises:
            Overloaded: Too much waits. Retry later.
            Unavailable: The writer has stopped. Retry later.

        Raises through the future:
            Conflict: A (source, id) was recorded with other content; nothing of that log's part is recorded.
            Unavailable: The outcome is not known. Retry with the same facts.
        """
        if not facts:
            empty: Future[list[Receipt]] = Future()
            empty.set_result([])
            return empty
        facts = self._unsealed(facts)
        if len(self._writers) == 1 and all(fact.target is None for fact in facts):
            return self._writers[0].submit(facts)
        return Spread(self._directory, self._writers, facts).future

    def submit_to(self, log_id: int, facts: Sequence[Fact]) -> Future[list[Receipt]]:
        """Record facts in one log, whichever one their names would choose; otherwise as `submit`, at least one.

        For what the ledger says about a log in that log. Their names must be known to no other log.
        """
        return self._writers[log_id].submit(facts)

    def sealed_owner(self, log_id: int, stream: str) -> Subject | None:
        """Return whose sealed stream this is; None if it is none, or she was forgotten. See `sealed_streams`."""
        with self.connection() as connection:
            return sealed_owner(connection, log_id, UUID(hex=stream), self._wrapper)

    def append_beside(self, log_id: int, fact: Fact, beside: Beside) -> Receipt:
        """Record a fact and change something else in the same transaction, under the head's lock; wait for it.

        Raises:
            Held: What `beside` guards against was there. Nothing was done.
            Unavailable: The outcome is not known. Look, then retry.
        """
        # The fact is the ledger's own and names a subject by her id, also one who is known by sealed facts alone.
        return self._writers[log_id].submit([fact], beside).result()[0]

    def _unsealed(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Return facts of which none names a subject by the id of a sealed stream, or of nobody: such an id is a name.

        An emitter knows that id from its receipt. Were it taken for a person, open facts would join the sealed ones.
        """
        named = {each.named for fact in facts for each in fact.about if each.named is not None}
        if not named:
            return facts
        known = self._directory.by_id(named, revoked=True)
        return [
            fact
            if all(each.named is None or each.named in known for each in fact.about)
            else fact._replace(
                about=tuple(each if each.named in known else each._replace(named=None) for each in fact.about)
            )
            for fact in facts
        ]

    # Subjects.

    def lookup(self, reference: Reference) -> Subject | None:
        """Return whom a reference names, or None.

        Somebody of whom only sealed facts are known is nobody here: to be found with an empty past would tell of them.
        """
        digest = self.hashes.reference(*reference)
        found = self._directory.by_digest([digest]).get(digest)
        return None if found is None else self.find(found.id)

    def find(self, subject_id: str) -> Subject | None:
        """Return the subject of an id of 32 hexadecimal digits, or None.

        A sealed stream is nobody's, and somebody who is to be forgotten is nobody.
        """
        return self._find(subject_id, revoked=False)

    def find_revoked(self, subject_id: str) -> Subject | None:
        """Return the subject of an id also if she is to be forgotten: for who takes that back, or carries it out."""
        return self._find(subject_id, revoked=True)

    def _find(self, subject_id: str, *, revoked: bool) -> Subject | None:
        try:
            wanted = UUID(hex=subject_id).bytes
        except ValueError:
            return None
        return self._directory.by_id([wanted], revoked=revoked).get(wanted)

    def sealed_streams(self, subject: Subject) -> list[Sealed]:
        """Return a person's sealed streams, also those that an ended order opened.

        Only for what is decided or told under an order: nothing of it may reach an answer without clearance.
        """
        identity = bytes.fromhex(subject.id)
        with self.connection() as connection:
            found = sealed_streams(connection, subject.log_id, identity, self.hashes, self._wrapper)
        return [Sealed(each.seal.decode(), each.stream.hex(), each.opened) for each in found]

    # Reading.

    @contextmanager
    def connection(self) -> Generator[psycopg.Connection[Any]]:
        """Lend a connection of the reading pool, in autocommit mode and the role of the API.

        Raises:
            Unavailable: None was free in time, or the database went away. Retry.
        """
        try:
            with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Unavailable(f"the database does not answer: {type(error).__name__}") from error

    def logs(self) -> list[Log]:
        """Return the ledger's logs, by id."""
        with self.connection() as connection:
            rows: list[tuple[int, str, int]] = connection.execute(belonging.LOGS).fetchall()
        return [Log(log_id, origin, size, self.keys.signers[log_id].verifier_key) for log_id, origin, size in rows]

    def rolled_back(self) -> list[int]:
        """Return the logs that are shorter than what was signed: an older copy of the database was put back."""
        # In this order: what is kept was committed before it was kept.
        newest = [signer.newest() for signer in self.keys.signers]
        return [log.log_id for log, head in zip(self.logs(), newest, strict=True) if head and log.size < head.size]

    def head(self, log_id: int) -> int:
        """Return a log's last position; 0 while it is empty."""
        return self.logs()[log_id].size

    def entry(self, log_id: int, position: int) -> Entry | None:
        """Return the entry at a position, or None beyond the head."""
        with self.connection() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            row = cursor.execute(ENTRY, (log_id, position)).fetchone()
        return Entry(*row) if row is not None else None

    def entries(self, subject: Subject, after_sequence: int = 0, limit: int = 500) -> list[Entry]:
        """Return entries of a subject's own stream, by sequence. Cohorts that she is in are not among them."""
        with self.connection() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            rows = cursor.execute(STREAM, (subject.log_id, UUID(hex=subject.id), after_sequence, limit)).fetchall()
        return [Entry(*row) for row in rows]

    def open_envelope(self, entry: Entry, subject: Subject) -> dict[str, Any] | None:
        """Return what an entry keeps private about a subject, or None if there is nothing or her key is gone.

        Raises:
            Unopenable: The envelope is not hers, or was moved or changed.
        """
        stream, wanted = entry.stream.bytes, UUID(hex=subject.id)
        members = entry.json()
        with self.connection() as connection:
            key = connection.execute(WRAPPED_KEY, (subject.log_id, wanted), binary=True).fetchone()
            if "cohort" in members:
                row = connection.execute(MEMBER, (subject.log_id, wanted, entry.position), binary=True).fetchone()
                envelope, bound = (row[0] if row else None), member_identity(stream, wanted.bytes)
            else:
                encoded = members.get("envelope")
                envelope = _decode(encoded) if encoded else None
                bound = identity(stream, entry.sequence)
        if key is None or envelope is None:
            return None
        data_key = self._wrapper.unwrap(key[0], owner(subject.log_id, wanted.bytes))
        content: dict[str, Any] = orjson.loads(decrypt(data_key, envelope, bound))
        return content

    @property
    def proofs(self) -> Proofs:
        """Proofs of what is recorded, from the reading pool's connections."""
        return Proofs(self.connection)

    def checkpoint(self, log_id: int, size: int | None = None) -> bytes | None:
        """Return the newest signed checkpoint, or the first that covers `size`; None if there is none."""
        with self.connection() as connection:
            if size is None:
                row = connection.execute(NEWEST_CHECKPOINT, (log_id,)).fetchone()
            else:
                row = connection.execute(CHECKPOINT, (log_id, size)).fetchone()
        return bytes(row[0]) if row else None

    def checkpoints(self, log_id: int, after: int = 0, limit: int = 100) -> list[tuple[int, bytes]]:
        """Return signed checkpoints as (size, note), by size, those of larger sizes than `after`."""
        with self.connection() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            return cursor.execute(CHECKPOINTS, (log_id, after, limit)).fetchall()

    def signed_below(self, log_id: int, size: int) -> int | None:
        """Return the largest size below another one that was signed, or None."""
        with self.connection() as connection:
            row = connection.execute(SIGNED_BELOW, (log_id, size)).fetchone()
        return row[0] if row else None


def in_role(dsn: str, role: str, session: str = "") -> str:
    """Return the DSN with which a process takes a role as it connects, and the session's settings."""
    options = conninfo_to_dict(dsn).get("options") or ""
    return make_conninfo(dsn, options=f"{options} -c role={role}{session}".strip())


def _decode(text: str) -> bytes:
    return b64decode(text, validate=True)
