"""What a person consents to, by purpose, as it stands: given, refused, withdrawn or run out; since when, and how.

Of the facts that one purpose, category, medium and recipient falls under, the latest decides: a withdrawal of all
withdraws each, and what is given again after it is given. Under several names she is one person who may have said
different things: of what was said before that was known, a refusal under any name is a refusal. What was said after it
was known counts for all of her.

Source: PIPEDA Schedule 1, 4.3.8; P-39.1 s. 14; GDPR Art. 7(3); CASL s. 6 and 11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.consented import Change, Consent, standing
from projections.person import Place
from projections.projection import Fold, Page, Projection, forgotten, instant, select

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import Connection

    from projections.person import Part, Person

DEFINITION = """
    CREATE TABLE consent_change (
        log_id      smallint    NOT NULL,
        subject     uuid        NOT NULL,
        position    bigint      NOT NULL,
        appended    timestamptz NOT NULL,
        effective   timestamptz NOT NULL,
        stated      text        NOT NULL,
        state       text        NOT NULL,
        purposes    text[]      NOT NULL,
        categories  text[]      NOT NULL,
        media       text[]      NOT NULL,
        recipients  text[]      NOT NULL,
        ends        timestamptz,
        until       text,
        channel     text        NOT NULL,
        expression  text,
        notice      text,
        conditional boolean     NOT NULL,
        source      text        NOT NULL,
        id          text        NOT NULL,
        cohort      integer,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX consent_change_cohort ON consent_change (log_id, position) WHERE cohort IS NOT NULL;
    CREATE TABLE consent_given (
        log_id    smallint    NOT NULL,
        subject   uuid        NOT NULL,
        purpose   text        NOT NULL,
        effective timestamptz NOT NULL,
        position  bigint      NOT NULL,
        PRIMARY KEY (log_id, purpose, effective, position)
    )
"""
# A text that is null is no time: `instant` would make the earliest of it.
FOLD = """
    INSERT INTO consent_change
    SELECT e.log_id, e.stream, e.position, (x.fact ->> 'appended')::timestamptz, {effective}, d.effective_at, d.state,
           coalesce(d.purposes, '{}'), coalesce(d.categories, '{}'), coalesce(d.media, '{}'),
           coalesce(d.recipients, '{}'), CASE WHEN d.until IS NOT NULL THEN {ends} END, d.until, d.channel,
           d.expression, d.notice_ref, coalesce(d.conditional, false), x.fact ->> 'source', x.fact ->> 'id',
           (x.fact #>> '{cohort,size}')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        state text, purposes text[], categories text[], media text[], recipients text[], effective_at text, until text,
        channel text, expression text, notice_ref text, conditional boolean
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
""".replace("{effective}", instant("d.effective_at")).replace("{ends}", instant("d.until"))
# For the question about everybody: a row for each purpose, in the order of its answer.
FOLD_GIVEN = """
    INSERT INTO consent_given
    SELECT DISTINCT e.log_id, e.stream, p.purpose, {effective}, e.position
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (state text, purposes text[], effective_at text)
    CROSS JOIN LATERAL unnest(d.purposes) AS p (purpose)
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.state = 'given'
""".replace("{effective}", instant("d.effective_at"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM consent_change AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM consent_given AS t GROUP BY log_id
"""
# Her own rows by primary key; cohorts by member_subject, then consent_change_cohort: OFFSET 0 keeps that a probe each.
OF_PARTS = """
    SELECT c.log_id, p.stream, c.position, c.appended, c.effective, c.stated, c.state, c.purposes, c.categories,
           c.media, c.recipients, c.ends, c.until, c.channel, c.expression, c.notice, c.conditional, c.source, c.id
    FROM unnest(%(logs)s::smallint[], %(streams)s::uuid[], %(positions)s::bigint[]) AS p (log_id, stream, as_of)
    CROSS JOIN LATERAL (
        SELECT * FROM projections.consent_change AS o
        WHERE o.log_id = p.log_id AND o.subject = p.stream AND o.position <= p.as_of
        UNION ALL
        SELECT of_all.* FROM ledger.member AS m
        CROSS JOIN LATERAL (
            SELECT * FROM projections.consent_change AS g
            WHERE g.log_id = m.log_id AND g.position = m.position AND g.cohort IS NOT NULL
            OFFSET 0
        ) AS of_all
        WHERE m.log_id = p.log_id AND m.subject = p.stream AND m.position <= p.as_of
    ) AS c
    ORDER BY c.log_id, c.position, p.stream
"""

CONSENTS = Projection(
    name="consents",
    version=2,
    tables=("consent_change", "consent_given"),
    definition=DEFINITION,
    folds=(
        Fold(("consent.recorded",), FOLD),
        Fold(("consent.recorded",), FOLD_GIVEN),
        forgotten("consent_change"),
        forgotten("consent_given"),
    ),
    digest=DIGEST,
)


def of_parts(connection: Connection[Any], parts: Sequence[Part]) -> list[Change]:
    """Return every fact that bears on a person's consents, log by log in the order recorded.

    One about two of her names is there for each.

    Args:
        connection: A reader's.
        parts: All streams that are hers, with the position each is seen up to.
    """
    wanted = {
        "logs": [part.log_id for part in parts],
        "streams": [part.stream for part in parts],
        "positions": [part.as_of for part in parts],
    }
    return select(connection, OF_PARTS, wanted, Change)


def of_person(
    connection: Connection[Any],
    person: Person,
    valid_at: datetime,
    *,
    after: int | None = None,
    limit: int | None = 100,
) -> Page[Consent]:
    """Return how a person's consents stand, by purpose.

    Args:
        connection: A reader's.
        person: Whose, and as of which positions: at most what `progress.reached` says.
        valid_at: When: what counts only later is not seen, and what has run out by then has expired.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
    """
    changes = [
        each for each in of_parts(connection, person.parts) if Place(each.log_id, each.position) not in person.hidden
    ]
    found = standing(changes, valid_at, person.joined)
    # The order is the same for the same position, so a row's place is cursor enough.
    start = after or 0
    end = len(found) if limit is None else start + limit
    return Page(found[start:end], end if end < len(found) else None)
