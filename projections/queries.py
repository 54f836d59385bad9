"""Who asked the ledger about a person, why, under which ticket; also who was refused.

Straight from her stream, like the timeline. Asking this question is on record like any other, and is told by the
timeline; it is not among its own answers, or each look would lengthen the next one.

Source: PIPEDA Schedule 1, 4.7; GDPR Art. 5(2); CJEU C-579/21.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.projection import Page, before, one_more, page, select

if TYPE_CHECKING:
    from psycopg import Connection

    from ledger.subject import Subject

# Her own by entry_stream_sequence, read from its end; cohorts by member_subject, then the entry's primary key. Only the
# ledger itself knows who asked it: what an emitter says of that is a claim.
OF_SUBJECT = """
    SELECT position, fact ->> 'time', fact #>> '{data,query}', fact #>> '{data,outcome}', fact #>> '{data,purpose}',
           fact #>> '{data,ticket}', fact #>> '{data,actor,role}', fact ->> 'emitter',
           (fact #>> '{data,result_count}')::bigint, (fact #>> '{data,as_of}')::bigint,
           ARRAY(SELECT jsonb_array_elements_text(coalesce(fact #> '{data,categories}', '[]'))),
           (fact #>> '{cohort,size}')::integer
    FROM (
        (SELECT e.position, x.fact
         FROM ledger.entry AS e
         CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
         WHERE e.log_id = %(log_id)s AND e.stream = %(subject)s::uuid AND e.position < %(before)s
           AND e.type = 'ledger.queried' AND x.fact ->> 'source' LIKE '/whosaw/%%'
           AND x.fact #>> '{data,query}' <> %(itself)s
         ORDER BY e.sequence DESC LIMIT %(limit)s)
        UNION ALL
        (SELECT m.position, c.fact
         FROM ledger.member AS m
         CROSS JOIN LATERAL (
             SELECT x.fact
             FROM ledger.entry AS e
             CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
             WHERE e.log_id = m.log_id AND e.position = m.position
               AND e.type = 'ledger.queried' AND x.fact ->> 'source' LIKE '/whosaw/%%'
               AND x.fact #>> '{data,query}' <> %(itself)s
             OFFSET 0
         ) AS c
         WHERE m.log_id = %(log_id)s AND m.subject = %(subject)s::uuid AND m.position < %(before)s
         ORDER BY m.position DESC LIMIT %(limit)s)
    ) AS found
    ORDER BY position DESC LIMIT %(limit)s
"""
ITSELF = "whosaw:QueryQueries"
"""The code of this question."""


class Query(NamedTuple):
    """One question to the ledger."""

    position: int
    time: str
    query: str
    """What was asked: a code."""
    outcome: str
    """answered, refused or exported."""
    purpose: str
    ticket: str | None
    role: str | None
    """The position of who asked."""
    key: str | None
    """The key she asked with; for those who may know."""
    rows: int
    """How many the answer had."""
    as_of: int | None
    categories: list[str]
    cohort: int | None
    """About how many people it was, in this log; None if about one."""


def of_subject(
    connection: Connection[Any], subject: Subject, as_of: int, *, after: int | None = None, limit: int | None = 100
) -> Page[Query]:
    """Return who asked about a person, the newest first.

    Args:
        connection: A reader's.
        subject: Whom.
        as_of: Nothing recorded after this position is seen.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
    """
    wanted = {
        "log_id": subject.log_id, "subject": subject.id, "before": before(as_of, after), "limit": one_more(limit),
        "itself": ITSELF,
    }  # fmt: skip
    rows = select(connection, OF_SUBJECT, wanted, Query)
    return page(rows, limit, [row.position for row in rows])
