"""Who turned out to be one person, and who after all did not: as of positions, so that earlier answers stay.

A merge joins subjects, a split parts those that it names from what one merge joined. Each keeps her stream, her
references and her keys: merging is never erasing, and erasing one leaves the others whole. Who was forgotten is in no
merge any more, since her rows are gone.

A merge over several logs is an entry in each: they are one by source, id and content. It joins from the positions on at
which an answer sees the parts of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from ledger.subject import Subject
from projections.projection import Fold, Projection, forgotten, select

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from psycopg import Connection

    from projections.pins import Pins

DEFINITION = """
    CREATE TABLE identity_change (
        log_id   smallint    NOT NULL,
        subject  uuid        NOT NULL,
        position bigint      NOT NULL,
        appended timestamptz NOT NULL,
        act      text        NOT NULL,
        source   text        NOT NULL,
        id       text        NOT NULL,
        content  uuid        NOT NULL,
        cohort   integer,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX identity_change_cohort ON identity_change (log_id, position) WHERE cohort IS NOT NULL;
    CREATE INDEX identity_change_name ON identity_change (log_id, source, id);
    CREATE INDEX identity_change_split ON identity_change (log_id, position) WHERE act = 'subject.split'
"""
# Of a merge, its own name; of a split, the name of the merge that it parts.
FOLD = """
    INSERT INTO identity_change
    SELECT e.log_id, e.stream, e.position, (x.fact ->> 'appended')::timestamptz, e.type,
           coalesce(x.fact #>> '{data,undoes,source}', x.fact ->> 'source'),
           coalesce(x.fact #>> '{data,undoes,id}', x.fact ->> 'id'), e.content,
           (x.fact #>> '{cohort,size}')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM identity_change AS t GROUP BY log_id
"""
# By identity_change_name, then member's primary key: a split that names this subject, of this merge.
PARTED = """EXISTS (
        SELECT FROM projections.identity_change AS u
        WHERE u.log_id = i.log_id AND u.source = i.source AND u.id = i.id AND u.act = 'subject.split'
          AND u.position > i.position AND u.position <= {as_of}
          AND (u.subject = {subject} OR u.cohort IS NOT NULL AND EXISTS (
              SELECT FROM ledger.member AS n
              WHERE n.log_id = u.log_id AND n.position = u.position AND n.subject = {subject}
          ))
    )"""
# Merges that any of these are in: their own rows by primary key, cohorts by member_subject and identity_change_cohort.
MERGES = """
    SELECT DISTINCT i.source, i.id, i.content
    FROM unnest(%(logs)s::smallint[], %(subjects)s::uuid[], %(positions)s::bigint[]) AS s (log_id, subject, as_of)
    CROSS JOIN LATERAL (
        SELECT * FROM projections.identity_change AS o
        WHERE o.log_id = s.log_id AND o.subject = s.subject AND o.position <= s.as_of
        UNION ALL
        SELECT c.* FROM ledger.member AS m
        JOIN projections.identity_change AS c
          ON c.log_id = m.log_id AND c.position = m.position AND c.cohort IS NOT NULL
        WHERE m.log_id = s.log_id AND m.subject = s.subject AND m.position <= s.as_of
    ) AS i
    WHERE i.act = 'subject.merged' AND NOT {parted}
""".replace("{parted}", PARTED.replace("{as_of}", "s.as_of").replace("{subject}", "s.subject"))
# In which logs a merge has parts, by identity_change_name.
WHERE = """
    SELECT DISTINCT i.log_id
    FROM unnest(%(sources)s::text[], %(ids)s::text[], %(contents)s::uuid[]) AS w (source, id, content)
    CROSS JOIN ledger.log AS l
    JOIN projections.identity_change AS i
      ON i.log_id = l.log_id AND i.source = w.source AND i.id = w.id AND i.content = w.content
    ORDER BY i.log_id
"""
JOINED = """
    SELECT p.subject, i.log_id, i.source, i.id, i.appended
    FROM unnest(%(logs)s::smallint[], %(positions)s::bigint[]) AS l (log_id, as_of)
    CROSS JOIN unnest(%(sources)s::text[], %(ids)s::text[], %(contents)s::uuid[]) AS w (source, id, content)
    JOIN projections.identity_change AS i
      ON i.log_id = l.log_id AND i.source = w.source AND i.id = w.id AND i.content = w.content
     AND i.act = 'subject.merged' AND i.position <= l.as_of
    CROSS JOIN LATERAL (
        SELECT i.subject WHERE i.cohort IS NULL
        UNION ALL
        SELECT m.subject FROM ledger.member AS m
        WHERE i.cohort IS NOT NULL AND m.log_id = i.log_id AND m.position = i.position
    ) AS p
    WHERE NOT {parted}
    ORDER BY i.log_id, p.subject
""".replace("{parted}", PARTED.replace("{as_of}", "l.as_of").replace("{subject}", "p.subject"))

IDENTITY = Projection(
    name="identity",
    version=3,
    tables=("identity_change",),
    definition=DEFINITION,
    folds=(Fold(("subject.merged", "subject.split"), FOLD), forgotten("identity_change")),
    digest=DIGEST,
)


class Joining(NamedTuple):
    """One subject that a merge joins to others."""

    subject: UUID
    log_id: int
    source: str
    id: str
    appended: datetime


class Merge(NamedTuple):
    """One merge, in however many logs it has parts."""

    source: str
    id: str
    content: UUID


class Aliases(NamedTuple):
    """All that are one person."""

    names: list[Subject]
    """The one asked for first."""
    joined: datetime | None
    """Since when that was known; None if she has one name."""


def aliases(connection: Connection[Any], subject: Subject, pins: Pins) -> Aliases:
    """Return all subjects that are one person as of positions.

    Args:
        connection: A reader's.
        subject: Whom, by any of her ids.
        pins: For each log the last position that is seen. Those without a part of a merge of hers are not asked for.
    """
    known: dict[Subject, None] = {subject: None}
    seen: dict[Merge, None] = {}
    since: list[datetime] = []
    fresh = [subject]
    while fresh:
        more = [each for each in merges(connection, fresh, pins) if each not in seen]
        seen |= dict.fromkeys(more)
        found = joined(connection, more, pins) if more else []
        since += _since(found)
        fresh = [each for each in (Subject(row.subject.hex, row.log_id) for row in found) if each not in known]
        known |= dict.fromkeys(fresh)
        fresh = list(dict.fromkeys(fresh))
    return Aliases(list(known), max(since, default=None))


def merges(connection: Connection[Any], subjects: Iterable[Subject], pins: Pins) -> list[Merge]:
    """Return the merges that any of some subjects is in and was not split from."""
    asked = list(subjects)
    wanted = {
        "logs": [each.log_id for each in asked],
        "subjects": [UUID(hex=each.id) for each in asked],
        "positions": [pins.of(connection, each.log_id) for each in asked],
    }
    return select(connection, MERGES, wanted, Merge)


def joined(connection: Connection[Any], known: Iterable[Merge], pins: Pins) -> list[Joining]:
    """Return whom some merges join, at least one, and no split parted."""
    sources, ids, contents = (list(each) for each in zip(*known, strict=True))
    names = {"sources": sources, "ids": ids, "contents": contents}
    logs = [row[0] for row in connection.execute(WHERE, names, prepare=True).fetchall()]
    positions = [pins.of(connection, log_id) for log_id in logs]
    return select(connection, JOINED, names | {"logs": logs, "positions": positions}, Joining)


def _since(found: list[Joining]) -> list[datetime]:
    """Return when each merge that joins anybody was recorded, in the last of its logs."""
    merges: dict[tuple[str, str], list[Joining]] = {}
    for each in found:
        merges.setdefault((each.source, each.id), []).append(each)
    return [max(each.appended for each in some) for some in merges.values() if len(some) > 1]
