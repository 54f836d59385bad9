"""Which orders forbid telling, over whom, until when. For cleared readers: no answer to anybody else reads this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.person import Place
from projections.projection import Fold, Projection, instant, select
from projections.spoken import lapses

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

DEFINITION = """
    CREATE TABLE seal_change (
        log_id    smallint    NOT NULL,
        subject   uuid        NOT NULL,
        position  bigint      NOT NULL,
        time      timestamptz NOT NULL,
        act       text        NOT NULL,
        seal      text        NOT NULL,
        authority text,
        name      text,
        basis     text,
        clearance text,
        oral      boolean     NOT NULL,
        starts    timestamptz,
        ends      timestamptz,
        cohort    integer,
        source    text        NOT NULL,
        id        text        NOT NULL,
        placed_by text        NOT NULL,
        PRIMARY KEY (log_id, subject, position)
    )
"""
# An order starts when it says; an extension and a lifting state when it ends, and whose order it is that they end.
FOLDED = """
    INSERT INTO seal_change
    SELECT e.log_id, e.stream, e.position, {time}, e.type, d.seal_id, d.authority ->> 'id', d.authority ->> 'name',
           d.basis, d.clearance, coalesce(d.oral, false), CASE WHEN d.starts IS NOT NULL THEN {starts} END,
           CASE WHEN s.ends IS NOT NULL THEN {ends} END, (x.fact #>> '{cohort,size}')::integer,
           x.fact ->> 'source', x.fact ->> 'id', coalesce(d.placed_by, x.fact ->> 'source')
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        seal_id text, authority jsonb, basis text, clearance text, oral boolean, starts text, until text,
        effective_at text, placed_by text
    )
    CROSS JOIN LATERAL (SELECT coalesce(d.until, d.effective_at) AS ends OFFSET 0) AS s
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
"""
FOLD = (
    FOLDED.replace("{time}", instant("t.stated"))
    .replace("{starts}", instant("d.starts"))
    .replace("{ends}", instant("s.ends"))
)
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM seal_change AS t GROUP BY log_id
"""
# A register of a few rows, read whole; whom an order about several people is over stands in the members' rows.
ALL = """
    SELECT c.log_id, coalesce(m.subject, c.subject) AS stream, c.position, c.act, c.seal, c.authority, c.name, c.basis,
           c.clearance, c.oral, c.starts, c.ends, c.placed_by, c.time
    FROM projections.seal_change AS c
    LEFT JOIN ledger.member AS m ON c.cohort IS NOT NULL AND m.log_id = c.log_id AND m.position = c.position
    WHERE c.log_id = %(log_id)s AND c.position <= %(as_of)s
      AND (%(valid_at)s::timestamptz IS NULL OR c.time <= %(valid_at)s)
    ORDER BY c.position
"""
# By correction_target.
DOUBTED = """
    SELECT DISTINCT coalesce(m.subject, c.subject) AS stream
    FROM projections.seal_change AS c
    LEFT JOIN ledger.member AS m ON c.cohort IS NOT NULL AND m.log_id = c.log_id AND m.position = c.position
    WHERE c.log_id = %(log_id)s AND c.position <= %(as_of)s AND EXISTS (
        SELECT FROM ledger.log AS l
        JOIN projections.correction AS k ON k.log_id = l.log_id AND k.source = c.source AND k.id = c.id
    )
    ORDER BY stream
"""
OPENED = "SELECT stream FROM ledger.opened WHERE log_id = %b"
SEALS = Projection(
    name="seals",
    version=2,
    tables=("seal_change",),
    definition=DEFINITION,
    folds=(Fold(("seal.placed", "seal.extended", "seal.lifted"), FOLD),),
    digest=DIGEST,
)


class Change(NamedTuple):
    """One fact about an order."""

    log_id: int
    stream: UUID
    position: int
    act: str
    seal: str
    authority: str | None
    name: str | None
    basis: str | None
    clearance: str | None
    oral: bool
    starts: datetime | None
    ends: datetime | None
    placed_by: str
    time: datetime


class Seal(NamedTuple):
    """An order over one person."""

    seal: str
    log_id: int
    stream: str
    """The stream that it seals: a random id, which leads to nobody without the ledger's keys."""
    authority: str | None
    """The company's name for who ordered it: what a key is cleared for."""
    name: str | None
    basis: str | None
    clearance: str | None
    oral: bool
    starts: datetime | None
    ends: datetime | None
    """None when an event ends it, or nothing does."""
    lapses: datetime | None
    """Of one that was only spoken and not put in writing by then: when it should be lifted. Nothing ends by it."""
    lifted: bool
    position: int
    """Of the entry that placed it."""
    placed_by: str
    """The source that placed it, which alone ends it, or who names it as such."""

    def over(self, now: datetime) -> bool:
        """Return whether it has ended."""
        return self.ends is not None and self.ends <= now


def changes(connection: Connection[Any], as_of: Mapping[int, int], valid_at: datetime | None = None) -> list[Change]:
    """Return every fact about every order, log by log, as they were recorded.

    Args:
        connection: A reader's.
        as_of: For each log the last position that is seen.
        valid_at: What happened later is not seen; None for all that is recorded.
    """
    asked = [{"log_id": log_id, "as_of": position, "valid_at": valid_at} for log_id, position in as_of.items()]
    return [each for wanted in asked for each in select(connection, ALL, wanted, Change)]


def doubted(connection: Connection[Any], as_of: Mapping[int, int]) -> list[tuple[int, str]]:
    """Return log and stream of every order of which a fact is named by a correction: it may not count.

    The arguments are those of `changes`.
    """
    return [
        (log_id, row[0].hex)
        for log_id, position in as_of.items()
        for row in connection.execute(DOUBTED, {"log_id": log_id, "as_of": position}).fetchall()
    ]


def orders(known: Iterable[Change], gone: Mapping[tuple[int, str], Collection[Place]]) -> list[Seal]:
    """Return every order over every person, by when it was placed. Pure.

    An order is its source's: one of the same name by another source is another order, and what ends one ends no other.
    A lifting that is alone in its stream, since it came under a name whose order had opened it, is an order of which
    only the end is known; one by a source that never placed an order of that name is nothing.

    Args:
        known: See `changes`.
        gone: Log and stream → the facts in it that do not count.
    """
    told = list(known)
    placers = {(each.seal, each.placed_by) for each in told if each.act == "seal.placed"}
    found: dict[tuple[int, UUID, str, str], Seal] = {}
    for change in told:
        if Place(change.log_id, change.position) in gone.get((change.log_id, change.stream.hex), ()):
            continue
        key = (change.log_id, change.stream, change.seal, change.placed_by)
        before = found.get(key)
        if change.act != "seal.placed" and before is not None:
            lifted = before.lifted or change.act == "seal.lifted"
            written = [change.time] if change.act == "seal.extended" and before.lapses else []
            over = lapses(before.starts, written) if before.lapses and before.starts else None
            found[key] = before._replace(ends=change.ends, lapses=over, lifted=lifted)
        elif (change.seal, change.placed_by) in placers:
            found[key] = Seal(
                change.seal, change.log_id, change.stream.hex, change.authority, change.name, change.basis,
                change.clearance, change.oral, change.starts, change.ends,
                lapses(change.starts, ()) if change.oral and change.starts else None,
                lifted=change.act == "seal.lifted", position=change.position, placed_by=change.placed_by,
            )  # fmt: skip
    return list(found.values())


def ended(
    connection: Connection[Any], known: Iterable[Seal], as_of: Mapping[int, int], now: datetime
) -> list[tuple[int, str]]:
    """Return log and stream of what no order seals any more and is not open yet."""
    opened = {(log_id, row[0].hex) for log_id in as_of for row in connection.execute(OPENED, (log_id,)).fetchall()}
    over: dict[tuple[int, str], bool] = {}
    for each in known:
        place = (each.log_id, each.stream)
        over[place] = each.over(now) and over.get(place, True)
    return [place for place, ended in over.items() if ended and place not in opened]
