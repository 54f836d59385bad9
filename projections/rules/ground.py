"""A disclosure needs the person's consent, or an exception that the law or the policy makes.

Source: PIPEDA 7(3), Schedule 1, 4.3; P-39.1, s. 13, 18 and 22; GDPR, Art. 21(3); the policy's default (section 6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.vocabulary.codes import CODES
from projections.rules import consents
from projections.rules.exceptions import ground, is_older
from projections.rules.policy import permits, readable
from projections.rules.rule import CONSENTS, Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.rules.consents import Word
    from projections.rules.exceptions import Ground

BUYERS = frozenset({"whosaw:DebtBuyer"})


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a disclosure rests on something."""
    basis: str | None = fact.data.get("basis")
    exception = ground(basis, fact.time)
    if exception is not None:
        return _refused(fact, exception, history) or _of_the_law(fact, exception)
    if basis is not None and is_older(basis, fact.time):
        return Verdict("gap", "whosaw:LawUnknown", (basis,))
    word = consents.word(history, fact, fact.data["purpose"])
    if word is not None and word.agrees:
        return lawful("whosaw:ConsentOnRecord", *word.places)
    if basis in CONSENTS:
        return _of_consent(fact, word)
    return _of_the_policy(fact, basis, registers)


def _refused(fact: Fact, exception: Ground, history: History) -> Verdict | None:
    """Return that she had said no where an exception does not outweigh it; None if she had not, or it does."""
    purpose: str = fact.data["purpose"]
    word = consents.word(history, fact, purpose) if exception.mandate else consents.objection(history, fact, purpose)
    if word is None or word.state == consents.GIVEN:
        return None
    return Verdict("violation", consents.REASONS[word.state], (purpose,), word.places, law=exception.law)


def _of_consent(fact: Fact, word: Word | None) -> Verdict:
    """Return what is wrong with a consent that a disclosure names and that does not carry it."""
    purpose: str = fact.data["purpose"]
    if word is None:
        return Verdict("gap", "whosaw:ConsentNotOnRecord", (purpose,))
    if word.state == consents.GIVEN:
        return Verdict("violation", "whosaw:ConsentTooNarrow", word.lacking, word.places)
    return Verdict("violation", consents.REASONS[word.state], (purpose,), word.places)


def _of_the_law(fact: Fact, exception: Ground) -> Verdict:
    """Return whether an exception of the law is the right one."""
    if exception.own_claim and fact.data["recipient"].get("kind") in BUYERS:
        return Verdict("violation", "whosaw:ClaimSold", exception.codes, law=exception.law)
    if exception.paper and not fact.data.get("instrument"):
        return Verdict("gap", "whosaw:PaperUnknown", exception.codes, law=exception.law)
    return Verdict("lawful", "whosaw:ExceptionOfLaw", exception.codes, law=exception.law)


def _of_the_policy(fact: Fact, basis: str | None, registers: Registers) -> Verdict:
    """Return whether the policy itself excepts it."""
    versions = readable(registers, fact.time)
    places = tuple(each.place for each in versions)
    found = sorted(permits(versions, fact), key=lambda each: len(each[1]))
    if found and not found[0][1]:
        return lawful("whosaw:ExceptionOfPolicy", found[0][0].place)
    if found:
        return Verdict("gap", "whosaw:ReferenceUnknown", tuple(found[0][1]), (found[0][0].place,))
    if basis is None:
        return Verdict("violation", "whosaw:NoBasis", inputs=places)
    if basis not in CODES:
        return Verdict("gap", "whosaw:CodeUnknown", (basis,), places)
    if not versions:
        return Verdict("gap", "whosaw:PolicyUnknown", (basis,))
    return Verdict("violation", "whosaw:BasisDoesNotFit", (basis,), places)


RULE = Rule("whosaw:RuleGround", 4, "whosaw:PIPEDA", ("data.disclosed",), judge)
