"""What a projection is: tables, and statements that fold a batch of entries into them.

Three rules make every answer exact at any earlier position, and every projection equal to its own rebuild:

1. A row states one fact and keeps the position it came from. Rows are inserted, never updated: what is true "as of" a
   position follows from the rows up to it. They are deleted only with the person that they are about.
2. A fold reads nothing but the entries of its batch, so neither the size of batches nor redelivery can change a row.
3. An entry about a cohort is one row, in the cohort's own stream. Who is in it is joined from `ledger.member` when
   someone asks: a campaign to 100,000 people costs one row, and a forgotten member leaves every answer at once.

Folds run inside PostgreSQL (`INSERT … SELECT`): entries never cross to Python, and on a cluster never leave their node.
Tables have no schema in their names here: the connection's `search_path` says whether it is the live copy or a rebuild.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, LiteralString, NamedTuple, Protocol, TypeVar

from psycopg.rows import args_row, scalar_row, tuple_row

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from psycopg import Connection, Cursor

Row = TypeVar("Row")


class Batch(NamedTuple):
    """Consecutive entries of one log."""

    log_id: int
    after: int
    """The last position before the batch."""
    upto: int
    """The last position in it."""


# By primary key. Whoever was forgotten again in an older copy of the database has no entry that says so.
PRESENT = """
    SELECT array(SELECT DISTINCT e.type FROM ledger.entry AS e
                 WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s),
           EXISTS (SELECT FROM ledger.erased AS g WHERE g.log_id = %(log_id)s AND g.position IS NULL)
"""
DESTROYED = "key.destroyed"


def present(connection: Connection[Any], batch: Batch) -> frozenset[str]:
    """Return the types of fact that a batch has; who is to be forgotten again counts as one that says it."""
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        row = cursor.execute(PRESENT, batch._asdict(), prepare=True).fetchone()
    types, again = row or ((), False)
    return frozenset({*types, DESTROYED}) if again else frozenset(types)


class Projected(Protocol):
    """What a follower keeps current: tables that batches are folded into."""

    @property
    def name(self) -> LiteralString:
        """Of the question."""
        ...

    @property
    def version(self) -> int:
        """Counts up with every change of what its rows are."""
        ...

    @property
    def tables(self) -> tuple[LiteralString, ...]:
        """All of them."""
        ...

    @property
    def definition(self) -> LiteralString:
        """Their DDL."""
        ...

    @property
    def digest(self) -> LiteralString:
        """Selects (log_id, rows, sum of row hashes): equal for equal contents, in whatever order."""
        ...

    @property
    def rests(self) -> bool:
        """Whether fewer, larger batches cost less."""
        ...

    def fold(self, cursor: Cursor[Any], batch: Batch) -> None:
        """Take in a batch. The caller commits it with the batch's last position, or neither."""
        ...

    def forget(self, cursor: Cursor[Any], log_id: int) -> None:
        """Delete the rows of who was forgotten again in a database that was put back; see `forgotten`."""
        ...


class Fold(NamedTuple):
    """One statement of a projection."""

    types: tuple[str, ...]
    """The types of fact that it folds; empty for all. For a batch that has none of them it is not run."""
    statement: LiteralString
    """Takes `log_id`, `after`, `upto` and `types`; inserts rows of that log only."""


class Projection(NamedTuple):
    """One question's tables, and how entries become their rows."""

    name: LiteralString
    version: int
    """Counts up with every change of tables or folds; the tables are then built again from the first entry."""
    tables: tuple[LiteralString, ...]
    definition: LiteralString
    """DDL of the tables and their indexes. Every unique constraint begins with log_id."""
    folds: tuple[Fold, ...]
    digest: LiteralString
    """Selects (log_id, rows, sum of row hashes) over the tables: equal for equal contents, in whatever order."""

    @property
    def rests(self) -> bool:
        """Whether fewer, larger batches cost less: hardly."""
        return False

    def fold(self, cursor: Cursor[Any], batch: Batch) -> None:
        """Insert the rows of a batch. The caller commits them with the batch's last position, or neither."""
        there = present(cursor.connection, batch)
        for types, statement in self.folds:
            if not types or not there.isdisjoint(types):
                cursor.execute(statement, batch._asdict() | {"types": list(types)}, prepare=True)

    def forget(self, cursor: Cursor[Any], log_id: int) -> None:
        """Delete the rows of who was forgotten again in a database that was put back; see `forgotten`."""
        folds = tuple(fold for fold in self.folds if fold in map(forgotten, self.tables))
        self._replace(folds=folds).fold(cursor, Batch(log_id, 0, 0))


def forgotten(table: LiteralString) -> Fold:
    """Return the fold that deletes a table's rows of everybody who was forgotten; the last one of a projection.

    It goes by the ledger's own entry, so that a rebuild deletes what it has just folded again: nobody comes back by it.
    Who was forgotten again in an older copy of the database has no entry there; that her row in `ledger.erased` has no
    position says so, and each batch deletes what is hers.
    """
    return Fold((DESTROYED,), FORGOTTEN.replace("{table}", table))


FORGOTTEN: LiteralString = """
    DELETE FROM {table} AS r
    USING (
        SELECT e.log_id, s.stream::uuid, e.position
        FROM ledger.entry AS e
        CROSS JOIN LATERAL jsonb_array_elements_text(
            convert_from(e.bytes, 'UTF8')::jsonb #> '{data,streams}'
        ) AS s (stream)
        WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
          AND convert_from(e.bytes, 'UTF8')::jsonb ->> 'source' LIKE '/whosaw/%%'
        UNION ALL
        SELECT g.log_id, g.stream, 9223372036854775807
        FROM ledger.erased AS g WHERE g.log_id = %(log_id)s AND g.position IS NULL
    ) AS gone (log_id, stream, position)
    WHERE r.log_id = gone.log_id AND r.subject = gone.stream AND r.position < gone.position
"""


def instant(text: LiteralString) -> LiteralString:
    """Return the SQL that makes a timestamptz of an RFC 3339 text, whatever its offset and year.

    RFC 3339 has offsets up to 23:59, PostgreSQL takes them up to 15:59; and what UTC moves out of the years 1 to 9999
    no client can read. Those few count as the first or the last day; the text beside them is what was stated.
    """
    return INSTANT.replace("{}", text)


INSTANT: LiteralString = """greatest(timestamptz '0001-01-02 00:00:00Z', least(timestamptz '9999-12-30 00:00:00Z',
        CASE WHEN substr({}, length({}) - 5, 1) IN ('+', '-') AND substr({}, length({}) - 4, 2) >= '16'
             THEN (left({}, -6) || 'Z')::timestamptz - right({}, 6)::interval
             ELSE {}::timestamptz END))"""


class Page(NamedTuple, Generic[Row]):
    """Some rows of an answer, as of a position."""

    rows: list[Row]
    next: Any
    """The cursor to go on after, as JSON can say it; None on the last page."""
    logs: list[int] | None = None
    """The log of each row's positions, if there are several."""


def page(rows: list[Row], limit: int | None, cursor: Sequence[int]) -> Page[Row]:
    """Cut one page from rows that were asked for one more than fits.

    Args:
        rows: At most limit + 1.
        limit: The most rows of a page, at least 1; None for everything.
        cursor: Each row's own cursor.
    """
    if limit is None or len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], cursor[limit - 1])


def part(rows: list[Row], after: int | None, limit: int | None) -> Page[Row]:
    """Cut one page from all rows of an answer, whose order is the same for the same position.

    Args:
        rows: All of them.
        after: The cursor of the page before: how many rows have been told.
        limit: The most rows of a page, at least 1; None for everything.
    """
    start = after or 0
    end = len(rows) if limit is None else start + limit
    return Page(rows[start:end], end if end < len(rows) else None)


def one_more(limit: int | None) -> int | None:
    """Return how many rows to ask for to learn whether there is a next page."""
    return None if limit is None else limit + 1


def before(as_of: int, after: int | None) -> int:
    """Return the position that rows must stay below: pages go from newest to oldest."""
    return as_of + 1 if after is None else min(as_of + 1, after)


@contextmanager
def at_once(connection: Connection[Any]) -> Generator[None]:
    """Let all statements inside see the same rows, whatever is folded meanwhile.

    Args:
        connection: A reader's, in autocommit mode.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def select(
    connection: Connection[Any],
    statement: LiteralString,
    parameters: Mapping[str, Any],
    row: type[Row],
    *,
    prepare: bool = True,
) -> list[Row]:
    """Run a query as a prepared statement and return its rows, column by column, as the type given.

    One that names the row type of a table is not to be prepared: a rebuild puts another table in its place.
    """
    with connection.cursor(binary=True, row_factory=args_row(row)) as cursor:
        return cursor.execute(statement, parameters, prepare=prepare).fetchall()


def column(connection: Connection[Any], statement: Any, parameters: Mapping[str, Any]) -> list[Any]:
    """Run a query as a prepared statement and return its first column."""
    with connection.cursor(binary=True, row_factory=scalar_row) as cursor:
        return cursor.execute(statement, parameters, prepare=True).fetchall()
