"""Which days end no time, and what they are called."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from projections.law.calendar import (
    CALENDARS,
    MEMBER_STATES,
    WEEKEND,
    OutsideCalendar,
    business_days,
    closed,
    next_open,
)  # fmt: skip

# The holidays of 2026 that are no Saturday and no Sunday, as the statutes list them.
DAYS = {
    "ca": "01-01 04-03 04-06 05-18 07-01 09-07 09-30 10-12 11-11 12-25",
    "ca-qc": "01-01 04-03 04-06 05-18 06-24 07-01 09-07 10-12 12-25",
    "eu": "01-01 12-25",
    "us": "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    "us-ca": "01-01 01-19 02-16 05-25 06-19 07-03 09-07 11-11 11-26 12-25",
}


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=each) for each in range(365)]


@pytest.mark.parametrize("calendar", sorted(CALENDARS))
def test_the_holidays_of_a_year_are_those_of_the_statute(calendar: str) -> None:
    found = [day for day in days_of(2026) if day.isoweekday() < 6 and closed(calendar, day) is not None]
    assert [f"{day:%m-%d}" for day in found] == DAYS[calendar].split()


@pytest.mark.parametrize("calendar", sorted(CALENDARS))
def test_saturdays_end_times_in_canada_and_are_no_business_days_anywhere(calendar: str) -> None:
    saturday, sunday = date(2026, 1, 10), date(2026, 1, 11)
    assert (closed(calendar, saturday) is None) is calendar.startswith("ca")
    assert closed(calendar, saturday, business=True) == closed(calendar, sunday) == WEEKEND


@pytest.mark.parametrize("calendar", sorted(CALENDARS))
def test_every_holiday_has_a_name_in_both_languages(calendar: str) -> None:
    for year in (2001, 2019, 2026, 2027, 2100):
        for day in days_of(year):
            names = closed(calendar, day)
            assert names is None or (names.en and names.fr)
            assert names is None or names == WEEKEND or names.en != names.fr or names.en == "Juneteenth"


@pytest.mark.parametrize("state", sorted(MEMBER_STATES))
def test_each_member_state_has_the_days_that_all_have(state: str) -> None:
    names = closed("eu", date(2026, 12, 25), state)
    assert names is not None
    assert names.en
    assert len([day for day in days_of(2026) if closed("eu", day, state) not in (None, WEEKEND)]) >= 8


def test_a_day_that_moves_is_told_with_its_reason() -> None:
    day, passed = next_open("ca", date(2029, 7, 1))
    assert day == date(2029, 7, 3)
    assert [names.en for _, names in passed] == ["Canada Day", "Canada Day, which fell on a Sunday"]
    day, passed = next_open("us", date(2026, 7, 3))
    assert day == date(2026, 7, 6)
    assert passed[0][1].fr == "Fête de l’Indépendance (jour reporté)"
    assert next_open("ca", date(2026, 1, 2)) == (date(2026, 1, 2), [])


@pytest.mark.parametrize("calendar", sorted(CALENDARS))
@pytest.mark.parametrize(
    ("after", "until"), [("2026-11-27", "2027-01-04"), ("2026-12-31", "2027-01-01"), ("2026-11-27", "2026-11-27")]
)
def test_business_days_between_two_days_are_those_that_count(calendar: str, after: str, until: str) -> None:
    first, last = date.fromisoformat(after), date.fromisoformat(until)
    days = (first + timedelta(days=number) for number in range(1, (last - first).days + 1))
    expected = len([each for each in days if closed(calendar, each, business=True) is None])
    assert business_days(calendar, first, last) == expected
    assert business_days(calendar, last, first) == -expected


@pytest.mark.parametrize("day", [date(1993, 12, 31), date(2101, 1, 1), date.min, date.max])
def test_years_are_bounded(day: date) -> None:
    with pytest.raises(OutsideCalendar):
        closed("ca", day)
