"""The register of incidents, in the eight items that the law lists, and how long each entry is kept.

Everything about an incident that its emitters stated is kept, nothing about whose data it was: an entry of the register
outlives whoever is forgotten.

Source: A-2.1, r. 3.1, s. 7 (the items) and s. 8 (five years from awareness); SOR/2018-64, s. 6 (24 months from the day
on which it was determined that the breach occurred).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.across import HIDDEN
from projections.projection import Fold, Projection, instant, select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

TYPES = ("incident.detected", "incident.assessed", "incident.notified", "incident.closed")
READ = ("incident_register", "corrections")
"""The projections that the answer stands on."""
CANADA_MONTHS, QUEBEC_MONTHS = 24, 60
DEFINITION = """
    CREATE TABLE incident_change (
        log_id   smallint    NOT NULL,
        position bigint      NOT NULL,
        time     timestamptz NOT NULL,
        stated   text        NOT NULL,
        act      text        NOT NULL,
        incident text        NOT NULL,
        source   text        NOT NULL,
        id       text        NOT NULL,
        data     jsonb       NOT NULL,
        sealed   boolean     NOT NULL,
        PRIMARY KEY (log_id, position)
    )
"""
FOLD = """
    INSERT INTO incident_change
    SELECT e.log_id, e.position, {time}, t.stated, e.type, d.data ->> 'incident_id', x.fact ->> 'source',
           x.fact ->> 'id', d.data - 'actor', coalesce(d.data ->> 'visibility' = 'sealed', false)
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL (SELECT x.fact -> 'data' AS data OFFSET 0) AS d
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM incident_change AS t GROUP BY log_id
"""
# A register of a few rows, read whole; the entry by its primary key says whose record it stands in.
ALL = """
    SELECT d.log_id, d.position, d.time, d.stated, d.act, d.incident, d.source, d.id, d.data
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
    version=1,
    tables=("incident_change",),
    definition=DEFINITION,
    folds=(Fold(TYPES, FOLD),),
    digest=DIGEST,
)


class Change(NamedTuple):
    """One fact about an incident."""

    log_id: int
    position: int
    time: datetime
    stated: str
    act: str
    incident: str
    source: str
    id: str
    data: dict[str, Any]


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
    aware_at: str
    """Item 4."""
    affected: int | None
    """Item 5, as far as is known by now; None when not known."""
    serious: bool | None
    """Item 6: whether there is a risk of serious injury; None while that was not assessed."""
    factors: list[str]
    """What led to that conclusion."""
    notices: list[Notice]
    """Item 7, by time."""
    measures: list[str]
    """Item 8."""
    closed: bool
    owed: list[str]
    """Whom a serious incident still has to be told to: regulator, persons."""
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
    changes: dict[str, dict[tuple[str, str], list[Change]]] = {}
    for log_id, position in as_of.items():
        for each in select(connection, ALL, wanted | {"log_id": log_id, "as_of": position}, Change):
            # A fact about people of several logs is an entry in each.
            changes.setdefault(each.incident, {}).setdefault((each.source, each.id), []).append(each)
    found: list[tuple[datetime, Incident]] = []
    for name, facts in changes.items():
        incident = _incident(name, sorted(facts.values(), key=lambda each: (each[0].time, each[0].position)))
        if incident is None:
            continue
        aware = datetime.fromisoformat(incident.aware_at)
        if since is None or aware >= since:
            found.append((aware, incident))
    return [incident for _, incident in sorted(found, key=lambda each: (each[0], each[1].incident))]


def _incident(name: str, facts: list[list[Change]]) -> Incident | None:
    """Return the entry that facts, in the order in which they happened, make; None if it was never detected."""
    by: dict[str, list[Change]] = {act: [] for act in TYPES}
    for each in facts:
        by[each[0].act].append(each[0])
    detected, assessed, notified, closed = (by[act] for act in TYPES)
    if not detected:
        return None
    what = detected[-1].data
    counts = [each.data.get("affected") for each in sorted([*detected, *assessed], key=lambda each: each.time)]
    known = [count for count in counts if count is not None]
    notices = [
        Notice(each.data["whom"], each.stated, each.data["channel"], _named(each.data.get("authority")),
               each.data.get("reason"))
        for each in notified
    ]  # fmt: skip
    told = {each.whom for each in notices}
    serious = assessed[-1].data["serious"] if assessed else None
    owed = [
        whom
        for whom, by_whom in (("regulator", {"regulator"}), ("persons", {"persons", "public"}))
        if serious and not told & by_whom
    ]
    aware = min((each.data["aware_at"] for each in detected), key=datetime.fromisoformat)
    determined = max(datetime.fromisoformat(aware), datetime.fromisoformat(detected[0].stated))
    kept = max(
        months_after(determined.date(), CANADA_MONTHS),
        months_after(datetime.fromisoformat(aware).date(), QUEBEC_MONTHS),
    )
    return Incident(
        name, what.get("categories", []), what.get("circumstances", []), what.get("since"), what.get("until"), aware,
        known[-1] if known else None, serious, assessed[-1].data["factors"] if assessed else [], notices,
        list(dict.fromkeys(measure for each in closed for measure in each.data.get("measures", []))), bool(closed),
        owed, what.get("recipient_id"), kept,
        sorted([each.log_id, each.position] for some in facts for each in some),
    )  # fmt: skip


def _named(organisation: Any) -> str | None:
    return organisation["name"] if organisation else None


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later; in a shorter month its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
