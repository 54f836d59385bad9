"""Nothing is kept longer than its rule of retention, or what she was told, allows, unless an order says to keep it.

The fact that is judged is the last collection of what is held. It is a finding from the day after the last one on which
it may be kept, or from when the last order ended that forbade to destroy it then. Once it is gone, it is none.
Which rules count at which time is told in `past`.

Source: PIPEDA, Schedule 1, 4.5.2 and 4.5.3; P-39.1, s. 23; GDPR, Art. 5(1)(e).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.retained import periods
from projections.rules.past import limits, past
from projections.rules.rule import Remembered, Rule, Verdict, lawful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.retained import Kept, Period
    from projections.rules.rule import Place


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether what a fact collected is kept no longer than it may be; None if nothing is held by it."""
    mine = last_collected(history, registers).get(fact.position, [])
    limited = [each for each in mine if any(map(limits, each))]
    late = past(limited)
    verdict: Verdict | None = None
    for each in reversed(late):
        codes = [one.holding.category for one in each.kept] + [one.due.rule for one in each.kept if one.due]
        verdict = Verdict(
            "violation", "whosaw:PastRetention", tuple(dict.fromkeys(codes)), _places(each.kept), since=each.since,
            until=each.until, later=verdict,
        )  # fmt: skip
    if late or not limited:
        return verdict
    kept = [some[-1].kept for some in limited]
    if all(each.gone for each in kept):
        return lawful("whosaw:DeletionEvidenced", *_places(kept))
    return lawful("whosaw:HeldBack", *_places(kept)) if any(each.holds for each in kept) else None


def _last_collected(history: History, registers: Registers) -> dict[int, list[list[Period]]]:
    """Return by the position of the last collection what is held by it, by the periods of its rules."""
    collections = {each.position for each in history.of("data.collected")}
    found: dict[int, list[list[Period]]] = {}
    for some in periods(history, registers):
        last = max((position for position in some[0].kept.holding.positions if position in collections), default=0)
        found.setdefault(last, []).append(some)
    return found


last_collected = Remembered(_last_collected)


def _places(some: Sequence[Kept]) -> tuple[Place, ...]:
    """Return what says how long things are kept: what they follow from, and the rule that decides."""
    places = [(each.holding.log_id, position) for each in some for position in each.holding.positions]
    rules = [each.due.place for each in some if each.due is not None and each.due.place is not None]
    return tuple(dict.fromkeys([*places, *rules]))


RULE = Rule("whosaw:RuleRetention", 3, "whosaw:PIPEDA", ("data.collected",), judge, confirm=True)
