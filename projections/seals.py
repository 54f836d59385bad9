"""Which orders forbid telling, over whom, until when. For cleared readers: no answer to anybody else reads this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.projection import Fold, Projection, instant, select

if TYPE_CHECKING:
    from collections.abc import Mapping
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
        PRIMARY KEY (log_id, subject, position)
    )
"""
# An order starts when it says; an extension and a lifting state when it ends.
FOLDED = """
    INSERT INTO seal_change
    SELECT e.log_id, e.stream, e.position, {time}, e.type, d.seal_id, d.authority ->> 'id', d.authority ->> 'name',
           d.basis, d.clearance, coalesce(d.oral, false), CASE WHEN d.starts IS NOT NULL THEN {starts} END,
           CASE WHEN s.ends IS NOT NULL THEN {ends} END, (x.fact #>> '{cohort,size}')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        seal_id text, authority jsonb, basis text, clearance text, oral boolean, starts text, until text,
        effective_at text
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
           c.clearance, c.oral, c.starts, c.ends
    FROM projections.seal_change AS c
    LEFT JOIN ledger.member AS m ON c.cohort IS NOT NULL AND m.log_id = c.log_id AND m.position = c.position
    WHERE c.log_id = %(log_id)s AND c.position <= %(as_of)s
    ORDER BY c.position
"""
OPENED = "SELECT stream FROM ledger.opened WHERE log_id = %b"
SEALS = Projection(
    name="seals",
    version=1,
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
    lifted: bool
    position: int
    """Of the entry that placed it."""

    def over(self, now: datetime) -> bool:
        """Return whether it has ended."""
        return self.ends is not None and self.ends <= now


def register(connection: Connection[Any], as_of: Mapping[int, int]) -> list[Seal]:
    """Return every order over every person, by when it was placed.

    Args:
        connection: A reader's.
        as_of: For each log the last position that is seen.
    """
    found: dict[tuple[int, UUID, str], Seal] = {}
    for log_id, position in as_of.items():
        for each in select(connection, ALL, {"log_id": log_id, "as_of": position}, Change):
            _apply(found, each)
    return list(found.values())


def _apply(found: dict[tuple[int, UUID, str], Seal], change: Change) -> None:
    key = (change.log_id, change.stream, change.seal)
    known = found.get(key)
    # Of an order of which only the end is known, in a stream of its own: what came under a name after its order's end.
    if change.act == "seal.placed" or known is None:
        found[key] = Seal(
            change.seal, change.log_id, change.stream.hex, change.authority, change.name, change.basis,
            change.clearance, change.oral, change.starts, change.ends, lifted=change.act == "seal.lifted",
            position=change.position,
        )  # fmt: skip
    else:
        found[key] = known._replace(ends=change.ends, lifted=known.lifted or change.act == "seal.lifted")


def ended(connection: Connection[Any], as_of: Mapping[int, int], now: datetime) -> list[Seal]:
    """Return the orders that have ended, and what they sealed is not open yet."""
    opened = {(log_id, row[0].hex) for log_id in as_of for row in connection.execute(OPENED, (log_id,)).fetchall()}
    return [each for each in register(connection, as_of) if each.over(now) and (each.log_id, each.stream) not in opened]
