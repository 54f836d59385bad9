"""A recipient was breached from A to B: whose data did it have then, which, and how sure is that?

Everybody is in it who was disclosed to the recipient before B, by us or by who had it from us and reported it, unless
it was verified that the recipient gave the data back or destroyed it before A. A promise to destroy is no such
knowledge; it is shown, and makes the answer less sure. So does what was done and nobody verified, whether the recipient
answered so or the company recorded it.

certain    it was disclosed before B, and nothing says that the recipient was rid of it by A
probable   the recipient had promised not to keep it until A; or deleted it so that it could be had again; or had
           erased it by what it or the company says, and nobody verified that
possible   the disclosure may have been after B, for its time is not known well; or no copy was left with the recipient

Source: A-2.1, r. 3.1, s. 7 (1) and (5); SOR/2018-64, s. 2 and 6; GDPR Art. 33(3)(a).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from projections.across import HIDDEN, SAID, Cursor, clearance, page, people, whole
from projections.projection import instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

READ = ("disclosures", "returns", "corrections")
"""The projections that the answer stands on."""
CERTAINTIES = ("certain", "probable", "possible")
# How far the time may be off; one that is not known at all counts as known to the year.
SLACK: LiteralString = """
    CASE d.precision WHEN 'exact' THEN interval '0' WHEN 'day' THEN interval '1 day'
                     WHEN 'month' THEN interval '1 month' ELSE interval '1 year' END
"""
GONE: LiteralString = (
    HIDDEN.replace("{fact}", "r").replace("{name}", "r").replace("{streams}", "m.subject, who.subject")
)
# What a notice was about, by erasure_notice_name.
GIVEN_BACK: LiteralString = """CASE WHEN r.notification IS NULL THEN r.categories ELSE ARRAY(
                SELECT unnest(n.categories) FROM projections.erasure_notice AS n
                WHERE n.log_id = r.log_id AND n.notification = r.notification AND n.holder = r.holder
                  AND n.position <= %(as_of)s
            ) END"""
# A recipient's answer is recorded as done: nobody verified it.
SURELY: LiteralString = """r.state = 'verified' AND r.mode <> 'delete'
            AND coalesce(r.backups_until < %(since)s::timestamptz, true)"""
# Hers by primary key, a cohort's by returned_cohort and then member_subject. What was given back before it was
# disclosed again was another copy.
BACK: LiteralString = (
    """
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(DISTINCT c.category) FILTER (WHERE r.surely), '{}') AS surely,
               coalesce(array_agg(DISTINCT c.category), '{}') AS known
        FROM (
            SELECT r.log_id, r.source, r.id, {categories} AS categories, {surely} AS surely
            FROM projections.returned AS r
            WHERE r.log_id = d.log_id AND r.subject IN (m.subject, who.subject) AND r.cohort IS NULL
              AND r.holder = %(recipient)s AND r.state <> 'requested' AND r.position <= %(as_of)s
              AND r.time >= d.time AND r.time < %(since)s
            UNION ALL
            SELECT r.log_id, r.source, r.id, {categories} AS categories, {surely} AS surely
            FROM projections.returned AS r
            WHERE r.log_id = d.log_id AND r.cohort IS NOT NULL
              AND r.holder = %(recipient)s AND r.state <> 'requested' AND r.position <= %(as_of)s
              AND r.time >= d.time AND r.time < %(since)s
              AND EXISTS (
                SELECT FROM ledger.member AS of
                WHERE of.log_id = r.log_id AND of.position = r.position AND of.subject IN (m.subject, who.subject)
              )
        ) AS r
        CROSS JOIN LATERAL unnest(r.categories) AS c (category)
        WHERE NOT {gone}
    ) AS back
    CROSS JOIN LATERAL (
        SELECT l.had FROM (
            SELECT ARRAY(
                SELECT jsonb_array_elements_text(d.categories) EXCEPT SELECT unnest(back.surely) ORDER BY 1
            ) AS had
        ) AS l
        WHERE l.had <> '{}'
        OFFSET 0
    ) AS left_over
""".replace("{gone}", GONE)
    .replace("{categories}", GIVEN_BACK)
    .replace("{surely}", SURELY)
)
# By disclosure_recipient, up to B and as far beyond as a time may be off.
EXPOSED: LiteralString = """
    SELECT d.log_id, d.position, p.ordinal, p.subject, d.time, d.stated, d.precision,
           CASE WHEN d.time + {slack} > %(until)s OR d.mode IN ('oral', 'viewed_on_site') THEN 'possible'
                WHEN kept.until < %(since)s OR p.had <@ p.known THEN 'probable'
                ELSE 'certain' END AS certainty,
           p.had AS categories, ARRAY(SELECT unnest(p.had) INTERSECT SELECT unnest(p.known) ORDER BY 1) AS deleted,
           kept.promised, d.purpose, d.mode, d.cohort, d.through
    FROM projections.disclosure AS d
    CROSS JOIN LATERAL ({said}) AS said
    CROSS JOIN LATERAL (SELECT said.data ->> 'recipient_until' AS promised OFFSET 0) AS t
    CROSS JOIN LATERAL (
        SELECT t.promised, CASE WHEN t.promised IS NOT NULL THEN {until} END AS until OFFSET 0
    ) AS kept
    CROSS JOIN LATERAL ({people}) AS p
    WHERE d.log_id = %(log_id)s AND d.recipient = %(recipient)s AND d.position <= %(as_of)s
      AND d.time < %(until)s::timestamptz + interval '1 year' AND d.time - {slack} < %(until)s
      AND (d.time, d.position) >= (%(time)s, %(position)s)
    ORDER BY d.time, d.position, p.ordinal
    LIMIT %(limit)s
"""
PAGE: LiteralString = (
    EXPOSED.replace("{slack}", SLACK)
    .replace("{said}", SAID)
    .replace("{until}", instant("t.promised"))
    .replace("{people}", people(", left_over.had, back.known", BACK))
)
# The whole answer once: people by how sure it is at the surest, in all and for each category.
TOTALS: LiteralString = """
    SELECT c.category, count(DISTINCT (x.log_id, x.position)), count(DISTINCT x.subject),
           count(DISTINCT x.subject) FILTER (WHERE x.certainty = 'certain'),
           count(DISTINCT x.subject) FILTER (WHERE x.certainty <> 'possible')
    FROM ({exposed}) AS x
    CROSS JOIN LATERAL unnest(x.categories) AS c (category)
    GROUP BY GROUPING SETS ((), (c.category))
""".replace("{exposed}", PAGE)


class Exposed(NamedTuple):
    """One person's data that a recipient received and may have had when it was breached."""

    log_id: int
    position: int
    """Of the disclosure."""
    ordinal: int
    """The person's place in a cohort; 0 if it was about one."""
    subject: UUID
    time: datetime
    stated: str
    """The time of the disclosure as the emitter wrote it."""
    precision: str
    certainty: str
    """certain, probable or possible."""
    categories: list[str]
    """What it was not verified that the recipient was rid of by then."""
    deleted: list[str]
    """Those of them that it had deleted, but so that they could be had again, or so that nobody verified it."""
    promised: str | None
    """Until when it had promised to keep them, as the emitter wrote it."""
    purpose: str | None
    mode: str | None
    cohort: int | None
    through: str | None
    """Who passed it on, if it was not us."""


class People(NamedTuple):
    """How many people, each counted once, by how sure it is at the surest."""

    people: int
    certain: int
    probable: int
    possible: int


class Totals(NamedTuple):
    """How far a breach reaches."""

    disclosures: int
    people: People
    categories: dict[str, People]
    """By category, in order."""


class Counted(NamedTuple):
    """One row of totals; the one without a category is over all."""

    category: str | None
    disclosures: int
    people: int
    certain: int
    not_possible: int


def exposed(
    connection: Connection[Any],
    recipient: str,
    since: datetime,
    until: datetime,
    as_of: Mapping[int, int],
    *,
    after: Cursor | None = None,
    limit: int = 100,
) -> tuple[list[Exposed], Cursor | None]:
    """Return whose data a recipient may have had between two times, oldest disclosure first, and where to go on.

    Args:
        connection: A reader's.
        recipient: The company's own reference for it.
        since: When the breach began.
        until: When it was over.
        as_of: For each log the last position that is seen.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
    """
    return page(connection, PAGE, Exposed, window(recipient, since, until), as_of, after=after, limit=limit)


def totals(
    connection: Connection[Any], recipient: str, since: datetime, until: datetime, as_of: Mapping[int, int]
) -> Totals:
    """Return how far a breach reaches; the arguments are those of `exposed`. Costs what the whole answer costs."""
    disclosures, found = 0, dict[str | None, list[int]]()
    for row in whole(connection, TOTALS, Counted, window(recipient, since, until), as_of):
        counts = found.setdefault(row.category, [0, 0, 0])
        disclosures += row.disclosures if row.category is None else 0
        # Nobody lives in two logs.
        for index, count in enumerate((row.people, row.certain, row.not_possible)):
            counts[index] += count
    people = {
        category: People(all_, certain, likely - certain, all_ - likely)
        for category, (all_, certain, likely) in found.items()
    }
    return Totals(
        disclosures,
        people.pop(None, People(0, 0, 0, 0)),
        {category: people[category] for category in sorted(people, key=str)},  # pyright: ignore[reportArgumentType] - None is popped
    )


def window(recipient: str, since: datetime, until: datetime) -> dict[str, Any]:
    """Return what statements take of a breach."""
    return {"recipient": recipient, "since": since, "until": until} | clearance(())
