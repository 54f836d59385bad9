"""Everything recorded about a person, newest first: straight from the ledger, no table of its own.

Her stream and her memberships in cohorts are merged by position. Sealed facts are in another stream, which nothing
here leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from psycopg.rows import scalar_row

from projections.projection import Page, before, one_more, page, select

if TYPE_CHECKING:
    from psycopg import Connection

    from ledger.subject import Subject

# Her stream by entry_stream_sequence: within a stream, sequence and position rise together, so the index is read from
# its end. Cohorts by member_subject, then the entry's primary key.
OF_SUBJECT = r"""
    SELECT position, type, sequence, role, sha256('\x00'::bytea || bytes), bytes FROM (
        (SELECT position, type, sequence, NULL::text AS role, bytes
         FROM ledger.entry
         WHERE log_id = %(log_id)s AND stream = %(subject)s::uuid AND position < %(before)s
           AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s))
         ORDER BY sequence DESC LIMIT %(limit)s)
        UNION ALL
        (SELECT c.position, c.type, NULL::integer, m.role, c.bytes
         FROM ledger.member AS m
         CROSS JOIN LATERAL (
             SELECT e.position, e.type, e.bytes
             FROM ledger.entry AS e
             WHERE e.log_id = m.log_id AND e.position = m.position
               AND (%(types)s::text[] IS NULL OR e.type = ANY(%(types)s))
             OFFSET 0
         ) AS c
         WHERE m.log_id = %(log_id)s AND m.subject = %(subject)s::uuid AND m.position < %(before)s
         ORDER BY m.position DESC LIMIT %(limit)s)
    ) AS found
    ORDER BY position DESC LIMIT %(limit)s
"""
APPENDED = (
    "SELECT convert_from(bytes, 'UTF8')::jsonb ->> 'appended' FROM ledger.entry WHERE log_id = %s AND position = %s"
)


class Moment(NamedTuple):
    """One entry about a person."""

    position: int
    type: str
    sequence: int | None
    """Its place in her own stream; None for an entry about a cohort that she is a member of."""
    role: str | None
    """Her role in the cohort; of her own entries, the entry says it."""
    leaf: bytes
    """32 bytes."""
    bytes: bytes
    """Exactly what was hashed."""

    def json(self) -> dict[str, Any]:
        """Return the entry's members."""
        members: dict[str, Any] = orjson.loads(self.bytes)
        return members


def of_subject(
    connection: Connection[Any],
    subject: Subject,
    as_of: int,
    *,
    after: int | None = None,
    limit: int | None = 100,
    types: list[str] | None = None,
) -> Page[Moment]:
    """Return the entries about a person, newest first.

    Args:
        connection: A reader's.
        subject: Whom.
        as_of: Nothing recorded after this position is seen; at most the log's size.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
        types: Only facts of these types.
    """
    wanted = {
        "log_id": subject.log_id,
        "subject": subject.id,
        "before": before(as_of, after),
        "limit": one_more(limit),
        "types": types,
    }
    rows = select(connection, OF_SUBJECT, wanted, Moment)
    return page(rows, limit, [row.position for row in rows])


def appended(connection: Connection[Any], log_id: int, position: int) -> str | None:
    """Return when the ledger recorded an entry, RFC 3339 in UTC; None if the log is not that long."""
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(APPENDED, (log_id, position), prepare=True).fetchone()
