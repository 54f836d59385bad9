"""When something that the company owes is due, by the law that governs it or else as the company itself stated.

Everything that asks a law pack for a date asks here, so that what no pack covers is said in one way. Pure: no clock.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from projections.law import wording
from projections.law.calendar import TORONTO, OutsideCalendar, business_days, day_of
from projections.law.clock import More, add_months, due
from projections.law.pack import PACKS, pack_for
from projections.law.place import within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projections.law.pack import Clock, Pack

ZONE = TORONTO
"""The company's: a day is the day that it was there, where no narrower place is stated."""
Standing = Literal["running", "due_today", "overdue", "watched", "undated", "waiting"]
"""watched: as soon as feasible, or as long as it takes. undated: neither a law nor the company names a day.

waiting: the time has not begun, since the person has not shown yet who she is."""
CANADA, FEDERAL = "loc:CA", "whosaw:PIPEDA"
"""Where the company is when a fact does not say so, and the law there."""
NO_LAW = (
    "No law that is known here sets a time for this",
    "Aucune loi connue ici ne fixe de délai pour ceci",
)
NOT_IN_FORCE = (
    "No law pack is in force for {}: its first one, of the {}, begins on {}",
    "Aucun référentiel juridique n’est en vigueur pour le {} : le premier, « {} », commence le {}",
)
"""Of what came before the first version of its law that is known here."""
WAITING = (
    "The time begins when the person shows who she is; she has not yet",
    "Le délai court dès que la personne établit son identité ; elle ne l’a pas encore fait",
)
STATED = ("The day is the one that the company stated", "Le jour est celui que l’entreprise a indiqué")
NO_DAY = ("The company stated no day either", "L’entreprise n’a pas non plus indiqué de jour")


class Deadline(NamedTuple):
    """When something is due, and why then."""

    pack: str | None
    """The law; None when none is known that sets a time."""
    version: str | None
    """Which version of it."""
    clock: str | None
    """Which of its clocks."""
    rule: str | None
    """The code that an event names the rule by."""
    start: date | None
    """The day that it began with."""
    day: date | None
    """The last day; None when there is no date."""
    moment: datetime | None
    """The last moment, when it is counted in hours."""
    deemed_refusal: bool
    """Whether silence until then is a refusal."""
    confirm: bool
    """Whether counsel must confirm some of it."""
    zone: str
    """The zone that its days are days of."""
    calendar: str | None
    """The calendar behind it, such as `ca BC, holidays 0.109`."""
    explanation: dict[str, list[str]]
    """The arithmetic, sentence by sentence: en and fr."""
    waits: bool = False
    """Whether its time has not begun: identity is to be proved first, and then there is a day."""

    @property
    def timed(self) -> Literal["dated", "watched", "undated", "waiting"]:
        """Which kind of time it has; see Standing."""
        if self.waits:
            return "waiting"
        if self.day is not None:
            return "dated"
        return "undated" if self.pack is None else "watched"

    @property
    def place(self) -> date | None:
        """The day by which it is queued: its last one; of what is due without delay, the one that it began with.

        None for what is due on no day, or has not begun.
        """
        return self.start if self.timed == "watched" else self.day


def law_on(regime: str | None, moment: datetime) -> Pack | None:
    """Return the version of a law that was in force at a moment; None when nobody knows the law, or the day."""
    try:
        return pack_for(regime, day_of(moment, ZONE)) if regime else None
    except OutsideCalendar:
        return None


def deadline(
    pack: Pack | None,
    clock: str | None,
    start: datetime,
    *,
    stated: date | None = None,
    regime: str | None = None,
    place: str | None = None,
    extensions: Sequence[int | More | None] = (),
    identified: datetime | None = None,
    ended: datetime | None = None,
) -> Deadline:
    """Return when something is due.

    Args:
        pack: The law; None when none is known.
        clock: Which of its clocks; None when it sets no time.
        start: The moment that it is counted from.
        stated: What the company stated; it counts where the law has no day.
        place: Whose law a fact names; see `law.clock.due`.
        regime: The law that was looked for; where no version of it was in force, the explanation says so.
        extensions: What each extension was stated to be; see `law.clock.due`.
        identified: When identity was proved, if that had to be asked for.
        ended: Of an embargo, when the reply came.
    """
    if pack is None:
        return without_law(stated, _before(regime, start))
    if clock not in pack.clocks:
        return without_law(stated)
    try:
        its = due(pack, clock, start, zone=ZONE, place=place, extensions=extensions, identified=identified, ended=ended)
    except OutsideCalendar:
        return without_law(stated)
    found = Deadline(
        its.pack, its.version, clock, its.rule, its.start, its.day, its.moment, its.deemed_refusal, its.confirm,
        its.zone, its.calendar, its.explanation,
    )  # fmt: skip
    return found if its.day is not None or stated is None else said(found._replace(day=stated), *STATED)


def waiting(pack: Pack, clock: str, start: datetime, place: str | None = None) -> Deadline:
    """Return the date of what has not begun, since the person has not shown yet who she is."""
    its = pack.clocks[clock]
    found = deadline(pack, clock, start, place=place)
    clauses = ((WAITING[0], its.clause.en), (WAITING[1], its.clause.fr))
    en, fr = (f"{sentence} ({clause})." for sentence, clause in clauses)
    return found._replace(day=None, moment=None, waits=True, explanation={"en": [en], "fr": [fr]})


def without_law(stated: date | None, why: tuple[str, str] = NO_LAW) -> Deadline:
    """Return a date for which there is no law: the one that the company stated, if it did."""
    whose = STATED if stated is not None else NO_DAY
    explanation = {"en": [f"{why[0]}.", f"{whose[0]}."], "fr": [f"{why[1]}.", f"{whose[1]}."]}
    return Deadline(
        None, None, None, None, None, stated, None, deemed_refusal=False, confirm=False, zone=ZONE.key, calendar=None,
        explanation=explanation,
    )  # fmt: skip


def _before(regime: str | None, start: datetime) -> tuple[str, str]:
    """Return why no version of a law is there for a moment: it is not known, or its first one began later."""
    first = min((each for each in PACKS if regime in each.regimes), key=lambda each: each.in_force_from, default=None)
    its = start.astimezone(ZONE).date()
    if first is None or its >= first.in_force_from:
        return NO_LAW
    en, fr = ((wording.day(its, each), wording.day(first.in_force_from, each)) for each in ("en", "fr"))
    return (
        NOT_IN_FORCE[0].format(en[0], first.title.en, en[1]),
        NOT_IN_FORCE[1].format(fr[0], first.title.fr, fr[1]),
    )


def said(its: Deadline, en: str, fr: str) -> Deadline:
    """Return a date whose explanation says one thing more."""
    texts = its.explanation
    return its._replace(explanation={"en": [*texts["en"], f"{en}."], "fr": [*texts["fr"], f"{fr}."]})


def standing(its: Deadline, now: datetime) -> Standing:
    """Tell how something that is not done yet stands at a moment."""
    if its.timed != "dated":
        return its.timed
    assert its.day is not None
    today = today_of(now, its.zone)
    if now > its.moment if its.moment is not None else today > its.day:
        return "overdue"
    return "due_today" if today == its.day else "running"


class Left(NamedTuple):
    """How many days are left, not counting today; negative when the last day is over."""

    days: int
    business_days: int | None
    """By the calendar of the law, else by Canada's; None where no calendar knows the year."""


def left(its: Deadline, now: datetime) -> Left | None:
    """Return how many days are left of something that has a last day; None when it has none."""
    if its.day is None:
        return None
    today = today_of(now, its.zone)
    calendar, *part = (its.calendar or "ca").partition(",")[0].split()
    try:
        business = business_days(calendar, today, its.day, *part)
    except OutsideCalendar:
        business = None
    return Left((its.day - today).days, business)


def today_of(now: datetime, zone: str = ZONE.key) -> date:
    """Return the day that it is at a moment in a zone, the company's unless another is named."""
    return now.astimezone(ZoneInfo(zone)).date()


def is_late(its: Deadline, done: datetime) -> bool:
    """Tell whether something was done after it was due."""
    return its.day is not None and standing(its, done) == "overdue"


def parsed(text: str | None) -> date | None:
    """Return the day that an event states; None when it states none that the calendar has."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def read_back(members: Mapping[str, Any]) -> Deadline:
    """Return a date from what JSON says of it; see `plain`."""
    told = dict(members)
    for name in ("start", "day"):
        told[name] = None if told[name] is None else date.fromisoformat(told[name])
    told["moment"] = None if told["moment"] is None else datetime.fromisoformat(told["moment"])
    return Deadline(**told)


def law_for(
    clock: str,
    event: str,
    when: datetime,
    regime: str | None,
    jurisdiction: str | None,
    received: datetime | None = None,
) -> Pack | None:
    """Return the law that imposes something: that of the request behind it, else of the place, else Canada's.

    Args:
        clock: What is due.
        event: The type of what it follows from; a law that does not name it does not ask for it.
        when: When it came about.
        regime: The law that a request is handled under.
        jurisdiction: The place whose law a fact names.
        received: When who is to be told last received the data; None when that is not known.
    """
    named = [regime] if regime else []
    here = [each for each in named + [one for pack in laws_of(jurisdiction, when) for one in pack.regimes] if each]
    fallback = [FEDERAL] if CANADA in within(jurisdiction or CANADA) else []
    found = (law_on(each, when) for each in here + fallback)
    its = ((pack, pack.clocks[clock]) for pack in found if pack and clock in pack.clocks)
    return next((pack for pack, each in its if event in each.events and _reaches(each, received, when)), None)


def _reaches(clock: Clock, received: datetime | None, when: datetime) -> bool:
    """Tell whether a law that looks back some months looks as far as a receipt; one that is not known may be new."""
    if clock.received_within is None or received is None:
        return True
    try:
        return day_of(received, ZONE) >= add_months(day_of(when, ZONE), -clock.received_within)
    except OutsideCalendar:
        return False


def laws_of(jurisdiction: str | None, when: datetime) -> list[Pack]:
    """Return the laws in force at a place, the narrowest place first; those of Canada when no place is named."""
    places = within(jurisdiction or CANADA)
    found = [each for each in PACKS if each.jurisdiction in places and law_on(each.regimes[0], when) is each]
    return sorted(found, key=lambda each: (-len(each.jurisdiction), each.code))
