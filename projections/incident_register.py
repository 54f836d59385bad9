"""The register of incidents, in the eight items that the law lists, and how long each entry is kept.

Everything about an incident that its emitters stated is kept, nothing about whose data it was: an entry of the register
outlives whoever is forgotten. What is owed is decided where the obligations are: see `breached`.

Source: A-2.1, r. 3.1, s. 7 (the items) and s. 8 (five years from awareness); SOR/2018-64, s. 6 (24 months from the day
on which it was determined that the breach occurred).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from projections import breached
from projections.across import HIDDEN
from projections.history import Row, fact, moment
from projections.owed import PERSONS, REGULATOR
from projections.projection import Fold, Projection, instant, select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from projections.history import Fact

READ = ("incident_register", "corrections")
"""The projections that the answer stands on."""
COUNTING = ("incident.detected", "incident.assessed")
"""Those that may say how many people it concerns."""
CANADA_MONTHS, QUEBEC_MONTHS = 24, 60
DEFINITION = """
    CREATE TABLE incident_change (
        log_id   smallint    NOT NULL,
        position bigint      NOT NULL,
        time     timestamptz NOT NULL,
        source   text        NOT NULL,
        id       text        NOT NULL,
        sealed   boolean     NOT NULL,
        PRIMARY KEY (log_id, position)
    )
"""
FOLD = """
    INSERT INTO incident_change
    SELECT e.log_id, e.position, {time}, x.fact ->> 'source', x.fact ->> 'id',
           coalesce(x.fact #>> '{data,visibility}' = 'sealed', false)
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM incident_change AS t GROUP BY log_id
"""
# A register of a few rows, read whole; the entry by its primary key.
ALL = """
    SELECT e.stream AS subject, e.log_id, e.position, e.bytes
    FROM projections.incident_change AS d
    JOIN ledger.entry AS e ON e.log_id = d.log_id AND e.position = d.position
    LEFT JOIN ledger.opened AS o ON o.log_id = e.log_id AND o.stream = e.stream AND o.position <= %(as_of)s
    WHERE d.log_id = %(log_id)s AND d.position <= %(as_of)s AND (NOT d.sealed OR o.stream IS NOT NULL) AND NOT {hidden}
      AND (%(valid_at)s::timestamptz IS NULL OR d.time <= %(valid_at)s)
    ORDER BY d.position
""".replace(
    "{hidden}", HIDDEN.replace("{fact}", "d").replace("{name}", "d").replace("{streams}", "e.stream, o.subject")
)

INCIDENT_REGISTER = Projection(
    name="incident_register",
    version=2,
    tables=("incident_change",),
    definition=DEFINITION,
    folds=(Fold(breached.TYPES, FOLD),),
    digest=DIGEST,
)


class Notice(NamedTuple):
    """Somebody was told."""

    whom: str
    """regulator, persons, public or organisation."""
    at: str
    """RFC 3339, as its emitter wrote it."""
    channel: str
    authority: str | None
    """The name of the regulator or organisation."""
    reason: str | None
    """Of a public notice, why."""


class Duty(NamedTuple):
    """Somebody who still has to be told."""

    whom: str
    """regulator or persons."""
    rule: str | None
    """Which rule of which law asks for it, in a code."""


class Incident(NamedTuple):
    """One entry of the register."""

    incident: str
    categories: list[str]
    """Item 1."""
    circumstances: list[str]
    """Item 2."""
    since: str | None
    """Item 3: when it began; None when not known."""
    until: str | None
    """When it ended; None when not known or not over."""
    aware_at: str | None
    """Item 4; None when nobody recorded that it was detected."""
    affected: int | None
    """Item 5, as far as is known by now; None when not known."""
    serious: bool | None
    """Item 6: whether there is a risk of serious injury; None while that was not assessed."""
    risk: str | None
    """The GDPR's test: unlikely, likely or high; None while that was not assessed."""
    factors: list[str]
    """What led to that conclusion."""
    notices: list[Notice]
    """Item 7, by time."""
    measures: list[str]
    """Item 8."""
    closed: bool
    laws: list[str]
    """The law packs that ask for notices of such an incident; empty when none is known for its place."""
    owed: list[str]
    """Who still has to be told, by those laws: regulator, persons."""
    duties: list[Duty]
    """The same by rule."""
    recipient: str | None
    """At which recipient it happened; None when it was the company."""
    kept_until: date
    """The day after which the law no longer asks for the entry."""
    positions: list[list[int]]
    """Log and position of each fact behind it."""


def register(
    connection: Connection[Any], as_of: Mapping[int, int], since: datetime | None = None,
    valid_at: datetime | None = None,
) -> list[Incident]:  # fmt: skip
    """Return the register, by when the company became aware.

    Args:
        connection: A reader's.
        as_of: For each log the last position that is seen.
        since: Only incidents of which the company became aware at or after this time.
        valid_at: What happened later is not seen; None for all that is recorded.
    """
    wanted = {"valid_at": valid_at}
    facts = [
        fact(row)
        for log_id, position in as_of.items()
        for row in select(connection, ALL, wanted | {"log_id": log_id, "as_of": position}, Row)
    ]
    found = sorted(breached.incidents(facts), key=lambda each: (moment(each.aware), each.incident))
    return [_entry(each) for each in found if since is None or moment(each.aware) >= since]


def _entry(its: breached.Incident) -> Incident:
    """Return the entry that an incident makes."""
    what = its.detected[-1].data if its.detected else {}
    counts = [each.data.get("affected") for each in its.facts if each.type in COUNTING]
    known = [count for count in counts if count is not None]
    closed = its.of("incident.closed")
    unfinished = [each for each in breached.to_notify(its) if each.unfinished]
    duties = [Duty("regulator", each.deadline.rule) for each in unfinished if each.kind == REGULATOR]
    duties += [Duty("persons", each.deadline.rule) for each in unfinished if each.kind == PERSONS]
    # Its days are those that its emitters wrote.
    aware = datetime.fromisoformat(its.aware)
    determined = max(aware, datetime.fromisoformat((its.detected or its.facts)[0].stated))
    kept = max(months_after(determined.date(), CANADA_MONTHS), months_after(aware.date(), QUEBEC_MONTHS))
    return Incident(
        its.incident, what.get("categories", []), what.get("circumstances", []), what.get("since"), what.get("until"),
        its.aware_at, known[-1] if known else None, its.serious, its.risk,
        its.assessed[-1].data["factors"] if its.assessed else [], _notices(its.notified),
        list(dict.fromkeys(measure for each in closed for measure in each.data.get("measures", []))), bool(closed),
        [pack.code for pack in its.laws], list(dict.fromkeys(each.whom for each in duties)), duties,
        what.get("recipient_id"), kept, sorted([each.log_id, each.position] for each in its.facts),
    )  # fmt: skip


def _notices(notified: list[Fact]) -> list[Notice]:
    """Return who was told. A fact about people of several logs is an entry in each."""
    return [
        Notice(each.data["whom"], each.stated, each.data["channel"], _named(each.data.get("authority")),
               each.data.get("reason"))
        for each in {one.name: one for one in notified}.values()
    ]  # fmt: skip


def _named(organisation: Any) -> str | None:
    return organisation["name"] if organisation else None


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later; in a shorter month its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
