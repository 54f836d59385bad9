"""Which emitters went silent, or left holes in their own count? And where another system's record disagrees."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.emitted import BUCKET, HEAD
from projections.merged import Span, seen, united
from projections.projection import at_once, select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

    from projections.merged import Seen

READ = ("emitters",)
"""The projections that the answer stands on."""
REMEMBERED = timedelta(days=90)
"""The longest rest within this time before its last activity is what is usual for an emitter."""
HOUR = timedelta(hours=1)
FEWEST_HOURS = 3
"""Of activity, before anything is usual."""
MOST_HOLES = 100
# One row for each source; see `merged`.
SOURCES = """
    SELECT r.source, sum(r.entries)::bigint, min(r.first), max(r.last)
    FROM unnest(%(logs)s::smallint[], %(wholes)s::bigint[]) AS p (log_id, whole)
    JOIN projections.emitter AS r ON r.log_id = p.log_id AND r.upto <= p.whole
    GROUP BY r.source
"""
# Entries of one block at most, by their primary key.
AGAIN = """
    {head}
    SELECT source, count(*), min(at), max(at), coalesce(array_agg(number) FILTER (WHERE number IS NOT NULL), '{}')
    FROM head GROUP BY source
""".replace("{head}", HEAD)
# By primary key, the three months before one source was heard of last: counted back from now, whoever was silent for
# longer had no longest rest any more, and so was not known to be silent.
RESTS = """
    SELECT count(*) + 1, max(hour - before) FROM (
        SELECT hour, lag(hour) OVER (ORDER BY hour) AS before FROM (
            SELECT DISTINCT h.hour
            FROM unnest(%(logs)s::smallint[], %(positions)s::bigint[]) AS p (log_id, as_of)
            JOIN projections.emitter_hour AS h ON h.log_id = p.log_id AND h.position <= p.as_of
            WHERE h.source = %(source)s AND h.hour >= %(since)s
        ) AS active
    ) AS rest
    WHERE before IS NOT NULL
"""
# By primary key, with numbers that were folded again. Rows that are full and follow one another are not told, but for
# the first and the last.
NUMBERS = """
    SELECT bucket, seen::text, before FROM (
        SELECT bucket, seen, lag(bucket) OVER (ORDER BY bucket) AS before, lead(bucket) OVER (ORDER BY bucket) AS behind
        FROM (
            SELECT bucket, bit_or(seen) AS seen FROM (
                SELECT n.bucket, n.seen
                FROM unnest(%(logs)s::smallint[], %(wholes)s::bigint[]) AS p (log_id, whole)
                JOIN projections.emitter_numbers AS n ON n.log_id = p.log_id AND n.upto <= p.whole
                WHERE n.source = %(source)s
                UNION ALL
                SELECT number / 1024, set_bit(B'0'::bit(1024), (number %% 1024)::integer, 1)
                FROM unnest(%(again)s::bigint[]) AS a (number)
            ) AS every GROUP BY bucket
        ) AS united
    ) AS n
    WHERE bit_count(seen) < 1024 OR before IS DISTINCT FROM bucket - 1 OR behind IS DISTINCT FROM bucket + 1
    ORDER BY bucket
"""
MISMATCHES = """
    SELECT m.log_id, m.position, m.compared, m.expected, m.found, m.since, m.until, m.kind, m.stated
    FROM unnest(%(logs)s::smallint[], %(positions)s::bigint[]) AS p (log_id, as_of)
    JOIN projections.mismatch AS m ON m.log_id = p.log_id AND m.position <= p.as_of
    ORDER BY m.log_id, m.position
"""


class Mismatch(NamedTuple):
    """Where another system's record of what it did disagrees with the ledger."""

    log_id: int
    position: int
    compared: str
    expected: int
    found: int
    since: str
    until: str
    kind: str | None
    stated: str


class Hole(NamedTuple):
    """Numbers that an emitter passed over, or that have not arrived."""

    first: int
    last: int


class Emitter(NamedTuple):
    """How an emitter stands."""

    source: str
    entries: int
    first: datetime
    """When the ledger first recorded something of it."""
    last: datetime
    silent_seconds: int
    """Since then."""
    usual_seconds: int | None
    """Its longest rest in the three months before, to the hour; None while there is too little to tell."""
    silent: bool | None
    """Whether it has been silent for longer than that, or than was asked for; None while neither is known."""
    first_number: int | None
    last_number: int | None
    missing: int
    """How many numbers between them have not arrived."""
    holes: list[Hole]
    """Which, at most 100."""
    mismatches: list[Mismatch]


class Source(NamedTuple):
    """One emitter, over all logs."""

    source: str
    entries: int
    first: datetime
    last: datetime


class Again(NamedTuple):
    """What one emitter sent to one log behind the rows that count as they are."""

    source: str
    entries: int
    first: datetime
    last: datetime
    numbers: list[int]


class Rests(NamedTuple):
    """How an emitter works: in how many hours, and its longest rest between two of them."""

    hours: int
    longest: timedelta | None


class Numbers(NamedTuple):
    """A row of numbers that an emitter gave."""

    bucket: int
    seen: str
    """A digit for each, 1 for those that arrived."""
    before: int | None
    """The row before it, told or not."""


def emitters(
    connection: Connection[Any], as_of: Mapping[int, int], now: datetime, silent_after: timedelta | None = None
) -> tuple[list[Emitter], list[Mismatch]]:
    """Return how each emitter stands, by source, and the mismatches with what is no emitter's name.

    Args:
        connection: A reader's.
        as_of: For each log the last position that is seen; all of the ledger, since an emitter's numbers are in any.
        now: What time it is.
        silent_after: What is too long; None for longer than is usual.
    """
    with at_once(connection):
        return _emitters(connection, seen(connection, "emitter", as_of), now, silent_after)


def _emitters(
    connection: Connection[Any], upto: list[Seen], now: datetime, silent_after: timedelta | None
) -> tuple[list[Emitter], list[Mismatch]]:
    logs, wholes, positions = ([each[column] for each in upto] for column in range(3))
    wanted: dict[str, Any] = {"logs": logs, "wholes": wholes, "positions": positions}
    found: list[Emitter] = []
    others = {(each.log_id, each.position): each for each in select(connection, MISMATCHES, wanted, Mismatch)}
    sources, again = _sources(connection, wanted, upto)
    for source in sources:
        about = wanted | {"source": source.source, "since": source.last - REMEMBERED}
        (rests,) = select(connection, RESTS, about, Rests)
        usual = None if rests.longest is None or rests.hours < FEWEST_HOURS else max(rests.longest, HOUR)
        most = usual if silent_after is None else silent_after
        silence = max(now - source.last, timedelta())
        numbers = about | {"again": again.get(source.source, [])}
        first, last, missing, holes = _gaps(select(connection, NUMBERS, numbers, Numbers))
        names = {source.source.strip("/"), source.source.rpartition("/")[2]}
        mine = [each for each in others.values() if each.compared in names]
        for each in mine:
            del others[each.log_id, each.position]
        found.append(
            Emitter(
                *source, int(silence.total_seconds()), None if usual is None else int(usual.total_seconds()),
                None if most is None else silence > most, first, last, missing, holes[:MOST_HOLES], mine,
            )
        )  # fmt: skip
    return found, list(others.values())


def _sources(
    connection: Connection[Any], wanted: dict[str, Any], upto: list[Seen]
) -> tuple[list[Source], dict[str, list[int]]]:
    """Return what each emitter sent, by source, and of its numbers those that no row has that counts as it is."""
    found = select(connection, SOURCES, wanted, Source)
    numbers: dict[str, list[int]] = {}
    for log in upto:
        if log.whole == log.as_of:
            continue
        for more in select(connection, AGAIN, {"log_id": log.log_id, "after": log.whole, "upto": log.as_of}, Again):
            found.append(Source(*more[:4]))
            numbers.setdefault(more.source, []).extend(more.numbers)
    spans = united((each.source, Span(*each[1:])) for each in found)
    return [Source(source, *spans[source]) for source in sorted(spans)], numbers


def _gaps(rows: list[Numbers]) -> tuple[int | None, int | None, int, list[Hole]]:
    """Return the first and the last number, how many between them are missing, and which."""
    if not rows:
        return None, None, 0, []
    first = rows[0].bucket * BUCKET + rows[0].seen.index("1")
    last = rows[-1].bucket * BUCKET + rows[-1].seen.rindex("1")
    holes: list[Hole] = []
    for begins, ends in _absent(rows):
        begin, end = max(begins, first), min(ends, last)
        if begin > end:
            continue
        if holes and holes[-1].last == begin - 1:
            holes[-1] = Hole(holes[-1].first, end)
        else:
            holes.append(Hole(begin, end))
    return first, last, sum(hole.last - hole.first + 1 for hole in holes), holes


def _absent(rows: list[Numbers]) -> Iterator[tuple[int, int]]:
    """Yield runs of numbers that have not arrived, in order; rows that are not told are full."""
    for row in rows:
        if row.before is not None and row.before != row.bucket - 1:
            yield (row.before + 1) * BUCKET, row.bucket * BUCKET - 1
        start = row.bucket * BUCKET
        at = row.seen.find("0")
        while at >= 0:
            end = row.seen.find("1", at)
            stop = BUCKET if end < 0 else end
            yield start + at, start + stop - 1
            at = row.seen.find("0", stop)
