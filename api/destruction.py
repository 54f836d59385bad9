"""What is past its time and held by no order, as something that the company owes: to destroy it, or to anonymise it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from projections import counting, derived, histories, obligations, retained, retention, timeline
from projections.deadlines import Deadline, said, today_of, without_law
from projections.owed import DESTROY, OPEN, Owed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from projections.person import Person

NAME = retention.RETENTION.name
PREFIX = 12
"""Digits of her id that lead the name of what is owed: so names come in the order in which rows are read."""
SENTENCES = {
    "en": "{what} was to be kept until {day}, by the rule {rule}, counted from {start}",
    "fr": "{what} devait être conservé jusqu’au {day}, selon la règle {rule}, à compter du {start}",
}


def across(
    connection: Connection[Any],
    logs: Sequence[int],
    wanted: obligations.Filter,
    now: datetime,
    after: obligations.Cursor,
    limit: int,
    as_of: Mapping[int, int] | None = None,
) -> list[Owed]:
    """Return what of everybody is to be destroyed, by the day that was its last one.

    Args:
        connection: A reader's.
        logs: Which.
        wanted: Which obligations; without `due_before`, what is past its time by now.
        now: An order that stands then forbids it.
        after: The row to go on after.
        limit: The most rows of each log.
        as_of: What was known at these positions, one of each log; None for now.
    """
    if not _admitted(wanted):
        return []
    try:
        day = date.fromisoformat(after.due)
    except ValueError:  # Before everything, or among what has no day.
        if after != obligations.BEGIN:
            return []
        day = date.min
    start = retention.Cursor(day, UUID(hex=after.id[:PREFIX].ljust(32, "0")), -1)
    if after.subject and after.id.startswith(after.subject[:PREFIX]):
        # One of these rows: whatever of hers came before it would take the place of rows that come after.
        start = retention.Cursor(day, UUID(hex=after.subject), int(after.id[PREFIX:], 16))
    asked = _asked(wanted, now)
    found = [each for log_id in logs for each in retention.across(connection, log_id, asked, start, limit + 1, as_of)]
    return [
        _owed(each.subject.hex, each.number, each.category, each.due, each.rule, each.start, each.positions)
        for each in found
    ]


def count(
    connection: Connection[Any],
    logs: Sequence[int],
    wanted: obligations.Filter,
    now: datetime,
    as_of: Mapping[int, int] | None = None,
) -> int:
    """Return how many rows `across` has in all; the arguments are its."""
    return counting.kept(connection, logs, _asked(wanted, now), as_of) if _admitted(wanted) else 0


def _admitted(wanted: obligations.Filter) -> bool:
    return wanted.kind in {None, DESTROY} and wanted.state in {None, OPEN, "unfinished"} and wanted.recipient is None


def _asked(wanted: obligations.Filter, now: datetime) -> retention.Wanted:
    return retention.Wanted("due", wanted.before or today_of(now), now, blocked=False)


def of_person(connection: Connection[Any], person: Person, now: datetime) -> list[Owed]:
    """Return what of one person is to be destroyed, as of the position of the answer."""
    log_id, at = person.subject.log_id, person.as_of
    known = timeline.appended(connection, log_id, at)
    registers = derived.registered(connection, NAME, log_id, at, datetime.fromisoformat(known) if known else now)
    people = histories.of_person(connection, person, retained.READ)
    kept = retention.of_histories(people, registers, now)
    return [
        _owed(
            person.subject.id, number, each.holding.category, each.due.day, each.due.rule, each.due.start,
            each.holding.positions,
        )
        for number, each in enumerate(kept)
        if each.due and each.due.day and each.due.day < today_of(now) and not each.gone and not each.blocked(now)
    ]  # fmt: skip


def _owed(
    subject: str,
    number: int,
    category: str,
    day: date | None,
    rule: str | None,
    start: date | None,
    positions: Sequence[int],
) -> Owed:
    told = {"what": category, "day": day, "rule": rule, "start": start}
    by: Deadline = said(without_law(day), *(text.format_map(told) for text in SENTENCES.values()))
    since = day.isoformat() if day else ""
    return Owed(
        f"{subject[:PREFIX]}{number % 0x10000:04x}", DESTROY, OPEN, subject, day, by, since, categories=[category],
        positions=list(positions),
    )  # fmt: skip
