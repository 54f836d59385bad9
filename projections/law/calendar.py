"""Days that are not counted, or on which no time ends: weekends and public holidays. Pure.

Years are 1994, when the first law that is known here began, to 2100.

The days come from the library `holidays`; which of them a statute means is said here. Where it is not certain that a
day is a holiday for the purpose, it is taken to be none: a time that ends a day too early costs the company a day, one
that ends a day too late costs the person her right. So:

- `ca` has the days of the Interpretation Act, s. 35(1), and those of one province, if it is named (35(1), (b));
- `ca-qc` has the days of Quebec's Interpretation Act, s. 61(23), and no Saturdays;
- `eu` has Saturdays, Sundays and the public holidays of one member state (Regulation 1182/71, Art. 2 and 3(4)). When
  none is named, it has the days that are holidays in all 27;
- `us-ca` has Saturdays, Sundays and the days that both California and the federal government keep.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import holidays

if TYPE_CHECKING:
    from collections.abc import Iterable

TORONTO = ZoneInfo("America/Toronto")
FIRST_YEAR, LAST_YEAR = 1994, 2100
SATURDAY, SUNDAY = 6, 7
MEMBER_STATES = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
PROVINCES = frozenset("AB BC MB NB NL NS NT NU ON PE QC SK YT".split())  # noqa: SIM905


class OutsideCalendar(ValueError):
    """A day is before 1994 or after 2100: nobody can say which days were, or will be, holidays."""


class Names(NamedTuple):
    """What a day is called."""

    en: str
    """English."""
    fr: str
    """French."""


WEEKEND = Names("weekend", "fin de semaine")


class Source(NamedTuple):
    """Days that the library knows."""

    country: str
    """ISO 3166-1."""
    subdivision: str | None = None
    """The library's name for a part of it."""
    category: str = "public"
    """The library's."""
    languages: tuple[str, str] = ("en_US", "en_US")
    """The library's names of English and French, or of what comes closest."""
    only: frozenset[str] = frozenset()
    """English names of the days that are meant; empty for all."""


class Calendar(NamedTuple):
    """Which days are no working days, or end no time."""

    weekend: frozenset[int]
    """Days of the week, Monday is 1."""
    sources: tuple[Source, ...]
    """Whose holidays."""
    all_of: bool = False
    """Whether a day must be a holiday of every source; else of any."""
    parts: frozenset[str] = frozenset()
    """The member states or provinces of which one may be named: its holidays count, too."""


_CANADIAN = ("en_CA", "fr")
_EASTER = Source("CA", "QC", "optional", _CANADIAN, frozenset({"Easter Monday"}))
_FEDERAL = frozenset(
    {
        "New Year's Day", "Good Friday", "Victoria Day", "Canada Day", "Labour Day", "Thanksgiving Day",
        "National Day for Truth and Reconciliation", "Remembrance Day", "Christmas Day",
    }
)  # fmt: skip
_QUEBEC = frozenset(
    {
        "New Year's Day", "Good Friday", "National Patriots' Day", "Saint Jean Baptiste Day", "Canada Day",
        "Labour Day", "Thanksgiving Day", "Christmas Day",
    }
)  # fmt: skip
_OF_PART = {"QC": _QUEBEC}
"""What is meant of a province's days; else all that are public holidays there."""
CALENDARS: dict[str, Calendar] = {
    "ca": Calendar(
        frozenset({SUNDAY}), (Source("CA", None, "government", _CANADIAN, _FEDERAL), _EASTER), parts=PROVINCES
    ),
    "ca-qc": Calendar(frozenset({SUNDAY}), (Source("CA", "QC", "public", _CANADIAN, _QUEBEC), _EASTER)),
    "eu": Calendar(frozenset({SATURDAY, SUNDAY}), (), all_of=True, parts=MEMBER_STATES),
    "us": Calendar(frozenset({SATURDAY, SUNDAY}), (Source("US"),)),
    "us-ca": Calendar(frozenset({SATURDAY, SUNDAY}), (Source("US"), Source("US", "CA")), all_of=True),
}
"""By name; the name is what a pack says."""
_LANGUAGES = {
    **dict.fromkeys(("BE", "FR", "LU"), ("en_US", "fr")),
    "CY": ("en_CY", "en_CY"),
    "IE": ("en_IE", "en_IE"),
}
"""The library's names of languages, of member states for which they are others."""
_FIRST_OF_JULY = Names("Canada Day, which fell on a Sunday", "Fête du Canada, tombée un dimanche")
_ENGLISH_ONLY = {
    "New Year's Day": "Jour de l’An",
    "Martin Luther King Jr. Day": "Journée Martin Luther King",
    "Washington's Birthday": "Anniversaire de Washington",
    "Memorial Day": "Jour du Souvenir (Memorial Day)",
    "Juneteenth National Independence Day": "Juneteenth",
    "Independence Day": "Fête de l’Indépendance",
    "Labor Day": "Fête du Travail",
    "Columbus Day": "Jour de Christophe Colomb",
    "Veterans Day": "Journée des anciens combattants",
    "Thanksgiving Day": "Action de grâce",
    "Christmas Day": "Noël",
    "Easter Monday": "Lundi de Pâques",
    "Good Friday": "Vendredi saint",
}
"""French names of days for which the library has none."""


@cache
def library() -> str:
    """Return the library that the days come from, with its version."""
    return f"holidays {version('holidays')}"


def day_of(moment: datetime | date, zone: ZoneInfo) -> date:
    """Return the day on which something happened, in a zone.

    Raises:
        OutsideCalendar: It is before 1994 or after 2100.
        ValueError: A moment has no offset, so nobody knows its day.
    """
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise ValueError("a moment without an offset has no day")
    within(moment.year)
    day = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    within(day.year)
    return day


def within(year: int) -> int:
    """Return a year that the calendars know.

    Raises:
        OutsideCalendar: They do not.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise OutsideCalendar(f"the year {year} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return year


def closed(calendar: str, day: date, part: str | None = None, *, business: bool = False) -> Names | None:
    """Return why a day does not count: its holiday's name, or WEEKEND; None when it counts.

    Args:
        calendar: A key of CALENDARS.
        day: The day.
        part: The member state or the province in which it is to be done: one of the calendar's parts.
        business: Whether business days are counted: a Saturday is none, also where it may be a last day.

    Raises:
        OutsideCalendar: It is before 1994 or after 2100.
        ValueError: The calendar has no such part.
    """
    names = _holidays(calendar, part, within(day.year)).get(day)
    if names is not None:
        return names
    if day.isoweekday() in CALENDARS[calendar].weekend or (business and day.isoweekday() == SATURDAY):
        return WEEKEND
    return None


def next_open(calendar: str, day: date, part: str | None = None) -> tuple[date, list[tuple[date, Names]]]:
    """Return the first day from this one on that counts, and those passed over with the reason.

    Raises:
        OutsideCalendar: It is before 1994 or after 2100.
    """
    skipped: list[tuple[date, Names]] = []
    while (why := closed(calendar, day, part)) is not None:
        skipped.append((day, why))
        day += timedelta(days=1)
    return day, skipped


def business_days(calendar: str, after: date, until: date, part: str | None = None) -> int:
    """Return how many business days there are after one day up to another, that one counted; negative backwards.

    Raises:
        OutsideCalendar: One of them is before 1994 or after 2100.
    """
    if until < after:
        return -business_days(calendar, until, after, part)
    found = sum(len(_business_days(calendar, part, year)) for year in range(within(after.year), within(until.year) + 1))
    last = _business_days(calendar, part, until.year)
    return (
        found - bisect_right(_business_days(calendar, part, after.year), after) - len(last) + bisect_right(last, until)
    )


@lru_cache(maxsize=256)
def _business_days(calendar: str, part: str | None, year: int) -> tuple[date, ...]:
    """Return the business days of a year, in order."""
    first = date(year, 1, 1)
    days = (first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days))
    return tuple(each for each in days if closed(calendar, each, part, business=True) is None)


@lru_cache(maxsize=1024)
def _holidays(calendar: str, part: str | None, year: int) -> dict[date, Names]:
    """Return the holidays of one year, by day."""
    its = CALENDARS[calendar]
    if part is not None and part not in its.parts:
        raise ValueError(
            f"{part} is no part of the calendar {calendar}: expected one of {', '.join(sorted(its.parts))}"
        )
    years = [_days(source, year) for source in _sources(its, part)]
    if its.all_of:
        return {day: names for day, names in years[0].items() if all(day in other for other in years)}
    found = {day: names for each in reversed(years) for day, names in each.items()}
    first = date(year, 7, 1)
    if calendar.startswith("ca") and first.isoweekday() == SUNDAY:
        found[first + timedelta(days=1)] = _FIRST_OF_JULY
    return found


def _sources(its: Calendar, part: str | None) -> Iterable[Source]:
    """Return whose holidays count: a calendar's own and those of one part, or in the Union what all have in common."""
    if its.parts != MEMBER_STATES:
        return [
            *its.sources,
            *([Source("CA", part, "public", _CANADIAN, _OF_PART.get(part, frozenset()))] if part else []),
        ]
    states = ["FR", *sorted(MEMBER_STATES - {"FR"})] if part is None else [part]
    return [Source(each, languages=_LANGUAGES.get(each, ("en_US", "en_US"))) for each in states]


def _days(source: Source, year: int) -> dict[date, Names]:
    """Return the days of one source that are meant, with their names."""
    moves = source.country == "US"
    english, french = (
        holidays.country_holidays(
            source.country, subdiv=source.subdivision, years=year, categories=(source.category,),
            language=language, observed=moves, expand=False,
        )
        for language in source.languages
    )  # fmt: skip
    return {
        day: Names(_tidy(name), _french(name, french[day]))
        for day, name in english.items()
        if not source.only or name in source.only
    }


def _french(english: str, french: str) -> str:
    if english != french:
        return _tidy(french)
    plain = english.removesuffix(" (observed)")
    moved = " (jour reporté)" if plain != english else ""
    return _ENGLISH_ONLY.get(plain, _tidy(plain)) + moved


def _tidy(name: str) -> str:
    return name.replace("'", "’")
