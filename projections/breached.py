"""What an incident obliges the company to: judge it, notify, and keep the record. Pure: no database, no clock.

The regulator and the persons are notified when the incident presents a risk of serious injury. The GDPR has a test of
its own: the authority is notified within 72 hours of awareness unless a risk was judged unlikely, the persons when it
is high; that no injury is serious decides neither. Every incident stays on record, serious or not. The register of
incidents and what is owed say the same, since both ask here.

Source: P-39.1, s. 3.5–3.8 and A-2.1, r. 3.1; PIPEDA 10.1–10.3 and SOR/2018-64, s. 6; GDPR Art. 33, 34.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.deadlines import deadline, laws_of, standing
from projections.history import moment
from projections.law.place import UNION, within
from projections.owed import ASSESS, DISCHARGED, OPEN, PERSONS, RECORD, REGULATOR, Owed, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from projections.history import Fact
    from projections.law.pack import Clock, Pack

TYPES = ("incident.detected", "incident.assessed", "incident.notified", "incident.closed")
"""What this follows from."""
NOTICE, PERSONS_TOLD, KEPT = "breach_notice", "breach_persons", "breach_record"
"""Clocks of a law pack."""


class Incident(NamedTuple):
    """One incident, by the facts that name it, in the order in which they happened."""

    incident: str
    facts: list[Fact]

    def of(self, act: str) -> list[Fact]:
        """Return its facts of one type."""
        return [each for each in self.facts if each.type == act]

    @property
    def detected(self) -> list[Fact]:
        """What says that it happened; empty while only what followed is on record."""
        return self.of("incident.detected")

    @property
    def assessed(self) -> list[Fact]:
        """How it was judged."""
        return self.of("incident.assessed")

    @property
    def notified(self) -> list[Fact]:
        """Who was notified."""
        return self.of("incident.notified")

    @property
    def aware_at(self) -> str | None:
        """When the company became aware of it; None when nobody stated that."""
        return min((each.data.get("aware_at") or each.stated for each in self.detected), key=moment, default=None)

    @property
    def aware(self) -> str:
        """When the company was aware of it at the latest: who judges or notifies knows."""
        return self.aware_at or self.facts[0].stated

    @property
    def stated(self) -> dict[str, Any]:
        """What says where it happened and to what: it having been detected, else the first of what followed."""
        return (self.detected or self.facts)[0].data

    @property
    def laws(self) -> list[Pack]:
        """The laws that ask for notices of it, the narrowest place first."""
        return [pack for pack in laws_of(self.stated.get("jurisdiction"), moment(self.aware)) if NOTICE in pack.clocks]

    @property
    def serious(self) -> bool | None:
        """What it was judged last; None while it is not."""
        return bool(self.assessed[-1].data.get("serious")) if self.assessed else None

    @property
    def risk(self) -> str | None:
        """What it was judged last by the GDPR's test; None while it is not."""
        return next((str(each.data["risk"]) for each in reversed(self.assessed) if each.data.get("risk")), None)

    def concerns_regulator(self, clock: Clock) -> bool:
        """Return whether a law's regulator is to be notified."""
        return self.risk != "unlikely" if clock.judged_by == "risk" else bool(self.serious)

    def concerns_persons(self, clock: Clock) -> bool:
        """Return whether the persons are to be notified. What is serious is a high risk until that is judged."""
        return self.risk == "high" if clock.judged_by == "risk" and self.risk else bool(self.serious)


def incidents(facts: Iterable[Fact]) -> list[Incident]:
    """Return every incident that a fact names: also one that nobody recorded as detected."""
    of: dict[str, list[Fact]] = {}
    for each in sorted(facts, key=lambda each: (each.time, each.log_id, each.position)):
        if each.type in TYPES:
            of.setdefault(str(each.data.get("incident_id")), []).append(each)
    return [Incident(name, its) for name, its in of.items()]


def of_incidents(facts: Iterable[Fact], now: datetime) -> list[Owed]:
    """Return what incidents oblige to, at a moment: keeping a record is over when its day is."""
    return [each for incident in incidents(facts) for each in _of(incident, now)]


def _of(its: Incident, now: datetime) -> Iterable[Owed]:
    """Yield what one incident obliges to."""
    aware, laws = moment(its.aware), its.laws
    judged = its.assessed[0] if its.assessed else None
    yield _owed(its, ASSESS, laws[0] if laws else None, NOTICE, aware, judged)
    yield from to_notify(its)
    for pack in (each for each in laws if KEPT in each.clocks):
        begins = aware if pack.clocks[KEPT].starts == "awareness" or judged is None else judged.time
        kept = _owed(its, RECORD, pack, KEPT, begins, None)
        over = standing(kept.deadline, now) == "overdue"
        yield kept._replace(state=DISCHARGED if over else "standing")


def to_notify(its: Incident) -> Iterable[Owed]:
    """Yield whom an incident obliges to notify by each law, done or not: its regulator, the persons."""
    aware, laws = moment(its.aware), its.laws
    regulators = [pack for pack in laws if its.concerns_regulator(pack.clocks[NOTICE])]
    for pack in laws:
        if pack in regulators:
            at_once = pack.clocks[NOTICE].judged_by == "risk" or not its.assessed
            start = aware if at_once else its.assessed[-1].time
            yield _owed(its, REGULATOR, pack, NOTICE, start, _told(its, pack, only=len(regulators) == 1))
        clock = PERSONS_TOLD if PERSONS_TOLD in pack.clocks else NOTICE
        if its.concerns_persons(pack.clocks[clock]):
            told = next((each for each in its.notified if each.data.get("whom") in {"persons", "public"}), None)
            yield _owed(its, PERSONS, pack, clock, its.assessed[-1].time, told)


def _owed(its: Incident, kind: str, pack: Pack | None, clock: str, start: datetime, done: Fact | None) -> Owed:
    """Return one thing that an incident obliges to."""
    data = its.stated
    by = deadline(pack, clock, start, place=data.get("jurisdiction"))
    return Owed(
        name_of(kind, its.incident, pack.code if pack else None), kind, OPEN if done is None else DISCHARGED, None,
        by.day, by, its.aware, done.stated if done else None, recipient=data.get("recipient_id"),
        categories=sorted(set(data.get("categories", []))), incident=its.incident,
        positions=[each.position for each in its.facts],
    )  # fmt: skip


def _told(its: Incident, pack: Pack, *, only: bool) -> Fact | None:
    """Return the notice to the regulator of one law: one that names the law's place.

    One that names no place is nobody's where several regulators are to be notified.
    """
    notices = [each for each in its.notified if each.data.get("whom") == "regulator"]
    places = {pack.jurisdiction, *([None] if only else [])}
    return next((each for each in notices if _place(each) in places), None)


def _place(notice: Fact) -> str | None:
    """Return the place whose regulator was notified; None when that is not said."""
    authority: dict[str, Any] = notice.data.get("authority") or {}
    place: str | None = authority.get("country")
    return UNION if place and UNION in within(place) else place
