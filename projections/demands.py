"""What authorities demanded in a year, by category, what was decided, how many people it was about: in bands.

No figure is told, only the band that it is in: 0 to 100 is the lowest. An edition is one calendar year that is over, so
that no two editions overlap and none can be subtracted from another; and one demand more shows in an edition made
later only at the edge of a band. What an order forbids to tell is not counted at all until the order ends: so near an
edge it can not move a band.

Source: Innovation, Science and Economic Development Canada, Transparency Reporting Guidelines (2015).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.across import HIDDEN
from projections.projection import Fold, Projection, instant, select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

READ = ("demands", "corrections")
"""The projections that the answer stands on."""
CATEGORIES = ("voluntary_at_request", "voluntary_own_initiative", "emergency", "law", "court_ordered", "preservation")
BY_INSTRUMENT = {
    "whosaw:EmergencyRequest": "emergency",
    "whosaw:Warrant": "court_ordered",
    "whosaw:ProductionOrder": "court_ordered",
    "whosaw:Subpoena": "court_ordered",
    "whosaw:CourtOrder": "court_ordered",
    "whosaw:PreservationDemand": "preservation",
}
"""Any other paper is voluntary, or is law if it cites a statute."""
DEFINITION = """
    CREATE TABLE demand_change (
        log_id     smallint    NOT NULL,
        position   bigint      NOT NULL,
        time       timestamptz NOT NULL,
        act        text        NOT NULL,
        demand     text        NOT NULL,
        instrument text,
        statute    text,
        decision   text,
        people     integer     NOT NULL,
        source     text        NOT NULL,
        id         text        NOT NULL,
        sealed     boolean     NOT NULL,
        PRIMARY KEY (log_id, position)
    );
    CREATE INDEX demand_time ON demand_change (log_id, time);
    CREATE INDEX demand_name ON demand_change (log_id, demand) WHERE act = 'authority.demand_decided'
"""
# A disclosure to a government institution on the company's own initiative is a demand of nobody, and has no name. Of
# all other disclosures the bytes are looked at, and no more.
FOLD = """
    INSERT INTO demand_change
    SELECT e.log_id, e.position, {time}, e.type, coalesce(d.data ->> 'demand_id', x.fact ->> 'id'),
           d.data #>> '{instrument,type}', d.data #>> '{instrument,authority}', d.data ->> 'decision',
           coalesce((x.fact #>> '{cohort,size}')::integer,
                    CASE WHEN x.fact #>> '{about,0,role}' = 'whosaw:Ledger' THEN 0 ELSE 1 END),
           x.fact ->> 'source', x.fact ->> 'id', coalesce(d.data ->> 'visibility' = 'sealed', false)
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL (SELECT x.fact -> 'data' AS data OFFSET 0) AS d
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND (e.type <> 'data.disclosed' OR position('"ca-pipeda:7-3-d"'::bytea IN e.bytes) > 0)
      AND (e.type <> 'data.disclosed' OR d.data ->> 'basis' = 'ca-pipeda:7-3-d')
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM demand_change AS t GROUP BY log_id
"""
SEEN = (
    """
    SELECT d.log_id, d.position, d.time, d.act, d.demand, d.instrument, d.statute, d.decision, d.people, d.source, d.id
    FROM projections.demand_change AS d
    JOIN ledger.entry AS e ON e.log_id = d.log_id AND e.position = d.position
    LEFT JOIN ledger.opened AS o ON o.log_id = e.log_id AND o.stream = e.stream AND o.position <= %(as_of)s
    WHERE d.log_id = %(log_id)s AND d.position <= %(as_of)s AND (NOT d.sealed OR o.stream IS NOT NULL)
      AND {which} AND NOT {hidden}
    ORDER BY d.position
""".replace("{hidden}", HIDDEN)
    .replace("{fact}", "d")
    .replace("{name}", "d")
    .replace("{streams}", "e.stream, o.subject")
)
# By demand_time and demand_name; the entry by its primary key.
RECEIVED = SEEN.replace("{which}", "d.act <> 'authority.demand_decided' AND d.time >= %(since)s AND d.time < %(until)s")
DECIDED = SEEN.replace("{which}", "d.act = 'authority.demand_decided' AND d.demand = ANY(%(demands)s::text[])")

DEMANDS = Projection(
    name="demands",
    version=1,
    tables=("demand_change",),
    definition=DEFINITION,
    folds=(Fold(("authority.demand_received", "authority.demand_decided", "data.disclosed"), FOLD),),
    digest=DIGEST,
)


class Change(NamedTuple):
    """One fact about a demand."""

    log_id: int
    position: int
    time: datetime
    act: str
    demand: str
    instrument: str | None
    statute: str | None
    decision: str | None
    people: int
    source: str
    id: str


class Banding(NamedTuple):
    """How figures are told: as the band that each is in."""

    name: str = "ised-2015"
    lowest: int = 100
    """The lowest band is from 0 to here."""
    step: int = 100
    """Further ones are so wide."""

    def band(self, figure: int) -> str:
        """Return the band of a figure, such as 0-100."""
        if figure <= self.lowest:
            return f"0-{self.lowest}"
        start = self.lowest + (figure - self.lowest - 1) // self.step * self.step
        return f"{start + 1}-{start + self.step}"


class Category(NamedTuple):
    """One row of a report, in bands."""

    category: str
    requests: str
    complied: str
    narrowed: str
    refused: str
    challenged: str
    people: str
    """Whom they were about; who was in two counts twice."""


def report(connection: Connection[Any], year: int, as_of: Mapping[int, int], banding: Banding) -> list[Category]:
    """Return what authorities demanded in a calendar year, every category, in bands.

    Args:
        connection: A reader's.
        year: Which, in UTC.
        as_of: For each log the last position that is seen.
        banding: How figures are told.
    """
    window = {"since": datetime(year, 1, 1, tzinfo=UTC), "until": datetime(year + 1, 1, 1, tzinfo=UTC)}
    received: dict[tuple[str, str], list[Change]] = {}
    for log_id, position in as_of.items():
        for each in select(connection, RECEIVED, window | {"log_id": log_id, "as_of": position}, Change):
            # A fact about people of several logs is an entry in each.
            received.setdefault((each.source, each.id), []).append(each)
    names = {"demands": sorted({each[0].demand for each in received.values()})}
    decisions: dict[str, Change] = {}
    for log_id, position in as_of.items():
        for each in select(connection, DECIDED, names | {"log_id": log_id, "as_of": position}, Change):
            if each.demand not in decisions or decisions[each.demand].time <= each.time:
                decisions[each.demand] = each
    counts: dict[str, dict[str, int]] = {category: dict.fromkeys(Category._fields[1:], 0) for category in CATEGORIES}
    for some in received.values():
        row, decided = counts[_category(some[0])], decisions.get(some[0].demand)
        row["requests"] += 1
        row["people"] += sum(each.people for each in some)
        outcome = "complied" if some[0].act == "data.disclosed" else decided and decided.decision
        if outcome:
            row[outcome] += 1
    return [Category(category, *map(banding.band, row.values())) for category, row in counts.items()]


def _category(change: Change) -> str:
    if change.act == "data.disclosed":
        return "voluntary_own_initiative"
    return BY_INSTRUMENT.get(change.instrument or "", "law" if change.statute else "voluntary_at_request")
