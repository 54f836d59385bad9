"""Nothing goes out beyond what the instrument asked for, what it says was given, or what the agreement covers.

Source: PIPEDA, Schedule 1, 4.4 and 4.5; the policy's minimisation (6.3, 6.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a disclosure is within what limits it; None if nothing does."""
    data = fact.data
    sent = list(dict.fromkeys(data["categories"]))
    paper = data.get("instrument")
    limits: list[tuple[str, list[str], list[str], tuple[tuple[int, int], ...]]] = []
    if paper is not None:
        asked, given = paper.get("asked", []), paper.get("given", [])
        if not asked:
            went = tuple(dict.fromkeys([*given, *sent]))
            return Verdict("gap", "whosaw:AskedUnknown", (paper["type"],), asked=(), given=went)
        limits.append(("whosaw:BeyondAsked", [*given, *sent], asked, ()))
        if given:
            limits.append(("whosaw:BeyondGiven", sent, given, ()))
    name = data["recipient"]["id"]
    limits += [
        ("whosaw:BeyondAgreement", sent, each.categories, (each.place,))
        for each in registers.agreements(name)
        if each.categories and each.covers(fact.time) and data.get("agreement_ref") in {None, each.agreement}
    ]
    if not limits:
        return None
    for reason, what, limit, places in limits:
        went = tuple(dict.fromkeys(what))
        beyond = tuple(each for each in went if each not in limit)
        if beyond:
            return Verdict("violation", reason, beyond, places, asked=tuple(limit), given=went)
    return lawful("whosaw:WithinLimits", *(each for _, _, _, places in limits for each in places))


RULE = Rule("whosaw:RuleWider", 1, "whosaw:PIPEDA", ("data.disclosed",), judge)
