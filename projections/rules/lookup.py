"""A person at work who looks at somebody's data says what for, and which case called for it.

Source: PIPEDA, Schedule 1, 4.7 (need to know); P-39.1, s. 20; C-579/21.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.vocabulary.codes import CODES
from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a person's look-up has a purpose and a ticket; None of a service's."""
    if fact.data["actor"].get("kind") != "human":
        return None
    purpose: str | None = fact.data.get("purpose")
    if purpose is None:
        return Verdict("violation", "whosaw:NoPurpose")
    if not fact.data.get("ticket"):
        return Verdict("violation", "whosaw:NoTicket", (purpose,))
    if purpose not in CODES:
        return Verdict("gap", "whosaw:CodeUnknown", (purpose,))
    return lawful("whosaw:TicketStated")


RULE = Rule("whosaw:RuleLookup", 2, "whosaw:P39.1", ("data.viewed",), judge, confirm=True)
