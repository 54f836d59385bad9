"""Nothing is kept longer than its rule of retention, or what she was told, allows, unless an order says to keep it.

The fact that is judged is the last collection of what is held. It is a finding from the day after the last one on which
it may be kept, or from when the last order ended that forbade to destroy it then. Once it is gone, it is none.

Those rules count that were in force when the newest thing was recorded that is judged here, and later ones from their
own date on. Nothing here has a clock: that a later rule keeps it longer is seen with the next fact, or the next rule.

Source: PIPEDA, Schedule 1, 4.5.2 and 4.5.3; P-39.1, s. 23; GDPR, Art. 5(1)(e).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from projections.deadlines import ZONE
from projections.history import EARLIEST, LATEST
from projections.retained import periods
from projections.rules.rule import Remembered, Rule, Verdict, lawful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.retained import Kept, Period
    from projections.rules.rule import Place

DESTROYS = frozenset({"erase", "anonymise"})
"""What may be due. A review is no end: see the retention of a person."""


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether what a fact collected is kept no longer than it may be; None if nothing is held by it."""
    mine = last_collected(history, registers).get(fact.position, [])
    limited = [each for each in mine if any(map(_limits, each))]
    if not limited:
        return None
    late = [found for each in limited if (found := _late(each)) is not None]
    if not late:
        held = any(not some[0].kept.gone for some in limited)
        return lawful(
            "whosaw:HeldBack" if held else "whosaw:DeletionEvidenced", *_places([some[0].kept for some in limited])
        )
    over = [each for _, each in late]
    codes = dict.fromkeys([each.holding.category for each in over] + [each.due.rule for each in over if each.due])
    since = min(since for since, _ in late)
    return Verdict("violation", "whosaw:PastRetention", tuple(codes), _places(over), since=since)


def _last_collected(history: History, registers: Registers) -> dict[int, list[list[Period]]]:
    """Return by the position of the last collection what is held by it, by the periods of its rules from now on."""
    facts = [*history.facts, *registers.retention_rules()]
    newest = max((each.appended for each in facts), default=EARLIEST)
    collections = {each.position for each in history.of("data.collected")}
    found: dict[int, list[list[Period]]] = {}
    for some in periods(history, registers):
        coming = [each for each in some if each.ends is None or each.ends > newest]
        last = max((position for position in some[0].kept.holding.positions if position in collections), default=0)
        found.setdefault(last, []).append(coming)
    return found


last_collected = Remembered(_last_collected)


def _limits(each: Period) -> bool:
    """Return whether something is to be destroyed some day."""
    due = each.kept.due
    return due is not None and due.day is not None and due.action in DESTROYS


def _late(some: Sequence[Period]) -> tuple[datetime, Kept] | None:
    """Return from when something is kept too long, and by what; None if it is gone or held, or has no last day."""
    for each in some:
        if each.kept.gone or not _limits(each) or (since := _since(each.kept)) is None:
            continue
        since = since if each.starts is None else max(since, each.starts)
        if each.covers(since):
            return since, each.kept
    return None


def _since(each: Kept) -> datetime | None:
    """Return from when something is kept too long; None if an order without an end forbids to destroy it."""
    if each.due is None or each.due.day is None or each.due.day >= LATEST.date():
        return None
    since = datetime.combine(each.due.day + timedelta(days=1), time(), ZONE).astimezone(UTC)
    while orders := each.blocked(since):
        ends = [order.ends for order in orders if order.ends is not None]
        if len(ends) < len(orders):
            return None
        since = max(ends)
    return since


def _places(some: Sequence[Kept]) -> tuple[Place, ...]:
    """Return what says how long things are kept: what they follow from, and the rule that decides."""
    places = [(each.holding.log_id, position) for each in some for position in each.holding.positions]
    rules = [each.due.place for each in some if each.due is not None and each.due.place is not None]
    return tuple(dict.fromkeys([*places, *rules]))


RULE = Rule("whosaw:RuleRetention", 1, "whosaw:PIPEDA", ("data.collected",), judge)
