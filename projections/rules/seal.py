"""An order not to tell rests on a law, has an end, and is over when that comes. Behind the seal, for the cleared alone.

Source: Criminal Code, s. 487.0191 (for a stated period); 45 CFR 164.528(a)(2) (an oral one lasts at most 30 days,
unless it is put in writing by then).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.history import moment
from projections.registers import moment_of
from projections.rules.rule import Rule, Verdict, lawful, place
from projections.spoken import lapses

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a seal is used within its limits."""
    name = fact.data["seal_id"]
    its = (name, fact.placed_by)
    every = history.of("seal.placed", "seal.extended", "seal.lifted")
    same = [each for each in every if (each.data["seal_id"], each.placed_by) == its]
    later = [each for each in same if each.type != "seal.placed"]
    places = tuple(map(place, later))
    if any(each.type == "seal.lifted" for each in later):
        return lawful("whosaw:SealOver", *places)
    until = later[-1].data["until"] if later else fact.data.get("until")
    over = lapses(moment_of(fact, "starts"), (each.time for each in same if _written(each))) if _spoken(fact) else None
    wrong: list[str] = []
    if fact.data.get("basis") is None:
        wrong.append("whosaw:NoAuthority")
    if until is None and fact.data.get("until_event") is None and over is None:
        wrong.append("whosaw:NoEnd")
    if wrong:
        return Verdict("violation", "whosaw:SealTooWide", tuple(wrong), places)
    ends = [each for each in (moment(until) if until else None, over) if each is not None]
    if not ends:
        return lawful("whosaw:SealWithin", *places)
    # While it stands it is within its limits; once it should be over and is not lifted, it is a finding.
    return Verdict("violation", "whosaw:SealExpired", (name,), places, since=min(ends))


def _spoken(fact: Fact) -> bool:
    return bool(fact.data.get("oral"))


def _written(fact: Fact) -> bool:
    """Tell whether there is a paper for it: what was only spoken is extended by a written order alone."""
    return fact.type == "seal.extended" or (fact.type == "seal.placed" and not _spoken(fact))


RULE = Rule("whosaw:RuleSeal", 3, None, ("seal.placed",), judge)
