"""Who turned out to be one person, and who after all did not: as of a position, so that earlier answers stay.

A merge joins subjects, a split undoes one merge. Each keeps her stream, her references and her keys: merging is never
erasing, and erasing one leaves the others whole. Who was forgotten is in no merge any more, since her rows are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.rows import scalar_row

from projections.projection import Fold, Projection

if TYPE_CHECKING:
    from psycopg import Connection

    from ledger.subject import Subject

DEFINITION = """
    CREATE TABLE identity_change (
        log_id   smallint NOT NULL,
        position bigint   NOT NULL,
        act      text     NOT NULL,
        source   text     NOT NULL,
        id       text     NOT NULL,
        PRIMARY KEY (log_id, position)
    )
"""
# Of a merge, its own name; of a split, the name of the merge that it undoes.
FOLD = """
    INSERT INTO identity_change
    SELECT e.log_id, e.position, e.type,
           coalesce(x.fact #>> '{data,undoes,source}', x.fact ->> 'source'),
           coalesce(x.fact #>> '{data,undoes,id}', x.fact ->> 'id')
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM identity_change AS t GROUP BY log_id
"""
# Merges that any of these are in, by member_subject and the primary key, and everybody in them. A later split takes who
# it names out of the merge that it undoes, seen from either side; who is not named stays joined.
JOINED = """
    SELECT DISTINCT other.subject
    FROM unnest(%(subjects)s::uuid[]) AS s (subject)
    JOIN ledger.member AS m ON m.log_id = %(log_id)s AND m.subject = s.subject AND m.position <= %(as_of)s
    JOIN projections.identity_change AS i
      ON i.log_id = m.log_id AND i.position = m.position AND i.act = 'subject.merged'
    JOIN ledger.member AS other ON other.log_id = m.log_id AND other.position = m.position
    WHERE NOT EXISTS (
        SELECT FROM projections.identity_change AS u
        JOIN ledger.member AS n ON n.log_id = u.log_id AND n.position = u.position
          AND n.subject IN (s.subject, other.subject)
        WHERE u.log_id = i.log_id AND u.act = 'subject.split' AND u.source = i.source AND u.id = i.id
          AND u.position > i.position AND u.position <= %(as_of)s
    )
"""

IDENTITY = Projection(
    name="identity",
    version=1,
    tables=("identity_change",),
    definition=DEFINITION,
    folds=(Fold(("subject.merged", "subject.split"), FOLD),),
    digest=DIGEST,
)


def aliases(connection: Connection[Any], subject: Subject, as_of: int) -> list[str]:
    """Return the ids of all subjects that are one person as of a position, the one asked for first."""
    known: dict[str, None] = {subject.id: None}
    fresh = [subject.id]
    while fresh:
        wanted = {"log_id": subject.log_id, "as_of": as_of, "subjects": [UUID(hex=each) for each in fresh]}
        with connection.cursor(row_factory=scalar_row) as cursor:
            found = sorted(each.hex for each in cursor.execute(JOINED, wanted, prepare=True).fetchall())
        fresh = [each for each in found if each not in known]
        known |= dict.fromkeys(fresh)
    return list(known)
