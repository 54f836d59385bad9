"""A projection whose rows follow from all that counts about one person: her open requests, what is owed, findings.

Unlike a row that states one fact, such a row can come, change and go with any later fact about her. So a batch is not
inserted: everybody whom it touches is read again from the ledger, and her rows are replaced. What they are is a pure
function of her facts and of the registers, up to a position; so neither the size of batches nor redelivery can change
the rows, and a rebuild arrives at the same ones. An answer as of an earlier position is the same function, computed
when somebody asks: for one person, or for everybody whom something touched since (`earlier`).

Registers are read from every log, since a policy lives in the log that its own name chose. Who looked something up in
them is derived again, in whatever log she lives, when it changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg.rows import args_row, tuple_row
from psycopg.sql import SQL, Identifier

from projections.histories import histories
from projections.history import FORGETTING, IDENTITY, KEPT_BY_NOBODY, Row, fact
from projections.projection import DESTROYED, Batch, column, present
from projections.registers import REGISTERED, Registers, key_of
from projections.touched import named, needing, remembered, since_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from psycopg import Connection, Cursor

    from projections.history import Fact, History
    from projections.touched import Since

CHUNK = 500
"""People who are derived at a time."""
KEEPING: LiteralString = """
    CREATE TABLE {name}_register (
        log_id   smallint NOT NULL,
        position bigint   NOT NULL,
        key      text     NOT NULL,
        PRIMARY KEY (log_id, position)
    );
    CREATE TABLE {name}_key (
        log_id  smallint NOT NULL,
        subject uuid     NOT NULL,
        keys    text[]   NOT NULL,
        PRIMARY KEY (log_id, subject)
    );
    CREATE INDEX {name}_key_keys ON {name}_key USING gin (keys);
    CREATE TABLE {name}_reached (
        log_id   smallint PRIMARY KEY,
        position bigint   NOT NULL
    );
"""
"""What was declared, who looked it up, and how far each log's rows are."""
# The same two transactions never wait for each other: whoever takes several takes them in order.
LOCK = """
    SELECT pg_advisory_xact_lock(hashtext(current_schema() || %s), l.log_id::integer)
    FROM unnest(%s::smallint[]) AS l (log_id)
"""
LOGS = "SELECT log_id FROM ledger.log ORDER BY log_id"
FRESH = """
    SELECT e.stream AS subject, e.log_id, e.position, e.bytes
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb #>> '{about,0,role}' AS role OFFSET 0) AS x
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND x.role = ANY(%(roles)s)
"""
KEPT = SQL("""
    SELECT e.stream AS subject, e.log_id, e.position, e.bytes
    FROM {register} AS r JOIN ledger.entry AS e ON e.log_id = r.log_id AND e.position = r.position
""")
# By its primary key. What an ended order opened leads to nobody by itself, and is derived with all that is hers.
OWNERS = "SELECT subject FROM ledger.opened WHERE log_id = %(log_id)s AND stream = ANY(%(streams)s)"
LOOKED = SQL("SELECT subject FROM {keys} WHERE log_id = %(log_id)s AND keys && %(keys)s::text[]")
REACHED = SQL("SELECT log_id, position FROM {reached}")
REACH = SQL("""
    INSERT INTO {reached} VALUES (%(log_id)s, %(upto)s)
    ON CONFLICT (log_id) DO UPDATE SET position = greatest({reached}.position, excluded.position)
""")
NOTE = SQL("INSERT INTO {register} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING")
REMOVE = SQL("DELETE FROM {table} WHERE log_id = %(log_id)s AND subject = ANY(%(streams)s)")
COPY = SQL("COPY {table} FROM STDIN")
DIGEST: LiteralString = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {table} AS t GROUP BY log_id
"""


class Derived(NamedTuple):
    """One question's tables, and how everything about a person becomes their rows."""

    name: LiteralString
    version: int
    """Counts up with every change of tables, rules or packs; everything is then derived again."""
    questions: tuple[LiteralString, ...]
    """The tables of its answers. Each begins with log_id and subject."""
    definitions: LiteralString
    """Their DDL. Every unique constraint begins with log_id."""
    types: tuple[str, ...]
    """What is read of a person; any of it touches her."""
    derive: Callable[[History, Registers], Mapping[str, Iterable[tuple[Any, ...]]]]
    """Pure. Returns for each table its rows: log, a name of hers, then whatever the table has."""
    needs: tuple[str, ...] = ()
    """Who has none of these has no rows and looks nothing up, so that she is not read; empty for no such types."""
    marked: tuple[str, ...] = ()
    """An entry of one of these types is among what is needed, too, if its bytes have one of the marks."""
    marks: tuple[str, ...] = ()
    concerned: LiteralString = ""
    """Selects who has rows that some keys of registers are about, if rows tell that without a key beside them."""

    @property
    def tables(self) -> tuple[LiteralString, ...]:
        """All its tables."""
        return (*self.questions, f"{self.name}_register", f"{self.name}_key", f"{self.name}_reached")

    @property
    def definition(self) -> LiteralString:
        """DDL of all its tables."""
        return KEEPING.replace("{name}", self.name) + self.definitions

    @property
    def digest(self) -> LiteralString:
        """Selects (log_id, rows, sum of row hashes) over the answers: equal for equal contents, in whatever order."""
        return " UNION ALL ".join(DIGEST.replace("{table}", each) for each in self.questions)

    @property
    def rests(self) -> bool:
        """Whether fewer, larger batches cost less: whoever is in two of them is read twice."""
        return True

    def fold(self, cursor: Cursor[Any], batch: Batch) -> None:
        """Replace the rows of everybody whom a batch touches. The caller commits them with the batch's position."""
        connection = cursor.connection
        if present(connection, batch).isdisjoint({*self._touching, *REGISTERED, DESTROYED}):
            # Nobody is touched; but what others read of the log they may read up to here.
            connection.execute(LOCK, (f".{self.name}", [batch.log_id]))
            connection.execute(self._sql(REACH), {"log_id": batch.log_id, "upto": batch.upto})
            return
        span = batch._asdict() | {"types": [*REGISTERED], "roles": sorted(KEPT_BY_NOBODY)}
        fresh = [fact(row) for row in _entries(connection, FRESH, span)]
        logs = [batch.log_id] if not fresh else column(connection, LOGS, {})
        # Before anything is read: what another transaction derives of the same log is there, or comes after this.
        connection.execute(LOCK, (f".{self.name}", logs))
        with connection.cursor() as noting:
            noting.executemany(self._sql(NOTE), [(each.log_id, each.position, key_of(each)) for each in fresh])
        connection.execute(self._sql(REACH), {"log_id": batch.log_id, "upto": batch.upto})
        registers, reached = self.registers(connection), self.reached(connection)
        since = since_of(connection, [batch], registers)
        self._remove(connection, batch.log_id, since.gone)
        for log_id in logs:
            known = self.touched(connection, log_id, since)
            for start in range(0, len(known), CHUNK):
                some = known[start : start + CHUNK]
                self._replace_rows(connection, self.made(connection, log_id, reached.get(log_id, 0), some, registers))

    def forget(self, cursor: Cursor[Any], log_id: int) -> None:
        """Delete the rows of who was forgotten again in a database that was put back: a batch of no entries does."""
        self.fold(cursor, Batch(log_id, 0, 0))

    @property
    def _touching(self) -> list[str]:
        return sorted({*self.types, *IDENTITY, *FORGETTING})

    def touched(self, connection: Connection[Any], log_id: int, since: Since) -> list[UUID]:
        """Return who of a log is to be derived again after some entries, of whichever logs they are.

        Whoever is one person with them is derived with them, and not among them.
        """
        keys = {key_of(each) for each in since.changed} | {f"alias {each.hex}" for each in since.gone}
        streams = dict.fromkeys(named(connection, log_id, since, self._touching))
        if keys:
            looked = {"log_id": log_id, "keys": sorted(keys)}
            streams |= dict.fromkeys(column(connection, self._sql(LOOKED), looked))
            streams |= dict.fromkeys(column(connection, self.concerned, looked) if self.concerned else ())
        gone = {*since.gone}
        found = remembered(connection, log_id, [each for each in streams if each not in gone])
        if not self.needs:
            return found
        return needing(connection, log_id, found, [*self.needs, *IDENTITY, *FORGETTING], self.marked, self.marks)

    def made(
        self,
        connection: Connection[Any],
        log_id: int,
        upto: int,
        streams: Sequence[UUID],
        facts: Sequence[Fact],
        revoked: frozenset[str] | None = None,
    ) -> Made:
        """Return the rows of some people, and of whoever is one person with them, as of a position.

        Args:
            connection: A follower's, or a reader's.
            log_id: Whose log.
            upto: Nothing recorded in it after this position is seen.
            streams: Who.
            facts: Of the registers, those that are seen.
            revoked: Who is to be forgotten; None for whom the facts up to the position say so of.
        """
        registers = Registers(facts)
        elsewhere = [each for each in registers.corrections if each.log_id == log_id]
        made = Made(log_id, [], [], {})
        owners = column(connection, OWNERS, {"log_id": log_id, "streams": list(streams)})
        wanted = [each.hex for each in dict.fromkeys([*streams, *owners])]
        for person in histories(connection, log_id, wanted, upto, self.types, elsewhere, revoked):
            registers.keys = set()
            for table, rows in self.derive(person, registers).items():
                made.rows.setdefault(table, []).extend(rows)
            names = (*person.streams, *person.through)
            if len(names) > 1:  # If one of them is forgotten, the others stand alone again.
                registers.keys.update(f"alias {each}" for each in names)
            if registers.keys:
                looked = array(sorted(registers.keys))
                made.keys.extend((log_id, stream, looked) for stream in person.streams)
            made.streams.extend(UUID(hex=each) for each in person.streams)
        return made

    def _replace_rows(self, connection: Connection[Any], made: Made) -> None:
        """Put what some people's rows are in the place of what they were."""
        self._remove(connection, made.log_id, made.streams)
        self._insert(connection, f"{self.name}_key", made.keys)
        for table, rows in made.rows.items():
            self._insert(connection, table, rows)

    def _remove(self, connection: Connection[Any], log_id: int, streams: Sequence[UUID]) -> None:
        for table in (*self.questions, f"{self.name}_key"):
            connection.execute(
                REMOVE.format(table=Identifier(table)), {"log_id": log_id, "streams": list(streams)}, prepare=True
            )

    def _insert(self, connection: Connection[Any], table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        with connection.cursor() as cursor, cursor.copy(COPY.format(table=Identifier(table))) as copy:
            for row in rows:
                copy.write_row(row)

    def registers(self, connection: Connection[Any]) -> list[Fact]:
        """Return what was declared, as far as it is folded. The connection's search path says of which copy."""
        return [fact(row) for row in _entries(connection, self._sql(KEPT), {})]

    def reached(self, connection: Connection[Any]) -> dict[int, int]:
        """Return how far the rows of each log are; those of a log that nothing was folded of are not there."""
        with connection.cursor(row_factory=tuple_row) as cursor:
            return dict(cursor.execute(self._sql(REACHED)).fetchall())

    def _sql(self, statement: SQL) -> Any:
        names = {each: Identifier(f"{self.name}_{part}") for each, part in NAMES.items()}
        return statement.format(**names)


NAMES = {"register": "register", "keys": "key", "reached": "reached"}


def array(values: Iterable[str | int]) -> str:
    """Return texts or numbers as COPY takes them for a column of that many: several times as fast as the driver."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: str | int) -> str:
    return str(value) if isinstance(value, int) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Made(NamedTuple):
    """Rows of some people."""

    log_id: int
    streams: list[UUID]
    """All that are theirs."""
    keys: list[tuple[Any, ...]]
    """What they looked up in the registers: log, name, key."""
    rows: dict[str, list[tuple[Any, ...]]]
    """By table."""


def _entries(connection: Connection[Any], statement: Any, wanted: Mapping[str, Any]) -> list[Row]:
    with connection.cursor(binary=True, row_factory=args_row(Row)) as cursor:
        return cursor.execute(statement, wanted, prepare=True).fetchall()


def registered(connection: Connection[Any], name: LiteralString, log_id: int, upto: int, known_at: Any) -> Registers:
    """Return the registers as they were at a position of a log, and in the others when that was recorded.

    Args:
        connection: A reader's.
        name: Of the projection that keeps them.
        log_id: The log of the position.
        upto: The position.
        known_at: When it was recorded: logs have no common position.
    """
    statement = KEPT.format(register=Identifier("projections", f"{name}_register"))
    facts = [fact(row) for row in _entries(connection, statement, {})]
    return Registers(
        each for each in facts if (each.position <= upto if each.log_id == log_id else each.appended <= known_at)
    )
