"""Which policy governed, and which one a person agreed to, and how.

Deemed assent stays deemed: the mode is told as it was stated. A version governs from its effective date; one that was
published later never governs what happened before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.projection import (
    Fold,
    Page,
    Projection,
    before,
    forgotten,
    instant,
    one_more,
    page,
    select,
)

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from ledger.subject import Subject

DEFINITION = """
    CREATE TABLE policy (
        log_id         smallint    NOT NULL,
        position       bigint      NOT NULL,
        appended       timestamptz NOT NULL,
        stated         text        NOT NULL,
        policy         text        NOT NULL,
        version        text        NOT NULL,
        effective_from timestamptz NOT NULL,
        effective      text        NOT NULL,
        supersedes     text,
        notice         text        NOT NULL,
        title          jsonb       NOT NULL,
        location       text,
        text_digest    text,
        PRIMARY KEY (log_id, position)
    );
    CREATE TABLE assent (
        log_id   smallint    NOT NULL,
        subject  uuid        NOT NULL,
        position bigint      NOT NULL,
        time     timestamptz NOT NULL,
        stated   text        NOT NULL,
        policy   text        NOT NULL,
        version  text        NOT NULL,
        mode     text        NOT NULL,
        evidence jsonb,
        cohort   integer,
        sealed   boolean     NOT NULL,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX assent_cohort ON assent (log_id, position) WHERE cohort IS NOT NULL;
    CREATE INDEX assent_policy ON assent (log_id, policy, time, position)
"""
# What is published behind a seal governs in no answer: no order of nobody's ends, and nothing opens it.
FOLD_PUBLISHED = """
    INSERT INTO policy
    SELECT e.log_id, e.position, (x.fact ->> 'appended')::timestamptz, t.stated,
           d.policy, d.version, {effective_from}, d.effective_from, d.supersedes,
           coalesce(d.notice, 'unknown'), coalesce(d.title, '{}'), d.location, d.text_digest
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        policy text, version text, effective_from text, supersedes text, notice text, title jsonb, location text,
        text_digest text
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND x.fact #>> '{data,visibility}' IS DISTINCT FROM 'sealed'
""".replace("{effective_from}", instant("d.effective_from"))
FOLD_ASSENTED = """
    INSERT INTO assent
    SELECT e.log_id, e.stream, e.position, {time}, t.stated,
           d.policy, d.version, d.mode, d.evidence, (x.fact -> 'cohort' ->> 'size')::integer,
           coalesce(d.visibility = 'sealed', false)
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        policy text, version text, mode text, evidence jsonb, visibility text
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM policy AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM assent AS t GROUP BY log_id
"""
# A register of a few rows: every log's, since a policy lives in the log that its own name chose. In the log of a
# position the position decides: all that one transaction records has the same append time.
PUBLISHED = """
    SELECT policy, version, stated, effective_from, effective, supersedes, notice, title, location, text_digest,
           log_id, position
    FROM projections.policy
    WHERE CASE WHEN log_id = %(log_id)s::smallint THEN position <= %(as_of)s::bigint
               ELSE appended <= %(known_at)s END
      AND (%(policy)s::text IS NULL OR policy = %(policy)s)
    ORDER BY effective_from, appended, log_id, position
"""
# Her own rows by primary key; cohorts by member_subject, then assent_cohort: OFFSET 0 keeps that a probe each.
OF_SUBJECT = """
    SELECT * FROM (
        (SELECT position, stated, policy, version, mode, evidence
         FROM projections.assent
         WHERE log_id = %(log_id)s AND subject = %(subject)s::uuid AND position < %(before)s
         ORDER BY position DESC LIMIT %(limit)s)
        UNION ALL
        (SELECT c.*
         FROM ledger.member AS m
         CROSS JOIN LATERAL (
             SELECT position, stated, policy, version, mode, evidence
             FROM projections.assent AS a
             WHERE a.log_id = m.log_id AND a.position = m.position AND a.cohort IS NOT NULL
             OFFSET 0
         ) AS c
         WHERE m.log_id = %(log_id)s AND m.subject = %(subject)s::uuid AND m.position < %(before)s
         ORDER BY m.position DESC LIMIT %(limit)s)
    ) AS found
    ORDER BY position DESC LIMIT %(limit)s
"""

POLICIES = Projection(
    name="policies",
    version=5,
    tables=("policy", "assent"),
    definition=DEFINITION,
    folds=(Fold(("policy.published",), FOLD_PUBLISHED), Fold(("policy.assented",), FOLD_ASSENTED), forgotten("assent")),
    digest=DIGEST,
)


class Policy(NamedTuple):
    """One published version of a policy."""

    policy: str
    version: str
    published: str
    """RFC 3339, with the offset that the emitter wrote."""
    effective_from: datetime
    effective: str
    """The same, as the emitter wrote it."""
    supersedes: str | None
    notice: str
    """Whether customers were told: given, not_given or unknown."""
    title: dict[str, str]
    """By language; empty if it has none."""
    location: str | None
    text_digest: str | None
    log_id: int
    position: int


class Assent(NamedTuple):
    """A person's agreement to one version."""

    position: int
    time: str
    """RFC 3339, with the offset that the emitter wrote."""
    policy: str
    version: str
    mode: str
    """express, implied or deemed_by_use."""
    evidence: dict[str, str] | None
    """The event that shows it, by source and id."""


def published(
    connection: Connection[Any],
    known_at: datetime,
    policy: str | None = None,
    *,
    log_id: int | None = None,
    as_of: int | None = None,
) -> list[Policy]:
    """Return the versions that were known at a time, by the date they take effect.

    Args:
        connection: A reader's.
        known_at: Append time up to which publications are seen: logs have no common position.
        policy: Only versions of this one.
        log_id: The log in which `as_of` decides and not the time.
        as_of: The position in it after which nothing is seen.
    """
    wanted = {"known_at": known_at, "policy": policy, "log_id": log_id, "as_of": as_of}
    return select(connection, PUBLISHED, wanted, Policy)


def in_force(versions: list[Policy], time: datetime) -> list[Policy]:
    """Return the version of each policy that governed at a time.

    Args:
        versions: As `published` returns them.
        time: When something happened.
    """
    return list({each.policy: each for each in versions if each.effective_from <= time}.values())


def of_subject(
    connection: Connection[Any],
    subject: Subject,
    as_of: int,
    *,
    after: int | None = None,
    limit: int | None = 100,
) -> Page[Assent]:
    """Return what a person agreed to, the newest recorded first.

    Args:
        connection: A reader's.
        subject: Who.
        as_of: Nothing recorded after this position is seen; at most what `progress.reached` says.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
    """
    wanted = {
        "log_id": subject.log_id,
        "subject": subject.id,
        "before": before(as_of, after),
        "limit": one_more(limit),
    }
    rows = select(connection, OF_SUBJECT, wanted, Assent)
    return page(rows, limit, [row.position for row in rows])
