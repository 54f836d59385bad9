"""When things are kept too long: after their last day by the rules of that time, unless an order holds them.

Where a later rule keeps longer, it is so until that rule's own date, and perhaps again when its last day is over. An
order that comes when it was so already cures nothing.

Source: PIPEDA, Schedule 1, 4.5.3; P-39.1, s. 23.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from projections.deadlines import ZONE
from projections.history import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from projections.retained import Kept, Period

DESTROYS = frozenset({"erase", "anonymise"})
"""What may be due. A review is no end: see the retention of a person."""


class Past(NamedTuple):
    """A time in which things are kept too long."""

    since: datetime
    until: datetime | None
    """None for ever after."""
    kept: list[Kept]


def limits(each: Period) -> bool:
    """Return whether something is to be destroyed some day."""
    due = each.kept.due
    return due is not None and due.day is not None and due.action in DESTROYS


def past(things: Iterable[Sequence[Period]]) -> list[Past]:
    """Return the times in which anything is kept too long, in order; they do not touch, and each has all that is then.

    Args:
        things: What is held, each by the periods of the rules about it.
    """
    found: list[Past] = []
    for each in sorted((one for some in things for one in _past(some)), key=lambda each: each.since):
        last = found[-1] if found else None
        if last is None or (last.until is not None and last.until < each.since):
            found.append(each)
            continue
        until = None if last.until is None or each.until is None else max(last.until, each.until)
        found[-1] = Past(last.since, until, [*last.kept, *each.kept])
    return found


def _past(some: Sequence[Period]) -> list[Past]:
    """Return when something is kept too long, by the rules of each time; never if it is gone."""
    found: list[Past] = []
    for each in some:
        due = each.kept.due
        if each.kept.gone or not limits(each) or due is None or due.day is None or due.day >= LATEST.date():
            continue
        over = datetime.combine(due.day + timedelta(days=1), time(), ZONE).astimezone(UTC)
        since = over if each.starts is None else max(over, each.starts)
        already = bool(found) and found[-1].until == since
        free = since if already else _unblocked(each.kept, since)
        if free is not None and (each.ends is None or free < each.ends):
            found.append(Past(free, each.ends, [each.kept]))
    return found


def _unblocked(each: Kept, since: datetime) -> datetime | None:
    """Return from when no order forbids to destroy something; None if one without an end does."""
    while orders := each.blocked(since):
        ends = [order.ends for order in orders if order.ends is not None]
        if len(ends) < len(orders):
            return None
        since = max(ends)
    return since
