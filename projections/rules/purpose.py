"""Data serves the purposes that the policy in force when it happened declares. A later policy never cures.

Source: PIPEDA, Schedule 1, 4.2 and 4.2.4; P-39.1, s. 12; the policy's own purposes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.vocabulary.codes import CODES
from projections.rules.policy import readable
from projections.rules.rule import Rule, Verdict, lawful, purposes

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether each purpose of a fact is one of the policy's."""
    versions = readable(registers, fact.time)
    if not versions:
        return Verdict("gap", "whosaw:PolicyUnknown", tuple(purposes(fact)))
    places = tuple(each.place for each in versions)
    others = [purpose for purpose in purposes(fact) if not any(purpose in each.declares for each in versions)]
    if not others:
        return lawful("whosaw:PurposeDeclared", *places)
    unknown = [each for each in others if each not in CODES]
    if unknown == others:
        return Verdict("gap", "whosaw:CodeUnknown", tuple(unknown), places)
    return Verdict("violation", "whosaw:PurposeNotDeclared", tuple(others), places)


RULE = Rule("whosaw:RulePurpose", 1, None, ("data.collected", "data.used", "data.disclosed"), judge, confirm=True)
