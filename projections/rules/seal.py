"""An order not to tell rests on a law, has an end, and is over when that comes. Behind the seal, for the cleared alone.

Source: Criminal Code, s. 487.0191 (for a stated period); 45 CFR 164.528(a)(2) (an oral one lasts at most 30 days).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from projections.history import moment
from projections.registers import moment_of
from projections.rules.rule import Rule, Verdict, lawful, place

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers

ORAL = timedelta(days=30)
"""How long an order that was only spoken lasts."""


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a seal is used within its limits."""
    name = fact.data["seal_id"]
    its = (name, fact.placed_by)
    later = [e for e in history.of("seal.extended", "seal.lifted") if (e.data["seal_id"], e.placed_by) == its]
    places = tuple(map(place, later))
    if any(each.type == "seal.lifted" for each in later):
        return lawful("whosaw:SealOver", *places)
    until = later[-1].data["until"] if later else fact.data.get("until")
    wrong: list[str] = []
    if fact.data.get("basis") is None:
        wrong.append("whosaw:NoAuthority")
    if until is None and fact.data.get("until_event") is None and not fact.data.get("oral"):
        wrong.append("whosaw:NoEnd")
    if wrong:
        return Verdict("violation", "whosaw:SealTooWide", tuple(wrong), places)
    ends = [moment(until)] if until else []
    if fact.data.get("oral"):
        ends.append(moment_of(fact, "starts") + ORAL)
    if not ends:
        return lawful("whosaw:SealWithin", *places)
    # While it stands it is within its limits; once it should be over and is not lifted, it is a finding.
    return Verdict("violation", "whosaw:SealExpired", (name,), places, since=min(ends))


RULE = Rule("whosaw:RuleSeal", 2, None, ("seal.placed",), judge)
