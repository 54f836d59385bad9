"""What holds of every clock of every pack, whatever it starts from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.law import wording
from projections.law.calendar import closed
from projections.law.clock import Due, add_months, due, standing
from projections.law.pack import PACKS, Pack

CALM = settings(deadline=None)
"""The first look at a year reads its holidays."""
EVERY = [(pack, name) for pack in PACKS for name in pack.clocks]
ZONES = [ZoneInfo(name) for name in ("America/Toronto", "America/Vancouver", "Europe/Paris", "UTC", "Asia/Kolkata")]
clocks = st.sampled_from(EVERY)
days = st.dates(date(2000, 1, 2), date(2090, 12, 31))
moments = st.datetimes(datetime(2000, 1, 2), datetime(2090, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
extensions = st.lists(st.none() | st.integers(0, 130), max_size=3)
places = st.sampled_from([None, "loc:FR", "loc:DE", "loc:EU", "loc:CA", "loc:CA-BC", "loc:CA-QC", "loc:US-CA"])
zones = st.sampled_from(ZONES)


def end(its: Due, zone: ZoneInfo) -> datetime | None:
    """Return the last moment, in UTC; None when there is no date."""
    if its.moment is not None:
        return its.moment.astimezone(UTC)
    return its.day and datetime.combine(its.day + timedelta(days=1), datetime.min.time(), zone).astimezone(UTC)


def not_before(later: datetime | None, earlier: datetime | None) -> bool:
    return later is earlier is None or (later is not None and earlier is not None and later >= earlier)


@CALM
@given(clocks, moments, zones, places, extensions)
def test_an_extension_never_shortens(
    clock: tuple[Pack, str], start: datetime, zone: ZoneInfo, place: str | None, stated: list[int | None]
) -> None:
    plain = due(*clock, start, zone=zone, place=place)
    for number in range(len(stated)):
        longer = due(*clock, start, zone=zone, place=place, extensions=stated[: number + 1])
        assert not_before(end(longer, zone), end(plain, zone))
        plain = longer


@CALM
@given(clocks, moments, st.timedeltas(timedelta(0), timedelta(days=40)), zones, places, extensions)
def test_a_later_start_never_brings_an_earlier_end(
    clock: tuple[Pack, str],
    start: datetime,
    later: timedelta,
    zone: ZoneInfo,
    place: str | None,
    stated: list[int | None],
) -> None:
    first = due(*clock, start, zone=zone, place=place, extensions=stated)
    second = due(*clock, start + later, zone=zone, place=place, extensions=stated)
    assert not_before(end(second, zone), end(first, zone))


@CALM
@given(clocks, days, zones, places, extensions)
def test_the_explanation_names_the_final_day_in_both_languages(
    clock: tuple[Pack, str], start: date, zone: ZoneInfo, place: str | None, stated: list[int | None]
) -> None:
    its = due(*clock, start, zone=zone, place=place, extensions=stated)
    english, french = its.explanation["en"], its.explanation["fr"]
    assert len(english) == len(french) >= 2
    for language, sentences in its.explanation.items():
        assert all(sentence.endswith(".") for sentence in sentences)
        shown = wording.day(its.day or its.start, language)
        assert any(shown in sentence for sentence in sentences[-2:] if its.day) or its.day is None
        assert any(wording.day(start, language) in sentence for sentence in sentences)
        assert its.confirm is (wording.CONFIRM[language] in " ".join(sentences))


@CALM
@given(clocks, days, zones, places, extensions)
def test_nothing_is_due_before_it_began_and_a_moved_day_is_open(
    clock: tuple[Pack, str], start: date, zone: ZoneInfo, place: str | None, stated: list[int | None]
) -> None:
    pack, name = clock
    its = due(pack, name, start, zone=zone, place=place, extensions=stated)
    assert its == due(pack, name, start, zone=zone, place=place, extensions=stated)
    assert its.day is None or its.day >= start
    if pack.clocks[name].rollover and its.day is not None:
        calendar, *part = its.calendar.partition(",")[0].split()
        assert closed(calendar, its.day, *part) is None


@CALM
@given(clocks, moments, moments, zones)
def test_what_is_due_goes_from_running_to_due_today_to_overdue(
    clock: tuple[Pack, str], start: datetime, now: datetime, zone: ZoneInfo
) -> None:
    its = due(*clock, start, zone=zone)
    order = ["watched", "running", "due_today", "overdue"]
    ranks = [order.index(standing(its, now + timedelta(hours=6 * step))) for step in range(9)]
    assert ranks == sorted(ranks)
    assert (ranks[0] == 0) is (its.day is None)


@CALM
@given(days, st.integers(0, 50), st.integers(0, 50))
def test_months_end_where_they_must(day: date, few: int, more: int) -> None:
    later = add_months(day, few)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == few
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
    assert add_months(day, few + more) >= later
