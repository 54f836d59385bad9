"""Links of a name that led to somebody else: the two may be one person, and only a merge may say so.

What was recorded stays where it is, and the name goes on leading to whom it led to. A link like this is either the
first sign that two subjects are one (merge them), or it is wrong (nothing to do), or the name is not the other's any
more (unlink it there, and link it again). Once the name leads elsewhere, or one of them is gone, it is not listed.

This has no table of its own: the writer notices it, under the lock (`ledger.taken_name`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from ledger.route import OPENLY_KNOWN
from projections.projection import select

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

# By primary keys; either of them by the index (log_id, stream, sequence). Who is known by sealed facts alone is nobody.
KNOWN: LiteralString = """EXISTS (
        SELECT FROM ledger.subject AS s
        WHERE s.log_id = {log} AND s.subject = {who}
          AND NOT EXISTS (SELECT FROM ledger.revoked AS r WHERE r.log_id = s.log_id AND r.subject = s.subject)
          AND {openly}
    )""".replace("{openly}", OPENLY_KNOWN)
CONFLICTS = """
    SELECT t.log_id, t.position, t.subject, t.holder, n.home, (x.fact ->> 'appended')::timestamptz AS appended,
           x.fact #>> '{data,identifier,kind}' AS kind, x.fact #>> '{data,method}' AS method,
           x.fact #>> '{data,confidence}' AS confidence, x.fact ->> 'source' AS source, x.fact ->> 'id' AS id
    FROM ledger.taken_name AS t
    JOIN ledger.reference AS n ON n.log_id = t.chosen AND n.digest = t.digest AND n.subject = t.holder
    JOIN ledger.entry AS e ON e.log_id = t.log_id AND e.position = t.position
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    WHERE t.log_id = %(log_id)s AND t.position > %(after)s AND t.position <= %(as_of)s
      AND {subject} AND {holder}
    ORDER BY t.position LIMIT %(limit)s
""".replace("{subject}", KNOWN.replace("{log}", "t.log_id").replace("{who}", "t.subject")).replace(
    "{holder}", KNOWN.replace("{log}", "n.home").replace("{who}", "t.holder")
)


class Conflict(NamedTuple):
    """One link of a name that leads to somebody else."""

    log_id: int
    position: int
    """Of the link."""
    subject: UUID
    """Whom the link names."""
    holder: UUID
    """Whom the name leads to."""
    home: int
    """The log that she lives in."""
    appended: datetime
    kind: str
    """Of the name, such as phone."""
    method: str
    confidence: str
    source: str
    id: str


def of_log(connection: Connection[Any], log_id: int, as_of: int, after: int, limit: int) -> list[Conflict]:
    """Return the links of one log whose name still leads to somebody else, by position.

    Args:
        connection: A reader's.
        log_id: In which the links are.
        as_of: Nothing recorded after this position is seen.
        after: Position at which the page before ended.
        limit: The most rows.
    """
    wanted = {"log_id": log_id, "as_of": as_of, "after": after, "limit": limit}
    return select(connection, CONFLICTS, wanted, Conflict)
