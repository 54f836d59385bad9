"""Data serves what it was collected for. Another purpose needs the person's consent, or a law that allows it without.

What nobody collected on record can not be judged by this: what is held and was never declared is for the comparison of
what was declared with what happened. Where she said no to the purpose, the rule of withdrawals speaks.

Source: PIPEDA, Schedule 1, 4.2.4 and 4.5; s. 7(2) and 7(3); P-39.1, s. 12 (what a service that she asked for needs, and
fraud, need no other consent); GDPR, Art. 5(1)(b) and 6(4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.vocabulary.codes import CODES, kinds
from projections.rules import consents
from projections.rules.exceptions import ground, is_older
from projections.rules.rule import Remembered, Rule, Verdict, lawful, place, purposes
from projections.rules.words import is_marketing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.rules.consents import Word

ALLOWED = frozenset({
    "dpv:LegalObligation", "dpv:VitalInterest", "dpv:ContractPerformance", "eu-gdpr:A6-1-c", "eu-gdpr:A6-1-d",
})  # fmt: skip
"""Bases that allow a purpose that was not declared; marketing is never among what they need."""
FRAUD = "dpv:FraudPreventionAndDetection"


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a fact's data had been collected for its purposes; None if nobody collected it on record."""
    known = {each: list(_before(collections(history)[each], fact)) for each in fact.data["categories"]
             if each in collections(history)}  # fmt: skip
    known = {category: found for category, found in known.items() if found}
    if not known:
        return None
    places = tuple(dict.fromkeys(place(each) for found in known.values() for each in found))
    words = {each: consents.word(history, fact, each) for each in purposes(fact)}
    spared = {purpose for purpose, word in words.items() if word is not None and word.state != consents.GIVEN}
    if spared == words.keys():
        return None
    others = [
        (purpose, category)
        for purpose, word in words.items()
        if purpose not in spared and not _allowed(fact, purpose)
        for category in _undeclared(purpose, word, known)
    ]
    if not others:
        return lawful("whosaw:CollectedFor", *places)
    unknown = [purpose for purpose, _ in others if purpose not in CODES]
    if len(unknown) == len(others):
        return Verdict("gap", "whosaw:CodeUnknown", tuple(dict.fromkeys(unknown)), places)
    if is_older(fact.data.get("basis") or "", fact.time):
        return Verdict("gap", "whosaw:LawUnknown", (fact.data["basis"],), places)
    return Verdict("violation", "whosaw:NotCollectedFor", tuple(dict.fromkeys(sum(others, ()))), places)


def _collections(history: History) -> dict[str, dict[frozenset[str], Fact]]:
    """Return by category the first collection for each set of purposes: a later one for the same changes nothing."""
    found: dict[str, dict[frozenset[str], Fact]] = {}
    for each in history.by_time("data.collected"):
        for category in each.data["categories"]:
            found.setdefault(category, {}).setdefault(frozenset(each.data["purposes"]), each)
    return found


collections = Remembered(_collections)


def _before(collected: dict[frozenset[str], Fact], fact: Fact) -> Iterator[Fact]:
    return (each for each in collected.values() if each.time <= fact.time)


def _undeclared(purpose: str, word: Word | None, known: dict[str, list[Fact]]) -> list[str]:
    """Return the categories that were collected for other purposes, and whose use for this one she never agreed to."""
    wider = set(kinds(purpose))
    return [
        category
        for category, found in known.items()
        if not any(wider & {*each.data["purposes"]} for each in found) and (word is None or category in word.lacking)
    ]


def _allowed(fact: Fact, purpose: str) -> bool:
    """Return whether a purpose needs no consent, though nobody declared it."""
    basis: str | None = fact.data.get("basis")
    if is_marketing(purpose):
        return False
    found = ground(basis, fact.time)
    canadian = found is not None and not found.mandate and not found.codes[0].startswith("eu-gdpr:")
    return canadian or basis in ALLOWED or purpose == FRAUD


RULE = Rule("whosaw:RuleCollection", 1, "whosaw:PIPEDA", ("data.used", "data.disclosed"), judge)
