"""A debt is not sold while it is disputed. A collector who acts for the company may go on; a buyer is on its own.

Source: P-39.1, s. 18(9), 18(9.1); PIPEDA, Schedule 1, 4.6 (accuracy); the policy, 6.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.history import moment
from projections.registers import moment_of
from projections.rules.rule import Rule, Verdict, lawful, place

if TYPE_CHECKING:
    from datetime import datetime

    from projections.history import Fact, History
    from projections.registers import Registers

DEBT = frozenset({"whosaw:DebtRecord"})
BUYERS = frozenset({"whosaw:DebtBuyer"})
RECOVERS = frozenset({"sector-finance:DebtManagement", "dpv:CustomerClaimsManagement"})
DISPUTED = "whosaw:DisputedDebt"


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a debt was free to be sold; None if none was."""
    data = fact.data
    to = data["recipient"]
    sold = to.get("kind") in BUYERS or (to.get("role") == "dpv:DataController" and data["purpose"] in RECOVERS)
    if not sold or not DEBT & set(data["categories"]):
        return None
    disputes = [each for each in history.of("hold.placed") if each.data["reason"] == DISPUTED]
    standing = [each for each in disputes if _stands(each, history, fact.time)]
    if not standing:
        return lawful("whosaw:NotDisputed", *map(place, disputes))
    return Verdict("violation", "whosaw:DebtDisputed", (to["id"],), tuple(map(place, standing)))


def _stands(hold: Fact, history: History, time: datetime) -> bool:
    """Return whether a dispute was still open at a time."""
    until = hold.data.get("until")
    released = [
        moment_of(each, "effective_at")
        for each in history.of("hold.released")
        if (each.data["hold_id"], each.placed_by) == (hold.data["hold_id"], hold.placed_by)
        and each.position > hold.position
    ]
    ends = [*released, *([moment(until)] if until else [])]
    return moment_of(hold, "starts") <= time and not any(each <= time for each in ends)


RULE = Rule("whosaw:RuleDisputedDebt", 2, "whosaw:P39.1", ("data.disclosed",), judge)
