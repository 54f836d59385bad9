"""Which emitters went silent, or left holes in their own count? And where another system's record disagrees.

These rows are not one for each fact: they are merged, source by source, with sums, extremes and bits, which come out
the same in whatever batches the entries arrive. Of each entry only the members before its data are read. What an order
forbids to tell counts like anything else of its emitter, as it would if it were about a stranger.

Numbers that an emitter gave are bits, 1,024 in a row of 128 bytes. A log has the numbers of those who live in it;
only the union over all logs shows a hole.

Source: CloudEvents 1.0, extension `sequence`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.projection import Fold, Projection, select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

BUCKET = 1_024
"""Numbers in a row."""
REMEMBERED = timedelta(days=90)
"""The longest rest within this time before its last activity is what is usual for an emitter."""
HOUR = timedelta(hours=1)
FEWEST_HOURS = 3
"""Of activity, before anything is usual."""
MOST_HOLES = 100

DEFINITION = """
    CREATE TABLE emitter (
        log_id  smallint    NOT NULL,
        source  text        NOT NULL,
        entries bigint      NOT NULL,
        first   timestamptz NOT NULL,
        last    timestamptz NOT NULL,
        PRIMARY KEY (log_id, source)
    );
    CREATE TABLE emitter_hour (
        log_id smallint    NOT NULL,
        source text        NOT NULL,
        hour   timestamptz NOT NULL,
        PRIMARY KEY (log_id, source, hour)
    );
    CREATE TABLE emitter_numbers (
        log_id smallint  NOT NULL,
        source text      NOT NULL,
        bucket bigint    NOT NULL,
        seen   bit(1024) NOT NULL,
        PRIMARY KEY (log_id, source, bucket)
    );
    CREATE TABLE mismatch (
        log_id   smallint NOT NULL,
        position bigint   NOT NULL,
        compared text     NOT NULL,
        expected bigint   NOT NULL,
        found    bigint   NOT NULL,
        since    text     NOT NULL,
        until    text     NOT NULL,
        kind     text,
        stated   text     NOT NULL,
        PRIMARY KEY (log_id, position)
    )
"""
# An entry's members before its data take less than 1,600 bytes, all of them ASCII where it matters. The ledger's own
# entries are no emitter's. Rows are merged in one order, so that followers never wait for each other in a circle.
FOLD = """
    WITH head AS MATERIALIZED (
        SELECT x.fact ->> 'source' AS source, (x.fact ->> 'emittersequence')::bigint AS number,
               (x.fact ->> 'appended')::timestamptz AS at
        FROM ledger.entry AS e
        CROSS JOIN LATERAL (
            SELECT (split_part(convert_from(substr(e.bytes, 1, 1600), 'LATIN1'), ',"data":', 1) || '}')::jsonb AS fact
            OFFSET 0
        ) AS x
        WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s
          AND x.fact ->> 'source' NOT LIKE '/whosaw/%%'
    ), counted AS (
        INSERT INTO emitter AS known
        SELECT %(log_id)s, source, count(*), min(at), max(at) FROM head GROUP BY source ORDER BY source
        ON CONFLICT (log_id, source) DO UPDATE
        SET entries = known.entries + excluded.entries, first = least(known.first, excluded.first),
            last = greatest(known.last, excluded.last)
    ), active AS (
        INSERT INTO emitter_hour
        SELECT DISTINCT %(log_id)s, source, date_trunc('hour', at, 'UTC') FROM head ORDER BY 2, 3
        ON CONFLICT DO NOTHING
    )
    INSERT INTO emitter_numbers AS known
    SELECT %(log_id)s, source, number / 1024, bit_or(set_bit(B'0'::bit(1024), (number %% 1024)::integer, 1))
    FROM head WHERE number IS NOT NULL GROUP BY source, number / 1024 ORDER BY 2, 3
    ON CONFLICT (log_id, source, bucket) DO UPDATE SET seen = known.seen | excluded.seen
"""
FOLD_MISMATCH = """
    INSERT INTO mismatch
    SELECT e.log_id, e.position, d.compared, d.expected, d.found, d.since, d.until, d.kind, x.fact ->> 'time'
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        compared text, expected bigint, found bigint, since text, until text, kind text, visibility text
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.visibility IS DISTINCT FROM 'sealed'
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM emitter AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM emitter_hour AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM emitter_numbers AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM mismatch AS t GROUP BY log_id
"""
# One row for each source and log.
SOURCES = """
    SELECT source, sum(entries)::bigint, min(first), max(last)
    FROM projections.emitter WHERE log_id = ANY(%(logs)s::smallint[]) GROUP BY source ORDER BY source
"""
# By primary key, the three months before one source was heard of last: counted back from now, whoever was silent for
# longer had no longest rest any more, and so was not known to be silent.
RESTS = """
    SELECT count(*) + 1, max(hour - before) FROM (
        SELECT hour, lag(hour) OVER (ORDER BY hour) AS before FROM (
            SELECT DISTINCT hour FROM projections.emitter_hour
            WHERE log_id = ANY(%(logs)s::smallint[]) AND source = %(source)s AND hour >= %(since)s
        ) AS active
    ) AS rest
    WHERE before IS NOT NULL
"""
# By primary key. Rows that are full and follow one another are not told, but for the first and the last.
NUMBERS = """
    SELECT bucket, seen::text, before FROM (
        SELECT bucket, seen, lag(bucket) OVER (ORDER BY bucket) AS before, lead(bucket) OVER (ORDER BY bucket) AS behind
        FROM (
            SELECT bucket, bit_or(seen) AS seen FROM projections.emitter_numbers
            WHERE log_id = ANY(%(logs)s::smallint[]) AND source = %(source)s GROUP BY bucket
        ) AS united
    ) AS n
    WHERE bit_count(seen) < 1024 OR before IS DISTINCT FROM bucket - 1 OR behind IS DISTINCT FROM bucket + 1
    ORDER BY bucket
"""
MISMATCHES = """
    SELECT m.log_id, m.position, m.compared, m.expected, m.found, m.since, m.until, m.kind, m.stated
    FROM projections.mismatch AS m WHERE m.log_id = ANY(%(logs)s::smallint[]) ORDER BY m.log_id, m.position
"""

EMITTERS = Projection(
    name="emitters",
    version=1,
    tables=("emitter", "emitter_hour", "emitter_numbers", "mismatch"),
    definition=DEFINITION,
    folds=(Fold((), FOLD), Fold(("reconciliation.mismatch",), FOLD_MISMATCH)),
    digest=DIGEST,
)


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
    connection: Connection[Any], logs: list[int], now: datetime, silent_after: timedelta | None = None
) -> tuple[list[Emitter], list[Mismatch]]:
    """Return how each emitter stands, by source, and the mismatches with what is no emitter's name.

    Args:
        connection: A reader's.
        logs: All of the ledger.
        now: What time it is.
        silent_after: What is too long; None for longer than is usual.
    """
    wanted = {"logs": logs}
    found: list[Emitter] = []
    others = {(each.log_id, each.position): each for each in select(connection, MISMATCHES, wanted, Mismatch)}
    for source in select(connection, SOURCES, wanted, Source):
        about = wanted | {"source": source.source, "since": source.last - REMEMBERED}
        (rests,) = select(connection, RESTS, about, Rests)
        usual = None if rests.longest is None or rests.hours < FEWEST_HOURS else max(rests.longest, HOUR)
        most = usual if silent_after is None else silent_after
        silence = max(now - source.last, timedelta())
        first, last, missing, holes = _gaps(select(connection, NUMBERS, about, Numbers))
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
