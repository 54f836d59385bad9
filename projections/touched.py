"""Whom entries touch: who is named in them, and whom a correction that names nobody is about; and who was forgotten.

Nothing is derived here: a derived projection asks whom to derive again, and an answer as of earlier asks the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.projection import column
from projections.registers import CORRECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from psycopg import Connection

    from projections.history import Fact
    from projections.projection import Batch

# A cohort's stream is nobody's: of one whose members were all forgotten nobody is left.
TOUCHED = """
    SELECT DISTINCT coalesce(m.subject, e.stream)
    FROM ledger.entry AS e
    LEFT JOIN ledger.member AS m ON m.log_id = e.log_id AND m.position = e.position
    WHERE NOT (m.subject IS NULL AND CASE WHEN position('"cohort":'::bytea IN e.bytes) > 0
                                          THEN convert_from(e.bytes, 'UTF8')::jsonb ? 'cohort' ELSE false END)
      AND e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
"""
FORGOTTEN = """
    SELECT DISTINCT s.stream::uuid
    FROM ledger.entry AS e
    CROSS JOIN LATERAL jsonb_array_elements_text(convert_from(e.bytes, 'UTF8')::jsonb #> '{data,streams}') AS s (stream)
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = 'key.destroyed'
      AND convert_from(e.bytes, 'UTF8')::jsonb ->> 'source' LIKE '/whosaw/%%'
    UNION
    SELECT g.stream FROM ledger.erased AS g WHERE g.log_id = %(log_id)s AND g.position IS NULL
"""
# A correction that names nobody is found its target by source and id, which no index knows: it is rare, and one scan.
TARGETS = r"""
    SELECT DISTINCT coalesce(m.subject, e.stream)
    FROM unnest(%(sources)s::text[], %(ids)s::text[]) AS t (source, id)
    JOIN ledger.entry AS e ON e.log_id = %(log_id)s AND e.position < %(upto)s
     AND position(convert_to(to_json(t.id)::text, 'UTF8') IN e.bytes) > 0
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    LEFT JOIN ledger.member AS m ON m.log_id = e.log_id AND m.position = e.position
    WHERE x.fact ->> 'source' = t.source AND x.fact ->> 'id' = t.id AND NOT (m.subject IS NULL AND x.fact ? 'cohort')
"""
# By its primary key.
REMEMBERED = """
    SELECT s.subject
    FROM unnest(%(streams)s::uuid[]) AS s (subject)
    WHERE NOT EXISTS (SELECT FROM ledger.erased AS g WHERE g.log_id = %(log_id)s AND g.stream = s.subject)
"""
# Her own by entry_stream_sequence; cohorts by member_subject. Who may be one person with others is read in any case.
NEEDING = """
    SELECT s.subject
    FROM unnest(%(streams)s::uuid[]) AS s (subject)
    WHERE EXISTS (SELECT FROM ledger.entry AS e
                  WHERE e.log_id = %(log_id)s AND e.stream = s.subject AND ({needed}))
       OR EXISTS (SELECT FROM ledger.member AS m
                  JOIN ledger.entry AS e ON e.log_id = m.log_id AND e.position = m.position
                  WHERE m.log_id = %(log_id)s AND m.subject = s.subject AND ({needed}))
""".replace(
    "{needed}",
    """e.type = ANY(%(types)s) OR (e.type = ANY(%(marked)s) AND EXISTS (
                  SELECT FROM unnest(%(marks)s::text[]) AS k (mark)
                  WHERE position(convert_to(k.mark, 'UTF8') IN e.bytes) > 0))""",
)


class Since(NamedTuple):
    """What was recorded, as far as it may touch rows."""

    batches: Sequence[Batch]
    """The entries; at most one batch of a log."""
    changed: Sequence[Fact]
    """Of the registers."""
    gone: Sequence[UUID]
    """Who was forgotten."""


def since_of(connection: Connection[Any], batches: Sequence[Batch], registers: Sequence[Fact]) -> Since:
    """Return what some entries say that are folded.

    Args:
        connection: A follower's, or a reader's.
        batches: The entries; at most one batch of a log.
        registers: All that was declared.
    """
    spans = {each.log_id: range(each.after + 1, each.upto + 1) for each in batches}
    fresh = [each for each in registers if each.position in spans.get(each.log_id, ())]
    gone = [each for batch in batches for each in column(connection, FORGOTTEN, batch._asdict())]
    return Since(batches, _changed(fresh, registers), gone)


def named(connection: Connection[Any], log_id: int, since: Since, types: Sequence[str]) -> list[UUID]:
    """Return who of a log its entries of some types name, and whom its corrections that name nobody are about."""
    found: list[UUID] = []
    for batch in since.batches:
        if batch.log_id == log_id:
            found += column(connection, TOUCHED, batch._asdict() | {"types": list(types)})
            found += _corrected(connection, batch, since.changed)
    return found


def remembered(connection: Connection[Any], log_id: int, streams: Sequence[UUID]) -> list[UUID]:
    """Return which of some streams are not those of people who were forgotten: a correction may still be about them."""
    return column(connection, REMEMBERED, {"log_id": log_id, "streams": list(streams)}) if streams else []


def needing(
    connection: Connection[Any],
    log_id: int,
    streams: Sequence[UUID],
    types: Sequence[str],
    marked: Sequence[str],
    marks: Sequence[str],
) -> list[UUID]:
    """Return which of some streams have an entry of some types, or one of the marked types with one of the marks."""
    wanted = {"log_id": log_id, "streams": list(streams), "types": list(types)}
    return column(connection, NEEDING, wanted | {"marked": list(marked), "marks": list(marks)}) if streams else []


def _corrected(connection: Connection[Any], batch: Batch, changed: Sequence[Fact]) -> list[UUID]:
    """Return whom a batch's corrections that name nobody are about, also by way of another one."""
    targets = [each.data["target"] for each in changed if each.type in CORRECTIONS and each.log_id == batch.log_id]
    if not targets:
        return []
    wanted = {
        "log_id": batch.log_id,
        "upto": batch.upto,
        "sources": [each["source"] for each in targets],
        "ids": [each["id"] for each in targets],
    }
    return column(connection, TARGETS, wanted)


def _changed(fresh: Sequence[Fact], registers: Sequence[Fact]) -> list[Fact]:
    """Return the register's facts that new ones change: themselves, and what they correct, also by way of another."""
    found = {(each.log_id, each.position): each for each in fresh}
    waiting = list(fresh)
    while waiting:
        each = waiting.pop()
        if each.type not in CORRECTIONS:
            continue
        name = each.data["target"]["source"], each.data["target"]["id"]
        for other in registers:
            if other.name == name and (other.log_id, other.position) not in found:
                found[other.log_id, other.position] = other
                waiting.append(other)
    return list(found.values())
