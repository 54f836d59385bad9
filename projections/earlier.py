"""The rows of a derived projection as of earlier positions, which its tables do not have.

Whoever nothing has touched since has the rows that she had then: they stand in the table. Everybody else is derived
again, up to those positions, by the code that makes the rows; the statement of the question then runs over both. So an
answer costs what was touched since, and keeps no more than the ids of those people, some of their rows, and a page.

Who was forgotten since has no rows, and who is to be forgotten is in nobody else's: forgetting reaches the past.
"""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple, TypeVar

import orjson
from psycopg.types.json import Jsonb

from projections.projection import Batch, at_once, select
from projections.touched import since_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

    from projections.derived import Derived
    from projections.history import Fact

Row = TypeVar("Row")

PEOPLE = 200
"""Derived at a time."""
# How many people are one person the planner can not know, and would compile for the most.
PATH = "SELECT set_config('search_path', 'projections', true), set_config('jit', 'off', true)"
# Whoever was ever one person with them: cohorts by member_subject, then the entry's primary key, then that of members;
# opened by both of its indexes. A merge that a split has undone, or that came later, joins too: whom it is about is
# touched in any case.
JOINED = """
    WITH RECURSIVE joined (subject) AS (
        SELECT unnest(%(streams)s::uuid[])
        UNION
        SELECT other.subject
        FROM joined AS j
        CROSS JOIN LATERAL (
            SELECT o.subject
            FROM (
                SELECT m.position FROM ledger.member AS m WHERE m.log_id = %(log_id)s AND m.subject = j.subject OFFSET 0
            ) AS m
            CROSS JOIN LATERAL (
                SELECT FROM ledger.entry AS e
                WHERE e.log_id = %(log_id)s AND e.position = m.position AND e.type = 'subject.merged' OFFSET 0
            ) AS e
            CROSS JOIN LATERAL (
                SELECT o.subject FROM ledger.member AS o
                WHERE o.log_id = %(log_id)s AND o.position = m.position OFFSET 0
            ) AS o
            UNION ALL
            SELECT o.stream FROM ledger.opened AS o WHERE o.log_id = %(log_id)s AND o.subject = j.subject
            UNION ALL
            SELECT o.subject FROM ledger.opened AS o WHERE o.log_id = %(log_id)s AND o.stream = j.subject
        ) AS other
    )
    SELECT subject FROM joined ORDER BY subject
"""
REVOKED = "SELECT subject FROM ledger.revoked WHERE log_id = %(log_id)s"
"""By its primary key."""
# What a statement calls the table stays; where its rows come from is another place.
UNTOUCHED: LiteralString = """(
    SELECT * FROM projections.{table} AS every
    WHERE NOT EXISTS (SELECT FROM unnest(%(touched)s::uuid[]) AS t (subject) WHERE t.subject = every.subject)
) AS """
GIVEN: LiteralString = "json_populate_recordset(NULL::projections.{table}, %(rows)s::json) AS "
COLUMNS: LiteralString = "SELECT * FROM projections.{table} LIMIT 0"


class _Person(NamedTuple):
    """Somebody, by one of her names."""

    subject: UUID


def page(
    connection: Connection[Any],
    derived: Derived,
    as_of: Mapping[int, int] | None,
    log_id: int,
    asked: LiteralString,
    wanted: Mapping[str, Any],
    row: type[Row],
    order: Callable[[Row], Any],
) -> list[Row]:
    """Return what a statement with an order and a limit selects; the arguments are those of `pieces`.

    Args:
        order: What the statement orders by.
    """  # fmt: skip
    found: list[Row] = []
    for piece in pieces(connection, derived, as_of, log_id, asked, wanted, row):
        found = list(merge(found, piece, key=order))[: wanted["limit"]]
    return found


def pieces(
    connection: Connection[Any],
    derived: Derived,
    as_of: Mapping[int, int] | None,
    log_id: int,
    asked: LiteralString,
    wanted: Mapping[str, Any],
    row: type[Row],
    *,
    only: Sequence[UUID] | None = None,
) -> Iterator[list[Row]]:
    """Yield what a statement selects of one log's rows: of the table, then of some people at a time.

    Args:
        connection: A reader's, outside of any transaction.
        derived: Whose rows.
        as_of: The position of each log; None for the newest, which the table has.
        log_id: Of which log.
        asked: Selects from one of its tables, named as `projections.TABLE AS …`.
        wanted: What the statement takes.
        row: Of what type its rows are.
        only: The statement selects these people's rows alone.
    """
    if as_of is None:
        yield select(connection, asked, wanted, row)
        return
    # Whom something touched is told by the very state of the table that is read.
    with at_once(connection):
        connection.execute(PATH)
        registers = derived.registers(connection)
        if only is None:
            again = _touched(connection, derived, as_of, log_id, registers)
            untouched = over(derived, asked, UNTOUCHED) if again else asked
            found = select(connection, untouched, {**wanted, "touched": again}, row)
        else:
            again, found = list(only), []
    yield found
    then = [each for each in registers if each.position <= as_of[each.log_id]]
    given = over(derived, asked, GIVEN)
    for rows in _made(connection, derived, as_of, log_id, again, then, _table_of(derived, asked)):
        yield select(connection, given, {**wanted, "rows": rows}, row, prepare=False)


def over(derived: Derived, asked: LiteralString, source: LiteralString) -> LiteralString:
    """Return a statement with the rows of its table from UNTOUCHED or GIVEN."""
    table = _table_of(derived, asked)
    return asked.replace("projections." + table + " AS ", source.replace("{table}", table))


def _table_of(derived: Derived, asked: str) -> LiteralString:
    """Return which of its tables a statement selects from."""
    for each in derived.questions:
        if f"projections.{each} AS " in asked:
            return each
    raise ValueError(asked)


def to_forget(connection: Connection[Any], log_id: int) -> list[UUID]:
    """Return who of a log is to be forgotten now, whatever was known then."""
    return _people(connection, REVOKED, {"log_id": log_id})


def _touched(
    connection: Connection[Any], derived: Derived, as_of: Mapping[int, int], log_id: int, registers: Sequence[Fact]
) -> list[UUID]:
    """Return whose rows may have been others then, all names of each person."""
    reached = derived.reached(connection)
    batches = [Batch(each, at, reached[each]) for each, at in as_of.items() if at < reached.get(each, 0)]
    if not batches:
        return []
    touched = derived.touched(connection, log_id, since_of(connection, batches, registers))
    return _people(connection, JOINED, {"log_id": log_id, "streams": touched}) if touched else []


def _made(
    connection: Connection[Any],
    derived: Derived,
    as_of: Mapping[int, int],
    log_id: int,
    streams: Sequence[UUID],
    registers: Sequence[Fact],
    table: LiteralString,
) -> Iterator[str]:
    """Yield the rows of people as of a position, some at a time, as JSON has them; each person once."""
    cursor = connection.execute(COLUMNS.replace("{table}", table))
    columns = [each.name for each in cursor.description or ()]
    seen: set[UUID] = set()
    for start in range(0, len(streams), PEOPLE):
        some = [each for each in streams[start : start + PEOPLE] if each not in seen]
        if not some:
            continue
        revoked = frozenset(each.hex for each in to_forget(connection, log_id))
        made = derived.made(connection, log_id, as_of[log_id], some, registers, revoked)
        seen.update(made.streams)
        rows = [dict(zip(columns, each, strict=True)) for each in made.rows.get(table, ())]
        if rows:
            yield orjson.dumps(rows, default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Jsonb):
        return value.obj
    raise TypeError(type(value).__name__)


def _people(connection: Connection[Any], statement: LiteralString, wanted: Mapping[str, Any]) -> list[UUID]:
    return [each.subject for each in select(connection, statement, wanted, _Person)]
