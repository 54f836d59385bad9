"""The sample company's calendar: eighteen months that end on one fixed day. No wall clock is read.

Times are kept in UTC and written with Quebec's offset, as its services would write them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

STANDARD = timezone(timedelta(hours=-5))
SUMMER = timezone(timedelta(hours=-4))

AS_OF = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
"""The sample's present: Friday 20 November 2026, 17:00 in Montreal. Nothing happens after it."""
START = datetime(2025, 5, 20, 4, 0, tzinfo=UTC)
"""Its first day, eighteen months earlier."""
POLICY_CHANGE = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
"""When the company changed its policy, without notice, as the policy itself allows (section 1)."""


def sunday(year: int, month: int, nth: int) -> datetime:
    """Midnight UTC of the month's nth Sunday."""
    first = datetime(year, month, 1, tzinfo=UTC)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


def local(moment: datetime) -> datetime:
    """The same moment on Quebec's clocks: summer time from March's second Sunday to November's first."""
    begins = sunday(moment.year, 3, 2) + timedelta(hours=7)
    ends = sunday(moment.year, 11, 1) + timedelta(hours=6)
    return moment.astimezone(SUMMER if begins <= moment < ends else STANDARD)


def written(moment: datetime) -> str:
    """RFC 3339, to the second, with Quebec's offset."""
    return local(moment).isoformat(timespec="seconds")


def day(moment: datetime) -> str:
    """The calendar day in Quebec, `YYYY-MM-DD`."""
    return local(moment).date().isoformat()


def months(first: datetime, last: datetime) -> list[datetime]:
    """The same day and hour of every following month, up to and including `last`; the 28th at most."""
    found: list[datetime] = []
    at = first.replace(day=min(first.day, 28))
    while True:
        at = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
        if at > last:
            return found
        found.append(at)
