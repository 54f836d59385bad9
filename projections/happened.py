"""Which of a person's facts happened only after a time: what `valid_at` leaves out of every answer about her.

One place for all answers: such a fact does not count for them, as one that was voided does not. So pages and cursors,
which are made of positions, stay as they are. That two names are one person's, and that a fact was wrong, is knowledge
and no happening: it counts from when it was recorded, whatever time it states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.person import Place
from projections.projection import instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import Connection

    from projections.person import Part

# Hers by entry_stream_sequence; cohorts by member_subject, then the entry's primary key.
LATER = """
    SELECT DISTINCT e.log_id, e.position
    FROM unnest(%(logs)s::smallint[], %(streams)s::uuid[], %(positions)s::bigint[]) AS p (log_id, stream, as_of)
    CROSS JOIN LATERAL (
        SELECT o.log_id, o.position, o.bytes FROM ledger.entry AS o
        WHERE o.log_id = p.log_id AND o.stream = p.stream AND o.position <= p.as_of
        UNION ALL
        SELECT c.* FROM ledger.member AS m
        CROSS JOIN LATERAL (
            SELECT g.log_id, g.position, g.bytes FROM ledger.entry AS g
            WHERE g.log_id = m.log_id AND g.position = m.position
            OFFSET 0
        ) AS c
        WHERE m.log_id = p.log_id AND m.subject = p.stream AND m.position <= p.as_of
    ) AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb ->> 'time' AS stated OFFSET 0) AS t
    WHERE {time} > %(valid_at)s
""".replace("{time}", instant("t.stated"))


def later(connection: Connection[Any], parts: Sequence[Part], valid_at: datetime) -> frozenset[Place]:
    """Return the places of facts about a person that happened after a time; of a span of time, its beginning counts.

    Args:
        connection: A reader's.
        parts: All streams that are hers, with the position each is seen up to.
        valid_at: The time. What happened at it has happened.
    """
    wanted = {
        "logs": [part.log_id for part in parts],
        "streams": [part.stream for part in parts],
        "positions": [part.as_of for part in parts],
        "valid_at": valid_at,
    }
    return frozenset(Place(*row) for row in connection.execute(LATER, wanted, prepare=True).fetchall())
