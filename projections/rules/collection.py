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
from projections.rules.collected import collected_before
from projections.rules.exceptions import ground, is_older
from projections.rules.rule import CONSENTS, Rule, Verdict, lawful, place, purposes
from projections.rules.words import is_marketing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.rules.consents import Word
    from projections.rules.rule import Place

ALLOWED = frozenset({
    "dpv:LegalObligation", "dpv:VitalInterest", "dpv:ContractPerformance", "eu-gdpr:A6-1-c", "eu-gdpr:A6-1-d",
})  # fmt: skip
"""Bases that allow a purpose that was not declared; marketing is never among what they need."""
FRAUD = "dpv:FraudPreventionAndDetection"


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a fact's data had been collected for its purposes; None if nobody collected it on record."""
    known = collected_before(history, fact)
    words = {each: consents.word(history, fact, each) for each in purposes(fact)}
    said = {purpose: word for purpose, word in words.items() if word is not None}
    spared = {purpose for purpose, word in said.items() if word.state != consents.GIVEN}
    narrow = _narrow(fact, [word for purpose, word in said.items() if purpose not in spared], known)
    if spared == words.keys() or not (known or narrow):
        return None
    places = dict.fromkeys(place(each) for found in known.values() for each in found)
    places |= dict.fromkeys(each for word in said.values() for each in word.places)
    others = [
        (purpose, category)
        for purpose, word in words.items()
        if purpose not in spared and not _allowed(fact, purpose)
        for category in _undeclared(purpose, word, known)
    ]
    if others:
        return _other(fact, others, tuple(places))
    if narrow:
        return Verdict("violation", "whosaw:ConsentTooNarrow", tuple(narrow), tuple(places))
    return lawful("whosaw:CollectedFor", *places)


def _other(fact: Fact, others: Sequence[tuple[str, str]], places: tuple[Place, ...]) -> Verdict:
    """Return what is to be said of purposes that categories were not collected for."""
    unknown = [purpose for purpose, _ in others if purpose not in CODES]
    if len(unknown) == len(others):
        return Verdict("gap", "whosaw:CodeUnknown", tuple(dict.fromkeys(unknown)), places)
    if is_older(fact.data.get("basis") or "", fact.time):
        return Verdict("gap", "whosaw:LawUnknown", (fact.data["basis"],), places)
    codes = dict.fromkeys(code for pair in others for code in pair)
    return Verdict("violation", "whosaw:NotCollectedFor", tuple(codes), places)


def _narrow(fact: Fact, given: Sequence[Word], known: Collection[str]) -> list[str]:
    """Return which data a use rests on a consent for that covers other data; of a disclosure another rule says so."""
    if fact.type != "data.used" or fact.data.get("basis") not in CONSENTS:
        return []
    return [each for each in dict.fromkeys(each for word in given for each in word.lacking) if each not in known]


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


RULE = Rule("whosaw:RuleCollection", 4, "whosaw:PIPEDA", ("data.used", "data.disclosed"), judge, confirm=True)
