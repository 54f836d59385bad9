"""What was recorded while two people were taken for one: after a split, somebody has to say whose it is.

A fact stays with the name that it was recorded under. Between a merge and its split that name may have been used for
either of them, and nothing in the fact tells. An officer looks through these facts, and corrects what was about the
wrong person. What she corrected is not listed any more; nor is what an order seals, which is in no stream of theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from projections.across import HIDDEN
from projections.history import IDENTITY, OWN
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

BATCH = 50
"""Splits that are looked through at a time."""
# By identity_change_split; the merge by identity_change_name. A sealed split parts nobody openly.
SPLITS = """
    SELECT s.position, s.subject, s.cohort IS NOT NULL AS several, i.position AS merge, i.subject AS merged,
           i.cohort IS NOT NULL AS joined, s.source, s.id
    FROM projections.identity_change AS s
    JOIN ledger.entry AS e ON e.log_id = s.log_id AND e.position = s.position
    CROSS JOIN LATERAL (
        SELECT * FROM projections.identity_change AS m
        WHERE m.log_id = s.log_id AND m.source = s.source AND m.id = s.id AND m.act = 'subject.merged'
          AND m.position < s.position
        LIMIT 1
    ) AS i
    WHERE s.log_id = %(log_id)s AND s.act = 'subject.split' AND s.position >= %(start)s AND s.position <= %(as_of)s
      AND convert_from(e.bytes, 'UTF8')::jsonb #>> '{data,visibility}' IS DISTINCT FROM 'sealed'
    ORDER BY s.position LIMIT %(limit)s
"""
# Whom both name, by member's primary key, unless she is to be forgotten; her own entries by the index
# (log_id, stream, sequence), cohorts by member_subject. Who was forgotten is a member of nothing.
FACTS = """
    WITH parted AS (
        SELECT p.subject
        FROM (
            SELECT %(subject)s::uuid AS subject WHERE NOT %(several)s
            UNION ALL
            SELECT m.subject FROM ledger.member AS m
            WHERE %(several)s AND m.log_id = %(log_id)s AND m.position = %(position)s
        ) AS p
        WHERE (
            NOT %(joined)s AND p.subject = %(merged)s
            OR %(joined)s AND EXISTS (
                SELECT FROM ledger.member AS n
                WHERE n.log_id = %(log_id)s AND n.position = %(merge)s AND n.subject = p.subject
            )
        ) AND NOT EXISTS (
            SELECT FROM ledger.revoked AS r WHERE r.log_id = %(log_id)s AND r.subject = p.subject
        )
    ), streams AS (
        SELECT p.subject, p.subject AS stream FROM parted AS p
        UNION ALL
        SELECT o.subject, o.stream FROM parted AS p
        JOIN ledger.opened AS o ON o.log_id = %(log_id)s AND o.subject = p.subject AND o.position <= %(as_of)s
    )
    SELECT e.log_id, %(position)s::bigint AS split, %(merge)s::bigint AS merge, t.subject, e.position, e.type,
           x.fact ->> 'time' AS stated, said.source, said.id, x.fact ? 'cohort' AS cohort
    FROM streams AS t
    CROSS JOIN LATERAL (
        SELECT o.position FROM ledger.entry AS o
        WHERE o.log_id = %(log_id)s AND o.stream = t.stream AND o.position > %(merge)s AND o.position < %(position)s
        UNION ALL
        SELECT m.position FROM ledger.member AS m
        WHERE m.log_id = %(log_id)s AND m.subject = t.stream AND m.position > %(merge)s AND m.position < %(position)s
    ) AS f
    JOIN ledger.entry AS e ON e.log_id = %(log_id)s AND e.position = f.position AND NOT e.type = ANY (%(types)s)
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'source' AS source, x.fact ->> 'id' AS id OFFSET 0) AS said
    WHERE (f.position, t.subject) > (%(after)s, %(other)s::uuid) AND NOT starts_with(said.source, %(own)s)
      AND NOT {hidden}
    ORDER BY f.position, t.subject LIMIT %(limit)s
""".replace(
    "{hidden}", HIDDEN.replace("{fact}", "e").replace("{name}", "said").replace("{streams}", "t.subject, t.stream")
)


class Unattributed(NamedTuple):
    """One fact that may be about either of those whom a split parted."""

    log_id: int
    split: int
    """Position of the split."""
    merge: int
    """Position of the merge that it undoes."""
    subject: UUID
    """Whose it is, as long as nobody corrects it: the name that it was recorded under."""
    position: int
    type: str
    stated: str
    """When it happened, as its emitter wrote it. RFC 3339."""
    source: str
    id: str
    """As its emitter named it: what a correction names."""
    cohort: bool
    """Whether it is about several people."""


class Cursor(NamedTuple):
    """Where a page ended."""

    log_id: int
    split: int
    position: int
    subject: UUID


BEGIN = Cursor(0, 0, 0, UUID(int=0))


class _Split(NamedTuple):
    position: int
    subject: UUID
    several: bool
    merge: int
    merged: UUID
    joined: bool
    source: str
    id: str


def across(
    connection: Connection[Any], as_of: Mapping[int, int], *, after: Cursor = BEGIN, limit: int = 100
) -> tuple[list[Unattributed], Cursor | None]:
    """Return what was recorded to those whom splits parted, split by split, by position; and where to go on.

    Args:
        connection: A reader's.
        as_of: For each log the last position that is seen.
        after: Where the page before ended.
        limit: The most rows.
    """
    found: list[Unattributed] = []
    for log_id in sorted(each for each in as_of if each >= after.log_id):
        place = after if log_id == after.log_id else Cursor(log_id, *BEGIN[1:])
        while len(found) <= limit:
            wanted = {"log_id": log_id, "as_of": as_of[log_id], "start": place.split, "limit": BATCH}
            splits = select(connection, SPLITS, wanted, _Split)
            for split in splits:
                if len(found) <= limit:
                    begin = place if split.position == place.split else BEGIN
                    found += _facts(connection, log_id, as_of[log_id], split, begin, limit + 1 - len(found))
            if len(splits) < BATCH:
                break
            place = Cursor(log_id, splits[-1].position + 1, *BEGIN[2:])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], Cursor(last.log_id, last.split, last.position, last.subject)


def _facts(
    connection: Connection[Any], log_id: int, as_of: int, split: _Split, after: Cursor, limit: int
) -> list[Unattributed]:
    wanted = split._asdict() | {
        "log_id": log_id,
        "as_of": as_of,
        "after": after.position,
        "other": after.subject,
        "types": list(IDENTITY),
        "own": OWN,
        "limit": limit,
    }
    return select(connection, FACTS, wanted, Unattributed)
