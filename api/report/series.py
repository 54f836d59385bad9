"""Groups repeated disclosures: the first in full, how often, how many, and the last.

Source: 45 CFR 164.528(b)(3), grouping of multiple disclosures to one recipient for one purpose.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from api.report.account import Disclosure

FEWEST = 3
"""Repeats that make a series; two are shown one by one."""

# A rhythm holds when three intervals of four lie within its bounds.
_RHYTHMS = (
    ("daily", timedelta(hours=18), timedelta(hours=36)),
    ("weekly", timedelta(days=5), timedelta(days=9)),
    ("monthly", timedelta(days=26), timedelta(days=35)),
    ("quarterly", timedelta(days=80), timedelta(days=100)),
    ("yearly", timedelta(days=350), timedelta(days=380)),
)


class Series(NamedTuple):
    """One row of the table: one disclosure, or several of the same kind."""

    disclosures: list[Disclosure]
    """Oldest first; at least one."""

    @property
    def repeated(self) -> bool:
        """Whether the row stands for several disclosures."""
        return len(self.disclosures) > 1

    @property
    def frequency(self) -> str:
        """The word for the rhythm: daily, weekly, monthly, quarterly, yearly or irregular."""
        moments = [_moment(item) for item in self.disclosures]
        gaps = [later - earlier for earlier, later in pairwise(moments) if earlier and later]
        for word, least, most in _RHYTHMS:
            if gaps and sum(least <= gap <= most for gap in gaps) * 4 >= len(gaps) * 3:
                return word
        return "irregular"


def grouped(disclosures: Sequence[Disclosure]) -> list[Series]:
    """Return one row per disclosure or series, where its first-listed member stood."""
    alike: dict[Hashable, list[Disclosure]] = {}
    for item in disclosures:
        alike.setdefault(_likeness(item), []).append(item)
    rows: list[Series] = []
    for item in disclosures:
        members = alike[_likeness(item)]
        if len(members) < FEWEST:
            rows.append(Series([item]))
        elif members[0] is item:
            rows.append(Series(sorted(members, key=lambda member: _order(member, members))))
    return rows


def _likeness(item: Disclosure) -> Hashable:
    """Everything that is shown except when it happened; an authority's act is never grouped."""
    if item.authority is not None or item.time is None:
        return id(item)
    shown = (item.recipient, tuple(item.categories or ()), item.purpose, item.recipient_purpose)
    return (*shown, item.basis, item.initiative, item.mode, item.policy_version, item.through)


def _moment(item: Disclosure) -> datetime | None:
    try:
        moment = datetime.fromisoformat(item.time or "")
    except ValueError:
        return None
    return moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta())


def _order(item: Disclosure, members: list[Disclosure]) -> tuple[datetime, int]:
    return (_moment(item) or datetime.min, item.position or members.index(item))  # noqa: DTZ901
