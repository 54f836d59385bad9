"""Which requests for erasure were granted, and are to be carried out: of everything, not of some categories.

Source: GDPR Art. 17(1); P-39.1 s. 28.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.law.rights import ERASURE
from projections.person import Place
from projections.projection import Fold, Projection, forgotten, instant, select
from projections.requested import is_answer

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

    from projections.person import Person

GRANTED = frozenset({"dpv:RequestFulfilled", "dpv:RequestAccepted"})
"""Outcomes by which a request is to be carried out."""

DEFINITION = """
    CREATE TABLE erasure_request (
        log_id   smallint    NOT NULL,
        subject  uuid        NOT NULL,
        position bigint      NOT NULL,
        time     timestamptz NOT NULL,
        act      text        NOT NULL,
        request  text        NOT NULL,
        "right"  text,
        whole    boolean     NOT NULL,
        outcome  text,
        cohort   integer,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX erasure_request_cohort ON erasure_request (log_id, position) WHERE cohort IS NOT NULL;
    CREATE INDEX erasure_request_answer ON erasure_request (log_id, request) WHERE act = 'request.answered';
    CREATE INDEX erasure_request_right ON erasure_request (log_id, "right") WHERE act = 'request.received' AND whole
"""
FOLD = """
    INSERT INTO erasure_request
    SELECT e.log_id, e.stream, e.position, {time}, e.type, d.request_id, d."right", coalesce(d.categories, '{}') = '{}',
           d.outcome, (x.fact #>> '{cohort,size}')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        request_id text, "right" text, categories text[], outcome text
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM erasure_request AS t GROUP BY log_id
"""
# Requests by erasure_request_right, of who was not forgotten yet; answers by erasure_request_answer. What began already
# is passed over, also if it was taken back; by the primary key of erasure_step.
ANSWERED = """
    SELECT DISTINCT a.log_id, coalesce(m.subject, a.subject) AS stream, a.request
    FROM ledger.log AS l
    JOIN projections.erasure_request AS r ON r.log_id = l.log_id AND r."right" = ANY (%(rights)s)
     AND r.act = 'request.received' AND r.whole
    JOIN projections.erasure_request AS a ON a.log_id = %(log_id)s AND a.request = r.request
     AND a.act = 'request.answered' AND a.outcome = ANY (%(granted)s) AND a.position <= %(as_of)s
    LEFT JOIN ledger.member AS m ON a.cohort IS NOT NULL AND m.log_id = a.log_id AND m.position = a.position
    WHERE NOT EXISTS (
        SELECT FROM projections.erasure_step AS s
        WHERE s.log_id = a.log_id AND s.subject = coalesce(m.subject, a.subject) AND s.act = 'subject.revoked'
          AND s.data ->> 'request_ref' = a.request
    )
    ORDER BY stream, a.request
"""
# Her own rows by primary key; cohorts by member_subject, then erasure_request_cohort.
OF_PARTS = """
    SELECT c.log_id, c.position, c.time, c.act, c."right", c.whole, c.outcome
    FROM unnest(%(logs)s::smallint[], %(streams)s::uuid[], %(positions)s::bigint[]) AS p (log_id, stream, as_of)
    CROSS JOIN LATERAL (
        SELECT * FROM projections.erasure_request AS o
        WHERE o.log_id = p.log_id AND o.subject = p.stream AND o.position <= p.as_of
        UNION
        SELECT g.* FROM ledger.member AS m
        JOIN projections.erasure_request AS g
          ON g.log_id = m.log_id AND g.position = m.position AND g.cohort IS NOT NULL
        WHERE m.log_id = p.log_id AND m.subject = p.stream AND m.position <= p.as_of
    ) AS c
    WHERE c.request = %(request)s
    ORDER BY c.time, c.log_id, c.position
"""

# Once for what was granted and is not any more, to tell that from who asked being gone: few rows, read whole.
CARRIED_OUT = """
    SELECT 1 FROM projections.erasure_step AS r
    JOIN ledger.erased AS d ON d.log_id = r.log_id AND d.stream = r.subject
    WHERE r.act = 'subject.revoked' AND r.data ->> 'request_ref' = %(request)s LIMIT 1
"""
# Her own rows by primary key; cohorts by member_subject, then identity_change_cohort.
PARTED = """
    SELECT 1 FROM (
        SELECT o.act FROM projections.identity_change AS o
        WHERE o.log_id = %(log_id)s AND o.subject = %(subject)s AND o.position <= %(as_of)s
        UNION ALL
        SELECT c.act FROM ledger.member AS m
        JOIN projections.identity_change AS c
          ON c.log_id = m.log_id AND c.position = m.position AND c.cohort IS NOT NULL
        WHERE m.log_id = %(log_id)s AND m.subject = %(subject)s AND m.position <= %(as_of)s
    ) AS i WHERE i.act = 'subject.split' LIMIT 1
"""

ERASURE_REQUESTS = Projection(
    name="erasure_requests",
    version=1,
    tables=("erasure_request",),
    definition=DEFINITION,
    folds=(Fold(("request.received", "request.answered"), FOLD), forgotten("erasure_request")),
    digest=DIGEST,
)


class Answered(NamedTuple):
    """One person's request that was granted, and that nothing came of yet."""

    log_id: int
    stream: UUID
    request: str


class _Step(NamedTuple):
    log_id: int
    position: int
    time: datetime
    act: str
    right: str | None
    whole: bool
    outcome: str | None


def answered(connection: Connection[Any], log_id: int, as_of: int) -> list[Answered]:
    """Return what may have to be carried out: whether it has to, `granted` says.

    Args:
        connection: A reader's.
        log_id: In which log the answer is.
        as_of: Nothing recorded after this position is seen; at most what `progress.reached` says, of erasures too.
    """
    wanted = {"log_id": log_id, "as_of": as_of, "granted": list(GRANTED), "rights": list(ERASURE)}
    return select(connection, ANSWERED, wanted, Answered)


def granted(connection: Connection[Any], person: Person, request: str) -> bool:
    """Return whether a person asked under any of her names to be forgotten, and the last answer grants it.

    Args:
        connection: A reader's.
        person: Who; what was voided does not count.
        request: Its name.
    """
    asked, last = _said(connection, person, request)
    return asked and last in GRANTED


def still_granted(connection: Connection[Any], person: Person, request: str) -> bool:
    """Return whether what somebody is to be forgotten for still stands; the arguments are those of `granted`.

    The rows of who asked under another name and is forgotten already are gone: then the answer alone counts, unless the
    two turned out to be different people.
    """
    asked, last = _said(connection, person, request)
    if asked or last not in GRANTED:
        return last in GRANTED
    wanted = {"log_id": person.subject.log_id, "subject": person.subject.id, "as_of": person.as_of}
    carried_out = connection.execute(CARRIED_OUT, {"request": request}).fetchone() is not None
    return carried_out and connection.execute(PARTED, wanted).fetchone() is None


def _said(connection: Connection[Any], person: Person, request: str) -> tuple[bool, str | None]:
    """Return whether she asked under any of her names to be forgotten, and the outcome of the last answer."""
    wanted = {
        "logs": [part.log_id for part in person.parts],
        "streams": [part.stream for part in person.parts],
        "positions": [part.as_of for part in person.parts],
        "request": request,
    }
    steps = [
        each
        for each in select(connection, OF_PARTS, wanted, _Step)
        if Place(each.log_id, each.position) not in person.hidden
    ]
    asked = any(each.act == "request.received" and each.right in ERASURE and each.whole for each in steps)
    answers = [each.outcome for each in steps if each.act == "request.answered" and is_answer(each.outcome)]
    return asked, answers[-1] if answers else None
