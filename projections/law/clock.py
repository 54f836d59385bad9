"""Due dates as a pure function of a law pack, a calendar and what happened, with the arithmetic as sentences."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

from projections.law import wording
from projections.law.calendar import (
    CALENDARS,
    LAST_YEAR,
    TORONTO,
    OutsideCalendar,
    closed,
    day_of,
    library,
    next_open,
    within,
)
from projections.law.place import here

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.law.calendar import Names
    from projections.law.pack import Clock, Kind, Pack

Standing = Literal["running", "due_today", "overdue", "watched"]
"""watched has no date: it is to be done as soon as feasible."""


class More(NamedTuple):
    """More time that was taken, as it was stated."""

    length: int | None = None
    """How much; None for all that the law allows."""
    in_days: bool = False
    """Whether the length is one of days, where the law counts months; else it is in the law's own unit."""
    reason: str | None = None
    """Why, in a code: a law may allow as long as it takes."""


class Due(NamedTuple):
    """When something is due, and why then."""

    pack: str
    """The law, such as ca-pipeda."""
    version: str
    """Which version of it."""
    clock: str
    """Which of its clocks."""
    rule: str
    """The code that an event names the rule by."""
    kind: Kind
    """deadline, embargo, retention or limit."""
    start: date
    """The day that it began with, in the zone."""
    day: date | None
    """The last day, in the zone; None when there is no date."""
    moment: datetime | None
    """The last moment, when it is counted in hours or ends with its start; else None."""
    deemed_refusal: bool
    """Whether silence until then is a refusal."""
    confirm: bool
    """Whether counsel must confirm some of it."""
    zone: str
    """The zone that its days are days of."""
    calendar: str
    """The calendar and the version of the library behind it."""
    explanation: dict[str, list[str]]
    """The arithmetic, sentence by sentence: en and fr."""


def due(
    pack: Pack,
    clock: str,
    start: datetime | date,
    *,
    zone: ZoneInfo = TORONTO,
    place: str | None = None,
    extensions: Sequence[int | More | None] = (),
    identified: datetime | date | None = None,
    ended: datetime | date | None = None,
) -> Due:
    """Return when a clock runs out.

    Args:
        pack: The version of the law that is in force at the start.
        clock: Which of its clocks.
        start: The moment that it is counted from, with an offset, or the day in the zone. Of a day and a clock in
            hours, the day's first moment.
        zone: The company's: what happened is on the day that it was there, unless a place is stated.
        place: Whose law a fact names, such as loc:CA-BC: within the law's territory, days and holidays are those there.
        extensions: What each extension was stated to be; a number is one in the extension's unit, None is all that the
            law allows. More than it allows is not refused: it is cut to that, and the explanation says so. Where the
            reason allows as long as it takes, what was stated counts, and without it there is no day.
        identified: When identity was proved, if that had to be asked for: a law may count from then.
        ended: Of an embargo, when the reply came that ends it early.

    Raises:
        KeyError: The pack has no such clock.
        OutsideCalendar: A day is before 1994 or after 2100.
        ValueError: A moment has no offset.
    """
    its = pack.clocks[clock]
    found = here(place, pack.jurisdiction, zone)
    zone, part = found.zone, found.part if CALENDARS[pack.calendar].parts else None
    first = day_of(start, zone)
    said = wording.Sentences()
    proved = None if identified is None else day_of(identified, zone)
    if proved is not None and proved > first and its.identity_first:
        said.received(its, first)
        start, first = proved, proved
    day, moment = None, None
    if its.unit == "beforehand":
        moment = _moment(start, zone)
        day = first
        said.beforehand(its, moment)
    elif its.unit == "as_soon_as_feasible":
        said.watched(its, first)
    elif its.unit == "hours":
        moment = _after_hours(its, start, zone, said)
        day = moment.date()
        said.where(pack, found)
    else:
        said.begins(its, pack.counting, first, zone.key, proved)
        said.where(pack, found)
        day = _counted(pack, its, first, part, extensions, said)
    if ended is not None and day is not None and its.kind == "embargo" and day_of(ended, zone) < day:
        day = max(first, day_of(ended, zone))
        said.ended(day)
    if its.note is not None:
        said.note(its.note)
    if day is not None:
        said.last(its, day, moment)
    return Due(
        pack.code, pack.version, clock, its.rule, its.kind, first, day, moment, its.deemed_refusal is not None,
        said.confirm, zone.key, f"{pack.calendar}{f' {part}' if part else ''}, {library()}", said.texts,
    )  # fmt: skip


def standing(its: Due, now: datetime, zone: ZoneInfo | None = None) -> Standing:
    """Tell how something that is not done yet stands at a moment. An embargo or a time to keep that is overdue is over.

    Args:
        its: What is due.
        now: The moment, with an offset.
        zone: Whose day it is now; the one that it was computed with unless another is given.
    """
    today = _today(its, now, zone)
    if its.day is None:
        return "watched"
    if now > its.moment if its.moment is not None else today > its.day:
        return "overdue"
    return "due_today" if today == its.day else "running"


def is_refused_by_silence(its: Due, now: datetime, zone: ZoneInfo | None = None) -> bool:
    """Tell whether a request that is not answered yet counts as refused: its law says so, and the last day is over."""
    return its.deemed_refusal and standing(its, now, zone) == "overdue"


def days_since(its: Due, now: datetime, zone: ZoneInfo | None = None) -> int:
    """Return how many days something has been running: what is watched for a clock that has no date."""
    return (_today(its, now, zone) - its.start).days


def _today(its: Due, now: datetime, zone: ZoneInfo | None) -> date:
    return now.astimezone(zone or ZoneInfo(its.zone)).date()


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or that month's last day when it has none of that number."""
    years, month = divmod(day.month - 1 + months, 12)
    year = within(day.year + years)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def most_days(its: Clock, start: date) -> int | None:
    """Return by how many days one extension moves the last day at most, from the first one; None if it may not.

    Args:
        its: What is extended.
        start: The day that it began with.
    """
    if its.extension is None:
        return None
    if its.extension.unit == "days":
        return its.extension.length
    first = add_months(start, its.length or 0)
    return (add_months(start, (its.length or 0) + its.extension.length) - first).days


def _counted(
    pack: Pack,
    its: Clock,
    first: date,
    part: str | None,
    extensions: Sequence[int | More | None],
    said: wording.Sentences,
) -> date | None:
    """Return the last day of a clock that counts days, months or years, extended and moved off a holiday.

    There is none while it is extended for as long as something takes.
    """
    assert its.length is not None
    skipped: list[tuple[date, Names]] = []
    match its.unit:
        case "months":
            day = add_months(first, its.length)
        case "years":
            day = add_months(first, 12 * its.length)
        case "business_days":
            day, skipped = _after_business_days(pack, its, first, part)
        case _:
            day = first + timedelta(days=its.length - its.start_counts)
    within(day.year)
    said.counted(its, day, skipped)
    taken = [each if isinstance(each, More) else More(each) for each in extensions]
    extended = _extended(its, first, day, taken, said)
    if its.rollover and extended is not None:
        extended, passed = next_open(pack.calendar, extended, part)
        if passed:
            said.moved(pack.counting, passed, extended)
    return extended


def _after_business_days(pack: Pack, its: Clock, day: date, part: str | None) -> tuple[date, list[tuple[date, Names]]]:
    """Return the last of some business days, and the days passed over."""
    assert its.length is not None
    left = its.length
    skipped: list[tuple[date, Names]] = []
    if its.start_counts and closed(pack.calendar, day, part, business=True) is None:
        left -= 1
    while left:
        day += timedelta(days=1)
        why = closed(pack.calendar, day, part, business=True)
        if why is None:
            left -= 1
        else:
            skipped.append((day, why))
    return day, skipped


def _extended(its: Clock, first: date, day: date, taken: Sequence[More], said: wording.Sentences) -> date | None:
    """Return the last day after extensions, each cut to what the law allows; None when one has no end."""
    allowed = its.extension
    used = total = 0
    for each in taken:
        reason = allowed.unbounded(each.reason) if allowed else None
        if allowed is not None and reason is not None:
            day = _within(day, each.length or 0)
            said.unbounded(allowed, reason, each.length, day)
            if each.length is None:
                return None
            continue
        if allowed is None or used >= allowed.times:
            said.no_extension(its, allowed)
            continue
        used += 1
        if each.in_days and allowed.unit == "months" and each.length is not None:
            total += allowed.length
            most = add_months(first, (its.length or 0) + total)
            stated = _within(day, max(0, each.length))
            day = min(stated, most)
            said.extended_by_days(allowed, each.length, day, cut=stated > most)
            continue
        length = allowed.length if each.length is None else max(0, min(each.length, allowed.length))
        total += length
        # Months are counted from the start, so that a short month in between takes no days away.
        day = _within(day, length) if allowed.unit == "days" else add_months(first, (its.length or 0) + total)
        within(day.year)
        said.extended(allowed, length, each.length, day)
    return day


def _within(day: date, more: int) -> date:
    """Return the day some days later.

    Raises:
        OutsideCalendar: The calendars do not know it.
    """
    try:
        later = day + timedelta(days=more)
    except OverflowError:
        raise OutsideCalendar(f"{more} days after {day} is after {LAST_YEAR}") from None
    within(later.year)
    return later


def _after_hours(its: Clock, start: datetime | date, zone: ZoneInfo, said: wording.Sentences) -> datetime:
    """Return the moment some hours later, as hours pass: a change to or from daylight saving adds and takes none."""
    assert its.length is not None
    begin = _moment(start, zone)
    counted = (
        begin
        if its.start_counts
        else begin.astimezone(UTC)
        + (timedelta(hours=1) - timedelta(minutes=begin.minute, seconds=begin.second, microseconds=begin.microsecond))
    )
    end = (counted.astimezone(UTC) + timedelta(hours=its.length)).astimezone(zone)
    within(end.year)
    said.hours(its, begin, end)
    return end


def _moment(start: datetime | date, zone: ZoneInfo) -> datetime:
    """Return a moment in the zone; of a day, its first."""
    if isinstance(start, datetime):
        return start.astimezone(zone)
    return datetime.combine(start, time(), zone)
