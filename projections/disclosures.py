"""Who outside received a person's data: named as it was then, when, what, why, on which authority.

From us, or from somebody who had it from us and reported that it passed it on.

Source: PIPEDA Schedule 1, 4.9.3; GDPR Art. 15(1)(c) with CJEU C-154/21; 45 CFR 164.528(b)(2).
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
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import Connection

    from ledger.subject import Subject

DEFINITION = """
    CREATE TABLE disclosure (
        log_id             smallint    NOT NULL,
        subject            uuid        NOT NULL,
        position           bigint      NOT NULL,
        time               timestamptz NOT NULL,
        stated             text        NOT NULL,
        ended              text,
        precision          text        NOT NULL,
        recipient          text        NOT NULL,
        recipient_name     text,
        recipient_address  text,
        recipient_country  text,
        recipient_unit     text,
        recipient_kind     text        NOT NULL,
        recipient_role     text        NOT NULL,
        categories         jsonb       NOT NULL CHECK (jsonb_typeof(categories) = 'array'),
        purpose            text,
        recipient_purpose  text,
        basis              text,
        instrument         jsonb,
        initiative         text,
        mode               text,
        series             jsonb,
        policy_version     text,
        sealed             boolean     NOT NULL,
        cohort             integer,
        through            text,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX disclosure_cohort ON disclosure (log_id, position) WHERE cohort IS NOT NULL;
    CREATE INDEX disclosure_recipient ON disclosure (log_id, recipient, time, position)
"""
# Members are taken one by one: as a record they cost a tuplestore an entry. OFFSET 0: each is taken out once.
FOLD = """
    INSERT INTO disclosure
    SELECT e.log_id, e.stream, e.position,
           {time}, t.stated,
           d.data #>> '{occurred,end}', coalesce(d.data #>> '{occurred,precision}', 'exact'),
           r.recipient ->> 'id', r.recipient ->> 'name', r.recipient ->> 'address', r.recipient ->> 'country',
           r.recipient ->> 'unit', r.recipient ->> 'kind', r.recipient ->> 'role',
           coalesce(d.data -> 'categories', '[]'), d.data ->> 'purpose',
           d.data ->> 'recipient_purpose', d.data ->> 'basis', d.data -> 'instrument',
           d.data ->> 'initiative', d.data ->> 'mode', d.data -> 'series',
           d.data ->> 'policy_version', coalesce(d.data ->> 'visibility' = 'sealed', false),
           (x.fact #>> '{cohort,size}')::integer, d.data ->> 'recipient_id'
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL (SELECT x.fact -> 'data' AS data OFFSET 0) AS d
    CROSS JOIN LATERAL (
        SELECT CASE e.type WHEN 'data.disclosed' THEN d.data -> 'recipient' ELSE d.data -> 'onward' END AS recipient
        OFFSET 0
    ) AS r
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM disclosure AS t GROUP BY log_id
"""
# Her own rows by primary key; cohorts by member_subject, then disclosure_cohort: OFFSET 0 keeps that a probe each.
# Leaf hashes of what is answered only, by the entry's primary key: to hash each entry costs a sixth of the fold.
OF_SUBJECT = r"""
    SELECT found.*, l.leaf FROM (
        (SELECT position, stated, ended, precision, recipient, recipient_name, recipient_address, recipient_country,
                recipient_unit, recipient_kind, recipient_role, categories, purpose, recipient_purpose, basis,
                instrument, initiative, mode, series, policy_version, cohort, through
         FROM projections.disclosure
         WHERE log_id = %(log_id)s AND subject = %(subject)s::uuid AND position < %(before)s
           AND (%(recipient)s::text IS NULL OR recipient = %(recipient)s)
           AND (%(kinds)s::text[] IS NULL OR recipient_kind = ANY (%(kinds)s::text[]))
           AND (%(since)s::timestamptz IS NULL OR time >= %(since)s)
           AND (%(until)s::timestamptz IS NULL OR time < %(until)s)
         ORDER BY position DESC LIMIT %(limit)s)
        UNION ALL
        (SELECT d.*
         FROM ledger.member AS m
         CROSS JOIN LATERAL (
             SELECT position, stated, ended, precision, recipient, recipient_name, recipient_address,
                    recipient_country, recipient_unit, recipient_kind, recipient_role, categories, purpose,
                    recipient_purpose, basis, instrument, initiative, mode, series, policy_version, cohort,
                    through
             FROM projections.disclosure AS c
             WHERE c.log_id = m.log_id AND c.position = m.position AND c.cohort IS NOT NULL
               AND (%(recipient)s::text IS NULL OR c.recipient = %(recipient)s)
               AND (%(kinds)s::text[] IS NULL OR c.recipient_kind = ANY (%(kinds)s::text[]))
               AND (%(since)s::timestamptz IS NULL OR c.time >= %(since)s)
               AND (%(until)s::timestamptz IS NULL OR c.time < %(until)s)
             OFFSET 0
         ) AS d
         WHERE m.log_id = %(log_id)s AND m.subject = %(subject)s::uuid AND m.position < %(before)s
         ORDER BY m.position DESC LIMIT %(limit)s)
        ORDER BY position DESC LIMIT %(limit)s
    ) AS found
    CROSS JOIN LATERAL (
        SELECT sha256('\x00'::bytea || e.bytes) AS leaf
        FROM ledger.entry AS e
        WHERE e.log_id = %(log_id)s AND e.position = found.position
        OFFSET 0
    ) AS l
    ORDER BY position DESC
"""

DISCLOSURES = Projection(
    name="disclosures",
    version=4,
    tables=("disclosure",),
    definition=DEFINITION,
    folds=(Fold(("data.disclosed", "disclosure.onward_reported"), FOLD), forgotten("disclosure")),
    digest=DIGEST,
)

AUTHORITIES = (
    "dpv:Authority",
    "dpv:DataProtectionAuthority",
    "dpv:GovernmentalOrganisation",
    "dpv:JudicialOrganisation",
    "dpv:LawEnforcementOrganisation",
    "whosaw:PoliceOfficer",
    "whosaw:Regulator",
)
"""Kinds of recipients that are authorities."""


class Disclosure(NamedTuple):
    """One disclosure, as it was stated."""

    position: int
    time: str
    """When it happened or began: RFC 3339, with the offset that the emitter wrote."""
    ended: str | None
    precision: str
    """How much of `time` to believe: exact, day, month, year or unknown."""
    recipient: str
    """The company's own reference for the recipient."""
    recipient_name: str | None
    """Its name then; None for a natural person, whose name is in the envelope."""
    recipient_address: str | None
    recipient_country: str | None
    recipient_unit: str | None
    recipient_kind: str
    recipient_role: str
    """Its legal role in this disclosure."""
    categories: list[str]
    purpose: str | None
    """Ours."""
    recipient_purpose: str | None
    """What the recipient stated."""
    basis: str | None
    instrument: dict[str, Any] | None
    """The paper it rests on: type, issuer, authority cited, what was asked and given."""
    initiative: str | None
    mode: str | None
    series: dict[str, Any] | None
    policy_version: str | None
    """The policy version that the emitter held to govern."""
    cohort: int | None
    """How many people it was about in this log; None if about one."""
    through: str | None
    """Who passed it on, if it was not us: the company's own reference for it."""
    leaf: bytes
    """The entry's 32-byte leaf hash."""


def of_subject(
    connection: Connection[Any],
    subject: Subject,
    as_of: int,
    *,
    after: int | None = None,
    limit: int | None = 100,
    recipient: str | None = None,
    kinds: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[Disclosure]:
    """Return what was disclosed about a person, the newest recorded first.

    Args:
        connection: A reader's.
        subject: Whom.
        as_of: Nothing recorded after this position is seen; at most what `progress.reached` says.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
        recipient: Only this recipient.
        kinds: Only recipients of these kinds; None for any.
        since: Only what happened at or after this time.
        until: Only what happened before this time.
    """
    wanted = {
        "log_id": subject.log_id,
        "subject": subject.id,
        "before": before(as_of, after),
        "limit": one_more(limit),
        "recipient": recipient,
        "kinds": None if kinds is None else list(kinds),
        "since": since,
        "until": until,
    }
    rows = select(connection, OF_SUBJECT, wanted, Disclosure)
    return page(rows, limit, [row.position for row in rows])
