"""Nothing goes out beyond what the instrument asked for, what it says was given, or what the agreements cover.

What names a kind of data, or a purpose, covers every kind of it. Several agreements that stand with one recipient cover
together what each covers for the purpose; a disclosure that names one rests on that one.

Source: PIPEDA, Schedule 1, 4.1.3, 4.4 and 4.5; P-39.1, s. 18.3; the policy's minimisation (6.3, 6.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.vocabulary.codes import CODES, covered
from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact, History
    from projections.registers import Agreement, Registers
    from projections.rules.rule import Place


class Limit(NamedTuple):
    """What data may have gone out."""

    reason: str
    """What it is to go beyond it."""
    went: Sequence[str]
    """What is compared with it."""
    most: Sequence[str]
    """What it names."""
    places: tuple[Place, ...] = ()
    """What says so, other than the disclosure itself."""


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a disclosure is within what limits it; None if nothing does."""
    data = fact.data
    sent: list[str] = data["categories"]
    paper = data.get("instrument")
    limits: list[Limit] = []
    if paper is not None:
        asked, given = paper.get("asked", []), paper.get("given", [])
        if not asked:
            went = tuple(dict.fromkeys([*given, *sent]))
            return Verdict("gap", "whosaw:AskedUnknown", (paper["type"],), asked=(), given=went)
        limits.append(Limit("whosaw:BeyondAsked", [*given, *sent], asked))
        if given:
            limits.append(Limit("whosaw:BeyondGiven", sent, given))
    agreed = _agreed(fact, registers)
    fitting = [each for each in agreed if not each.purposes or covered(data["purpose"], each.purposes)]
    places = tuple(each.place for each in fitting)
    if fitting and all(each.categories for each in fitting):
        together = dict.fromkeys(code for each in fitting for code in each.categories)
        limits.append(Limit("whosaw:BeyondAgreement", sent, [*together], places))
    for limit in limits:
        went = tuple(dict.fromkeys(limit.went))
        beyond = tuple(each for each in went if not covered(each, limit.most))
        if beyond:
            return Verdict("violation", limit.reason, beyond, limit.places, asked=tuple(limit.most), given=went)
    if agreed and not fitting:
        return _for_another(data["purpose"], agreed)
    return lawful("whosaw:WithinLimits", *places) if limits or agreed else None


def _agreed(fact: Fact, registers: Registers) -> list[Agreement]:
    """Return the agreements that limit a disclosure; none where none limits anything."""
    ref = fact.data.get("agreement_ref")
    known = registers.agreements(fact.data["recipient"]["id"])
    standing = [each for each in known if each.covers(fact.time) and ref in {None, each.agreement}]
    return standing if any(each.categories or each.purposes for each in standing) else []


def _for_another(purpose: str, agreed: Sequence[Agreement]) -> Verdict:
    """Return that no agreement is for a purpose; of a code that nobody knows, that nobody can tell."""
    places = tuple(each.place for each in agreed)
    if purpose not in CODES:
        return Verdict("gap", "whosaw:CodeUnknown", (purpose,), places)
    return Verdict("violation", "whosaw:PurposeBeyondAgreement", (purpose,), places)


RULE = Rule("whosaw:RuleWider", 2, "whosaw:PIPEDA", ("data.disclosed",), judge)
