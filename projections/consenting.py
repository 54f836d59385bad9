"""Whose consents a change of a policy touches: who consents to a purpose that it speaks of, as it stands.

A consent stands for a person until a later fact of hers speaks of the same purpose, and of no less than all of it:
given again, refused, withdrawn. Names that were joined since are not looked at together: each is counted by itself.

Source: PIPEDA Schedule 1, 4.2.4 and 4.3; P-39.1, s. 14.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from psycopg.types.json import Jsonb

from ledger.vocabulary.codes import CODES, kinds
from projections.across import HERS, HIDDEN, SAID, Cursor, clearance, page, people, place, whole
from projections.projection import instant, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

READ = ("consents", "corrections", "observed")
"""The projections that the answer stands on."""
COVERS: LiteralString = """l.log_id = d.log_id AND %(purpose)s = ANY (l.purposes) AND l.position <= %(as_of)s
              AND (l.effective, l.position) > (d.time, d.position) AND l.effective <= %(now)s
              AND (l.categories = '{}' OR (d.categories <> '{}' AND NOT EXISTS (
                SELECT FROM unnest(d.categories) AS c (code)
                WHERE NOT l.categories && (ARRAY[c.code]
                      || ARRAY(SELECT jsonb_array_elements_text(%(wider)s::jsonb -> c.code)))
              )))
              AND (l.media = '{}' OR (d.media <> '{}' AND l.media @> d.media))
              AND (l.recipients = '{}' OR (d.recipients <> '{}' AND l.recipients @> d.recipients))
              AND NOT {hidden}""".replace(
    "{hidden}", HIDDEN.replace("{fact}", "l").replace("{name}", "l").replace("{streams}", "SELECT unnest(hers.streams)")
)
WIDER = Jsonb({code: kinds(code)[1:] for code, its in CODES.items() if its.broader})
"""What each kind of data is a kind of: a word on that covers it."""
# Hers by primary key; a cohort's by member_subject, then consent_change_cohort. Asked as
# sums, person by person: as joins, both would be read from end to end.
STANDS: LiteralString = """{hers}
    CROSS JOIN LATERAL (
        SELECT WHERE (
            SELECT bool_or(true) FROM projections.consent_change AS l WHERE l.subject = ANY (hers.streams) AND {covers}
        ) IS NULL AND (
            SELECT bool_or(true) FROM ledger.member AS of
            CROSS JOIN LATERAL (
                SELECT FROM projections.consent_change AS l
                WHERE l.log_id = of.log_id AND l.position = of.position AND l.cohort IS NOT NULL AND {covers}
                OFFSET 0
            ) AS covering
            WHERE of.log_id = d.log_id AND of.subject = ANY (hers.streams)
        ) IS NULL
    ) AS stands
""".replace("{hers}", HERS).replace("{covers}", COVERS)
# By the primary key of consent_given in its own order, then that of consent_change.
GIVEN: LiteralString = """
    SELECT d.log_id, d.position, p.ordinal, p.subject, d.time, d.stated, %(purpose)s::text AS purpose, d.categories,
           d.media, d.recipients, d.expression, d.notice, d.until, d.cohort
    FROM (
        SELECT d.*, said.source, said.id, coalesce(said.data ->> 'visibility' = 'sealed', false) AS sealed
        FROM (
            SELECT c.log_id, c.subject, c.position, g.effective AS time, c.stated, c.categories, c.media, c.recipients,
                   c.expression, c.notice, c.until, c.ends, c.cohort
            FROM projections.consent_given AS g
            JOIN projections.consent_change AS c
              ON c.log_id = g.log_id AND c.subject = g.subject AND c.position = g.position
            WHERE g.log_id = %(log_id)s AND g.purpose = %(purpose)s AND g.position <= %(as_of)s
              AND g.effective <= %(now)s AND (g.effective, g.position) >= (%(time)s, %(position)s)
            ORDER BY g.effective, g.position
        ) AS d
        CROSS JOIN LATERAL ({said}) AS said
    ) AS d
    CROSS JOIN LATERAL (SELECT d.source, d.id) AS said
    CROSS JOIN LATERAL ({people}) AS p
    WHERE d.ends IS NULL OR d.ends > %(now)s
    ORDER BY d.time, d.position, p.ordinal
    LIMIT %(limit)s
""".replace("{said}", SAID).replace("{people}", people(more=STANDS))
TOTAL: LiteralString = "SELECT count(DISTINCT x.subject) FROM ({rows}) AS x".replace("{rows}", GIVEN)
# What was declared is little.
SPEAKS: LiteralString = """
    SELECT r.data ->> 'version' AS version, {effective} AS effective,
           ARRAY(SELECT DISTINCT code FROM jsonb_array_elements(coalesce(r.data -> 'rules', '[]')) AS rule,
                        jsonb_array_elements_text(coalesce(rule -> 'purposes', '[]') || coalesce(rule -> 'also', '[]'))
                        AS code ORDER BY code) AS purposes
    FROM projections.declared AS r
    WHERE r.log_id = %(log_id)s AND r.act = 'policy.published' AND r.data ->> 'policy' = %(policy)s
      AND (%(version)s::text IS NULL OR r.data ->> 'version' = %(version)s) AND r.position <= %(as_of)s
""".replace("{effective}", instant("(r.data ->> 'effective_from')"))


class Consenting(NamedTuple):
    """One person's consent to one purpose."""

    log_id: int
    position: int
    ordinal: int
    """The person's place in a cohort; 0 if it was about one."""
    subject: UUID
    time: datetime
    """From when it counts."""
    stated: str
    """The same as the emitter wrote it."""
    purpose: str
    categories: list[str]
    """Of which data; empty for any."""
    media: list[str]
    recipients: list[str]
    expression: str | None
    """How plainly it was said."""
    notice: str | None
    """What she was shown."""
    until: str | None
    """When it runs out."""
    cohort: int | None


class Spoken(NamedTuple):
    """Which purposes one version speaks of."""

    version: str
    effective: datetime
    purposes: list[str]


class Place(NamedTuple):
    """Where a page ended: in which purpose, and where in it."""

    purpose: str
    cursor: Cursor


class _Counted(NamedTuple):
    people: int


def purposes(
    connection: Connection[Any], policy: str, version: str | None, as_of: Mapping[int, int], now: datetime
) -> list[str]:
    """Return the purposes that a version speaks of in codes, in order; none if it says none.

    Args:
        connection: A reader's.
        policy: Which.
        version: Which of it; None for the one in force, or the next one while none is.
        as_of: For each log the last position that is seen.
        now: When it is asked.
    """
    wanted = {"policy": policy, "version": version}
    found = [
        each
        for log_id, position in as_of.items()
        for each in select(connection, SPEAKS, wanted | {"log_id": log_id, "as_of": position}, Spoken)
    ]
    begun = [each for each in found if each.effective <= now]
    if begun:
        return max(begun, key=attrgetter("effective")).purposes
    return min(found, key=attrgetter("effective")).purposes if found else []


def consenting(
    connection: Connection[Any], named: Sequence[str], as_of: Mapping[int, int], now: datetime, *,
    after: Place | None = None, limit: int = 100,
) -> tuple[list[Consenting], Place | None]:  # fmt: skip
    """Return who consents to some purposes, one purpose after the other, oldest first, and where to go on.

    Args:
        connection: A reader's.
        named: The purposes.
        as_of: For each log the last position that is seen.
        now: When they must stand.
        after: Where the page before ended.
        limit: The most rows, at least 1.
    """
    rows: list[Consenting] = []
    for purpose in named:
        if len(rows) > limit or (after is not None and purpose < after.purpose):
            continue
        begin = after.cursor if after is not None and purpose == after.purpose else None
        asked, more = parameters(purpose, now), limit + 1 - len(rows)
        rows += page(connection, GIVEN, Consenting, asked, as_of, after=begin, limit=more)[0]
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], Place(rows[limit - 1].purpose, place(rows[limit - 1]))


def totals(
    connection: Connection[Any], named: Sequence[str], as_of: Mapping[int, int], now: datetime
) -> dict[str, int]:
    """Return how many people consent to each purpose; the arguments are those of `consenting`."""
    return {
        purpose: sum(each.people for each in whole(connection, TOTAL, _Counted, parameters(purpose, now), as_of))
        for purpose in named
    }


def parameters(purpose: str, now: datetime) -> dict[str, Any]:
    """Return what statements take of a purpose."""
    return {"purpose": purpose, "now": now, "wider": WIDER} | clearance(())
