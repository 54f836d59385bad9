"""What questions about everybody at once have in common: whom an answer may name, which facts count, where it goes on.

A question about one person resolves her first (`resolution`). Here it is the other way round: the facts come first, by
an index, and of each one it is seen whose it is, whether she may be named, and whether the fact still counts for her.

The texts below are pieces of statements. In each, `d` is a row that states a fact (log_id, subject, position, sealed,
cohort), `said` its entry's name (source, id), and `m` one of those it is about (subject).
"""

from __future__ import annotations

from datetime import UTC, datetime
from heapq import merge
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple, Protocol, TypeVar

from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
LAST_POSITION = 2**63 - 1
T = TypeVar("T")

# By correction_target, which is empty for nearly every fact; what a correction hides, its own voiding shows again.
HIDDEN: LiteralString = """
    EXISTS (
        SELECT FROM projections.correction AS c
        WHERE c.log_id = {fact}.log_id AND c.source = {name}.source AND c.id = {name}.id
          AND c.position <= %(as_of)s AND (c.act = 'event.voided' OR c.replaced)
          AND (c.nobody AND NOT c.sealed OR c.subject IN ({streams}) OR EXISTS (
            SELECT FROM ledger.member AS of
            WHERE c.cohort IS NOT NULL AND of.log_id = c.log_id AND of.position = c.position
              AND of.subject IN ({streams})
          ))
          AND NOT EXISTS (
            SELECT FROM ledger.entry AS e
            CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
            JOIN projections.correction AS undoing
              ON undoing.log_id = e.log_id AND undoing.source = x.fact ->> 'source' AND undoing.id = x.fact ->> 'id'
             AND undoing.act = 'event.voided' AND undoing.position > c.position AND undoing.position <= %(as_of)s
            WHERE e.log_id = c.log_id AND e.position = c.position
          )
    )"""
"""Whether a fact does not count any more for a person: it was voided or replaced."""

# Opened by primary key, revoked too.
WHO: LiteralString = """
    SELECT coalesce(o.subject, m.subject) AS subject, d.sealed AND o.subject IS NULL AS sealed
    FROM (SELECT) AS one
    LEFT JOIN ledger.opened AS o
      ON d.sealed AND o.log_id = d.log_id AND o.stream = m.subject AND o.position <= %(as_of)s
    WHERE (NOT d.sealed OR o.subject IS NOT NULL OR %(everything)s OR m.subject = ANY (%(cleared)s::uuid[]))
      AND NOT EXISTS (
        SELECT FROM ledger.revoked AS r
        WHERE r.log_id = d.log_id AND r.subject = coalesce(o.subject, m.subject)
      )
      AND NOT {hidden}
""".replace(
    "{hidden}",
    HIDDEN.replace("{fact}", "d").replace("{name}", "said").replace("{streams}", "m.subject, o.subject"),
)
"""A person by the id that she may be named by; no row if she may not be, or the fact does not count for her.

What an order hid is hers since it ended. Whoever is to be forgotten is nobody.
"""

# By opened_subject.
HERS: LiteralString = """
    CROSS JOIN LATERAL (
        SELECT ARRAY[who.subject] || ARRAY(
            SELECT o.stream FROM ledger.opened AS o
            WHERE o.log_id = d.log_id AND o.subject = who.subject AND o.position <= %(as_of)s
        ) AS streams
    ) AS hers"""
"""All streams of `who`, with those that ended orders opened: what is in one counts for what is in another."""

# By the entry's primary key.
SAID: LiteralString = """
    SELECT x.fact ->> 'source' AS source, x.fact ->> 'id' AS id, x.fact -> 'data' AS data
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    WHERE e.log_id = d.log_id AND e.position = d.position
    OFFSET 0
"""
"""The entry behind a row."""

# Her own row, or a cohort's people by the primary key of ledger.member: at most one page of them for each fact, so that
# a campaign costs what its page costs.
PEOPLE: LiteralString = """
    (SELECT who.subject, who.sealed, 0 AS ordinal{columns}
     FROM (SELECT d.subject WHERE d.cohort IS NULL AND (d.time, d.position) > (%(time)s, %(position)s)) AS m
     CROSS JOIN LATERAL ({who}) AS who{more})
    UNION ALL
    (SELECT who.subject, who.sealed, m.ordinal{columns}
     FROM ledger.member AS m
     CROSS JOIN LATERAL ({who}) AS who{more}
     WHERE d.cohort IS NOT NULL AND m.log_id = d.log_id AND m.position = d.position
       AND m.ordinal > CASE WHEN (d.time, d.position) = (%(time)s, %(position)s) THEN %(ordinal)s ELSE -1 END
     ORDER BY m.ordinal LIMIT %(limit)s)
""".replace("{who}", WHO)
"""Everybody whom a fact is about, after the place where the page before ended; with columns of a further join."""


def people(columns: LiteralString = "", more: LiteralString = "") -> LiteralString:
    """Return the piece that names everybody whom a fact is about.

    Args:
        columns: Further ones, each after a comma.
        more: The join that they come from; may name `d`, `said`, `m` and `who`. A person without a row is left out.
    """
    return PEOPLE.replace("{columns}", columns).replace("{more}", more)


class Cursor(NamedTuple):
    """Where a page ended: times may be equal, across logs too."""

    time: datetime
    log_id: int
    position: int
    ordinal: int


def clearance(streams: Sequence[str] | None) -> dict[str, Any]:
    """Return what statements take of a reader: the sealed streams that she may know of; None for all."""
    return {"everything": streams is None, "cleared": list(streams or ())}


def start(since: datetime, log_id: int, after: Cursor | None) -> dict[str, Any]:
    """Return where a log's rows go on: the page before ended in one log, and passed all others at the same time."""
    if after is None:
        return {"time": since, "position": 0, "ordinal": -1}
    if log_id == after.log_id:
        return {"time": after.time, "position": after.position, "ordinal": after.ordinal}
    if log_id < after.log_id:
        # At the cursor's time, lower logs come first and are done.
        return {"time": after.time, "position": LAST_POSITION, "ordinal": 0}
    return {"time": after.time, "position": 0, "ordinal": -1}


class Placed(Protocol):
    """A row of an answer by time: one person of one fact."""

    @property
    def time(self) -> datetime:
        """When it happened."""
        ...

    @property
    def log_id(self) -> int: ...  # noqa: D102
    @property
    def position(self) -> int: ...  # noqa: D102
    @property
    def ordinal(self) -> int:
        """The person's place in a cohort; 0 if it was about one."""
        ...


Row = TypeVar("Row")
AtPlace = TypeVar("AtPlace", bound=Placed)


def place(row: Placed) -> Cursor:
    """Return a row's place in its answer."""
    return Cursor(row.time, row.log_id, row.position, row.ordinal)


def page(
    connection: Connection[Any], statement: LiteralString, row: type[AtPlace], wanted: Mapping[str, Any],
    as_of: Mapping[int, int], *, since: datetime = BEGINNING, after: Cursor | None, limit: int,
) -> tuple[list[AtPlace], Cursor | None]:  # fmt: skip
    """Return a page of all logs' rows, oldest first, and where to go on.

    Args:
        connection: A reader's.
        statement: Finds the rows of one log in this order, after a place; see `start`.
        row: What they are.
        wanted: What else the statement takes, but for `log_id`, `as_of` and `limit`.
        as_of: For each log the last position that is seen.
        since: Where the first page begins.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
    """
    found = [
        select(
            connection,
            statement,
            {**wanted, "log_id": log_id, "as_of": position, "limit": limit + 1} | start(since, log_id, after),
            row,
        )
        for log_id, position in sorted(as_of.items())
    ]
    rows = list(merge(*found, key=place))
    return rows[:limit], place(rows[limit - 1]) if len(rows) > limit else None


def whole(
    connection: Connection[Any], statement: LiteralString, row: type[Row], wanted: Mapping[str, Any],
    as_of: Mapping[int, int], *, since: datetime = BEGINNING,
) -> list[Row]:  # fmt: skip
    """Return what a statement makes of all rows of each log; the arguments are those of `page`."""
    return [
        each
        for log_id, position in as_of.items()
        for each in select(
            connection,
            statement,
            {**wanted, "log_id": log_id, "as_of": position, "limit": None} | start(since, log_id, None),
            row,
        )
    ]


def added(counts: Iterable[Mapping[T, int]]) -> dict[T, int]:
    """Return the counts of several logs as one, by name: nobody is in two logs."""
    found: dict[T, int] = {}
    for each in counts:
        for name, count in each.items():
            found[name] = found.get(name, 0) + count
    return found
