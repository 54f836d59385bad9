"""A policy does not promise and disclaim the same thing: its own rules name those that they conflict with.

Source: PIPEDA, Schedule 1, 4.8 (openness).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a version of a policy is at one with itself; None if it says nothing in codes."""
    rules = fact.data.get("rules", ())
    if not rules:
        return None
    pairs = sorted({tuple(sorted((each["id"], other))) for each in rules for other in each.get("conflicts", ())})
    if not pairs:
        return lawful("whosaw:AtOne")
    return Verdict("violation", "whosaw:RulesConflict", tuple(" / ".join(pair) for pair in pairs))


RULE = Rule("whosaw:RuleContradiction", 1, None, ("policy.published",), judge)
