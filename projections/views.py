"""Who looked at a person's data, or used it: people one by one, services as counted series.

A person at work is known here by a keyed hash only, so that her look-ups can be counted without naming her; the report
tells her role. An officer's query of this ledger is a look like any other.

Source: CJEU C-579/21 (dates and purposes of look-ups are owed, employees' names are not).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from projections.person import Person, rows
from projections.projection import Fold, Page, Projection, forgotten, instant, one_more, page, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from ledger.subject import Subject

Actor = Literal["human", "service", "external", "ledger"]
"""Whose looks: people at work, services, people of others, or whoever asked here."""

DEFINITION = """
    CREATE TABLE look (
        log_id      smallint    NOT NULL,
        subject     uuid        NOT NULL,
        position    bigint      NOT NULL,
        time        timestamptz NOT NULL,
        stated      text        NOT NULL,
        act         text        NOT NULL,
        actor_kind  text,
        actor       text,
        actor_role  text,
        system      text,
        purposes    text[]      NOT NULL,
        categories  text[]      NOT NULL,
        ticket      text,
        times       bigint      NOT NULL,
        cohort      integer,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX look_cohort ON look (log_id, position) WHERE cohort IS NOT NULL;
    CREATE INDEX look_person ON look (log_id, time, actor, subject)
        WHERE act = 'data.viewed' AND actor_kind = 'human' AND actor IS NOT NULL AND cohort IS NULL
"""
# A refused query showed nothing to anybody. A query about no person in particular is in a stream of the ledger's own.
FOLD = """
    INSERT INTO look
    SELECT e.log_id, e.stream, e.position,
           {time}, t.stated, e.type,
           d.actor ->> 'kind', coalesce(d.actor ->> 'key', d.actor ->> 'id'), d.actor ->> 'role', d.system,
           coalesce(d.purposes, array_remove(ARRAY[d.purpose], NULL)), coalesce(d.categories, '{}'), d.ticket,
           coalesce(d.times, 1),
           (x.fact -> 'cohort' ->> 'size')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        actor jsonb, system text, purposes text[], purpose text, categories text[], ticket text, times bigint,
        outcome text
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.outcome IS DISTINCT FROM 'refused'
      -- Only the ledger itself knows who asked it: from an emitter, this is a claim about somebody, and no look.
      AND (e.type <> 'ledger.queried' OR x.fact ->> 'source' LIKE '/whosaw/%%')
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM look AS t GROUP BY log_id
"""
# Her own looks by primary key; cohorts by member_subject, then look_cohort: OFFSET 0 keeps that a probe each.
# What is not a person's is one series for each day as the service stated it, or one for all days.
OF_SUBJECT = """
    WITH seen AS (
        SELECT position, time, stated, act, actor_kind, actor, actor_role, system, purposes, categories, ticket, times
        FROM projections.look
        WHERE log_id = %(log_id)s AND subject = %(subject)s::uuid AND position <= %(as_of)s
        UNION ALL
        SELECT c.*
        FROM ledger.member AS m
        CROSS JOIN LATERAL (
            SELECT position, time, stated, act, actor_kind, actor, actor_role, system, purposes, categories, ticket,
                   times
            FROM projections.look AS l
            WHERE l.log_id = m.log_id AND l.position = m.position AND l.cohort IS NOT NULL
            OFFSET 0
        ) AS c
        WHERE m.log_id = %(log_id)s AND m.subject = %(subject)s::uuid AND m.position <= %(as_of)s
    )
    SELECT max(position) AS position, count(*), least(sum(times), 9223372036854775807)::bigint,
           (array_agg(stated ORDER BY time, position))[1],
           (array_agg(stated ORDER BY time DESC, position DESC))[1],
           act, actor_kind, actor, actor_role, system, purposes, categories,
           coalesce(array_agg(DISTINCT ticket ORDER BY ticket) FILTER (WHERE ticket IS NOT NULL), '{}')
    FROM seen
    WHERE %(actors)s::text[] IS NULL
       OR CASE act WHEN 'ledger.queried' THEN 'ledger' ELSE actor_kind END = ANY (%(actors)s::text[])
    GROUP BY act, actor_kind, actor, actor_role, system, purposes, categories,
             CASE WHEN actor_kind IS DISTINCT FROM 'service' THEN position END,
             CASE WHEN actor_kind = 'service' AND %(by_day)s THEN left(stated, 10) END
    HAVING %(after)s::bigint IS NULL OR max(position) < %(after)s
    ORDER BY max(position) DESC
    LIMIT %(limit)s
"""

# All of a person's streams in one log: an entry about two of her names is one look, and what does not count is in no
# series.
OF_STREAMS = (
    OF_SUBJECT.replace("subject = %(subject)s::uuid", "subject = ANY (%(streams)s::uuid[])")
    .replace("UNION ALL", "UNION")
    .replace("FROM seen", "FROM (SELECT * FROM seen WHERE position <> ALL (%(hidden)s::bigint[])) AS counting")
)

VIEWS = Projection(
    name="views",
    version=6,
    tables=("look",),
    definition=DEFINITION,
    folds=(Fold(("data.used", "data.viewed", "ledger.queried"), FOLD), forgotten("look")),
    digest=DIGEST,
)


class View(NamedTuple):
    """One look of a person at work, or a series of a service's."""

    position: int
    """Of the newest fact in it."""
    facts: int
    """How many facts it stands for."""
    looks: int
    """How many look-ups those state."""
    first: str
    """RFC 3339, with the offset that the emitter wrote."""
    last: str
    act: str
    """data.viewed, data.used or ledger.queried."""
    actor_kind: str | None
    """human, service or external."""
    actor: str | None
    """A service's name; of a person, the hash that only counts."""
    actor_role: str | None
    system: str | None
    purposes: list[str]
    categories: list[str]
    tickets: list[str]
    """In order; empty if none was named."""


def of_subject(
    connection: Connection[Any],
    subject: Subject,
    as_of: int,
    *,
    after: int | None = None,
    limit: int | None = 100,
    by_day: bool = True,
    actors: Sequence[Actor] | None = None,
) -> Page[View]:
    """Return who looked at a person's data, the newest recorded first.

    Args:
        connection: A reader's.
        subject: Whose data.
        as_of: Nothing recorded after this position is seen; at most what `progress.reached` says.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
        by_day: Whether a service's looks are counted for each day, or as one series from first to last.
        actors: Only looks by these; None for all.
    """
    wanted = {
        "log_id": subject.log_id,
        "subject": subject.id,
        "as_of": as_of,
        "after": after,
        "limit": one_more(limit),
        "by_day": by_day,
        "actors": None if actors is None else list(actors),
    }
    rows = select(connection, OF_SUBJECT, wanted, View)
    return page(rows, limit, [row.position for row in rows])


def of_person(
    connection: Connection[Any],
    person: Person,
    *,
    after: int | None = None,
    limit: int | None = 100,
    by_day: bool = True,
    actors: Sequence[Actor] | None = None,
) -> Page[View]:
    """Return who looked at a person's data under all her names; otherwise as `of_subject`."""
    if len(person.parts) == 1 and not person.hidden:
        return of_subject(
            connection, person.subject, person.as_of, after=after, limit=limit, by_day=by_day, actors=actors
        )

    def of_log(
        connection: Connection[Any],
        subject: Subject,
        as_of: int,
        *,
        after: int | None = None,
        limit: int | None = 100,
        by_day: bool = True,
        actors: Sequence[Actor] | None = None,
    ) -> Page[View]:
        wanted = {
            "log_id": subject.log_id,
            "streams": [UUID(hex=part.stream) for part in person.parts if part.log_id == subject.log_id],
            "as_of": as_of,
            "hidden": sorted(place.position for place in person.hidden if place.log_id == subject.log_id),
            "after": after,
            "limit": one_more(limit),
            "by_day": by_day,
            "actors": None if actors is None else list(actors),
        }
        found = select(connection, OF_STREAMS, wanted, View)
        return page(found, limit, [row.position for row in found])

    # A log's streams are read together, so that a series counts what is in any of them.
    first = {part.log_id: part for part in reversed(person.parts)}
    parts = tuple(first[log_id] for log_id in person.logs)
    hers = Person(person.subject, parts)
    return rows(of_log, connection, hers, after=after, limit=limit, by_day=by_day, actors=actors)
