"""Assent that is deemed from use is never shown as express, and nothing that needs express consent rests on it.

Source: PIPEDA, Schedule 1, 4.3; P-39.1, s. 12 and 14; the policy, 1.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rules import consents
from projections.rules.rule import Rule, Verdict, lawful, place, purposes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.rules.consents import Word

EXPRESS = frozenset({"dpv:ExpressedConsent", "dpv:ExplicitlyExpressedConsent"})
USES = frozenset({"whosaw:ServiceUse", "whosaw:Session", "whosaw:Call", "whosaw:WebAnalytics"})
"""Occasions of collection that are use of the service."""


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether what a fact shows as express is so; None if it shows nothing as express."""
    if fact.type == "policy.assented":
        return _assent(fact, history)
    if fact.data.get("basis") not in EXPRESS:
        return None
    words = [consents.word(history, fact, purpose) for purpose in purposes(fact)]
    return _consented(fact, words) or _deemed(fact, history)


def _consented(fact: Fact, words: Iterable[Word | None]) -> Verdict | None:
    """Return whether what she gave is express and covers a fact; None if she gave nothing."""
    standing = [word for word in words if word is not None and word.state == consents.GIVEN]
    given = list({each.position: each for word in standing for each in word.facts}.values())
    weaker = [each for each in given if each.data.get("expression") not in {None, *EXPRESS}]
    if weaker:
        return Verdict("violation", "whosaw:ConsentImplied", (fact.data["basis"],), tuple(map(place, weaker)))
    lacking = dict.fromkeys(each for word in standing for each in word.lacking)
    if lacking:
        return Verdict("violation", "whosaw:ConsentTooNarrow", tuple(lacking), tuple(map(place, given)))
    return lawful("whosaw:ConsentOnRecord", *map(place, given)) if given else None


def _deemed(fact: Fact, history: History) -> Verdict | None:
    """Return that nothing but an assent that was deemed is behind a fact."""
    assents = [each for each in history.by_time("policy.assented") if each.time <= fact.time]
    if assents and all(each.data["mode"] != "express" for each in assents):
        return Verdict("violation", "whosaw:OnlyDeemed", (fact.data["basis"],), tuple(map(place, assents)))
    return None


def _assent(fact: Fact, history: History) -> Verdict | None:
    evidence = fact.data.get("evidence")
    if fact.data["mode"] != "express" or evidence is None:
        return None
    shown = [each for each in history.facts if each.name == (evidence["source"], evidence["id"])]
    uses = [each for each in shown if each.type == "data.used" or each.data.get("context") in USES]
    if uses:
        return Verdict("violation", "whosaw:EvidenceIsUse", (fact.data["version"],), tuple(map(place, uses)))
    return lawful("whosaw:AssentShown", *map(place, shown))


RULE = Rule("whosaw:RuleDeemed", 4, "whosaw:PIPEDA", ("policy.assented", "data.used", "data.disclosed"), judge)
