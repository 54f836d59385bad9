"""Disclosures that repeat as one row: the newest in full, since when, and how many there were.

Source: 45 CFR 164.528(b)(3), several disclosures to one recipient for one purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections import disclosures
from projections.person import rows
from projections.projection import Page, part

if TYPE_CHECKING:
    from psycopg import Connection

    from projections.disclosures import Disclosure
    from projections.person import Person

FEWEST = 3
"""Repeats that make a series which nobody named; two are shown one by one."""


class Repeats(NamedTuple):
    """How often something was disclosed alike."""

    first: str
    """When the oldest one happened: RFC 3339."""
    times: int


class Series(NamedTuple):
    """One disclosure, or the newest of several that are alike."""

    newest: Disclosure
    repeats: Repeats

    @property
    def position(self) -> int:
        """Of the newest."""
        return self.newest.position


def of_person(
    connection: Connection[Any], person: Person, *, after: int | None = None, limit: int | None = 100
) -> Page[Series]:
    """Return what was disclosed about a person, what repeats as one row, the newest recorded first.

    Alike is what went to one recipient, in one role, for one purpose on one basis, with the same data, and in the same
    series if its emitter named one.

    Args:
        connection: A reader's.
        person: Whom.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
    """
    every = rows(disclosures.of_subject, connection, person, limit=None)
    logs = every.logs or [person.subject.log_id] * len(every.rows)
    alike: dict[tuple[Any, ...], list[tuple[Disclosure, int]]] = {}
    for row, log_id in zip(every.rows, logs, strict=True):
        alike.setdefault(_likeness(row), []).append((row, log_id))
    found: list[tuple[Series, int]] = []
    for row, log_id in zip(every.rows, logs, strict=True):
        mine = alike[_likeness(row)]
        if len(mine) < FEWEST and row.series is None:
            found.append((single(row), log_id))
        elif mine[0][0] is row:
            found.append((Series(row, Repeats(mine[-1][0].time, len(mine))), log_id))
    page = part(found, after, limit)
    return Page([each for each, _ in page.rows], page.next, [log_id for _, log_id in page.rows])


def single(row: Disclosure) -> Series:
    """Return one disclosure as a series of itself."""
    return Series(row, Repeats(row.time, 1))


def _likeness(row: Disclosure) -> tuple[Any, ...]:
    named = (row.series or {}).get("id")
    data = frozenset(row.categories)
    return row.recipient, row.recipient_role, row.purpose, row.basis, row.mode, row.through, data, named
