"""What stood in the wrong person's record may be an incident; whether it is one, somebody must decide.

Source: P-39.1, s. 3.5 to 3.8; PIPEDA, s. 10.1 to 10.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rules.rule import Rule, Verdict, place

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers

WRONG_SUBJECT = "whosaw:WrongSubject"


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return that a fact which is void, since it was about somebody else, is to be assessed; None of any other."""
    reasons = [why for gone, why in history.gone if gone.position == fact.position]
    if not any(each.data["reason"] == WRONG_SUBJECT and each.type == "event.voided" for each in reasons):
        return None
    return Verdict("gap", "whosaw:AssessIncident", (fact.type,), tuple(map(place, reasons)))


RULE = Rule("whosaw:RuleWrongPerson", 1, "whosaw:P39.1", (), judge, gone=("data.viewed", "data.disclosed", "data.used"))
