"""Nothing rests on a consent that was withdrawn, refused or ran out before it happened.

When a withdrawal counts, it says itself: the ten business days that CASL gives for an unsubscription, or the company's
own, are in its `effective_at`. What rests on an exception of the law or on a contract does not need consent, but for
marketing, where a no is a no whatever the basis; and that somebody acts for the company is no reason to do what she
refused. A purpose that is stated more broadly than what she refused may be that, or not: nobody can tell.

Source: PIPEDA, Schedule 1, 4.3.8; P-39.1, s. 22; CASL, s. 11(3); GDPR, Art. 21(3); the policy, 7.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rules import consents
from projections.rules.exceptions import ground
from projections.rules.rule import Rule, Verdict, lawful, purposes

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers

WITHOUT_CONSENT = frozenset({"dpv:ContractPerformance", "dpv:LegalObligation", "dpv:VitalInterest"})


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether she had said no by then to any of a fact's purposes; None if she never spoke on them."""
    spoken = consents.objection if without_consent(fact) else consents.word
    words = [(purpose, spoken(history, fact, purpose)) for purpose in purposes(fact)]
    said = [(purpose, word) for purpose, word in words if word is not None]
    against = [(purpose, word) for purpose, word in said if word.state != consents.GIVEN]
    if against:
        places = tuple(dict.fromkeys(each for _, word in against for each in word.places))
        reason = consents.REASONS[against[0][1].state]
        return Verdict("violation", reason, tuple(purpose for purpose, _ in against), places)
    hidden = [
        (purpose, narrow, word)
        for purpose in purposes(fact)
        for narrow in consents.within(history, purpose)
        if (word := spoken(history, fact, narrow)) is not None and word.state in consents.OBJECTIONS
    ]
    if hidden:
        codes = dict.fromkeys([*(wide for wide, _, _ in hidden), *(narrow for _, narrow, _ in hidden)])
        places = tuple(dict.fromkeys(each for _, _, word in hidden for each in word.places))
        return Verdict("gap", "whosaw:PurposeTooBroad", tuple(codes), places)
    agreed = [word for _, word in said if word.agrees]
    if not agreed:
        return None
    return lawful("dpv:ConsentGiven", *dict.fromkeys(each for word in agreed for each in word.places))


def without_consent(fact: Fact) -> bool:
    """Return whether a fact rests on something that needs no consent."""
    basis = fact.data.get("basis")
    exception = ground(basis, fact.time)
    return basis in WITHOUT_CONSENT or (exception is not None and not exception.mandate)


RULE = Rule("whosaw:RuleWithdrawal", 4, "whosaw:PIPEDA", ("data.used", "data.disclosed"), judge)
