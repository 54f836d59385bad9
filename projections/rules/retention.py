"""Nothing is kept longer than its rule of retention, or what she was told, allows, unless an order says to keep it.

The fact that is judged is the last collection of what is held. It is a finding from the day after the last one on which
it may be kept, or from when the last order ended that forbade to destroy it then. Once it is gone, it is none.

Source: PIPEDA, Schedule 1, 4.5.2 and 4.5.3; P-39.1, s. 23; GDPR, Art. 5(1)(e).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from projections.deadlines import ZONE
from projections.history import LATEST
from projections.retained import kept
from projections.rules.rule import Remembered, Rule, Verdict, lawful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.retained import Kept
    from projections.rules.rule import Place

DESTROYS = frozenset({"erase", "anonymise"})
"""What may be due. A review is no end: see the retention of a person."""


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether what a fact collected is kept no longer than it may be; None if nothing is held by it."""
    mine = last_collected(history, registers).get(fact.position, [])
    limited = [each for each in mine if each.due is not None and each.due.day and each.due.action in DESTROYS]
    if not limited:
        return None
    late = [(since, each) for each in limited if not each.gone and (since := _since(each)) is not None]
    if not late:
        held = any(not each.gone for each in limited)
        return lawful("whosaw:HeldBack" if held else "whosaw:DeletionEvidenced", *_places(limited))
    since = min(since for since, _ in late)
    over = [each for _, each in late]
    codes = dict.fromkeys([each.holding.category for each in over] + [each.due.rule for each in over if each.due])
    return Verdict("violation", "whosaw:PastRetention", tuple(codes), _places(over), since=since)


def _last_collected(history: History, registers: Registers) -> dict[int, list[Kept]]:
    """Return by the position of the last collection what is held by it."""
    collections = {each.position for each in history.of("data.collected")}
    found: dict[int, list[Kept]] = {}
    for each in kept(history, registers):
        last = max((position for position in each.holding.positions if position in collections), default=0)
        found.setdefault(last, []).append(each)
    return found


last_collected = Remembered(_last_collected)


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
