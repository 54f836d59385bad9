"""Nothing rests on a consent that was withdrawn, refused or ran out before it happened.

When a withdrawal counts, it says itself: the ten business days that CASL gives for an unsubscription, or the company's
own, are in its `effective_at`. What rests on an exception of the law or on a contract does not need consent, but for
marketing, where a no is a no whatever the basis; and that somebody acts for the company is no reason to do what she
refused. A purpose, or a kind of data, that is stated more broadly than what she refused may be that, or not: nobody can
tell.

Source: PIPEDA, Schedule 1, 4.3.8; P-39.1, s. 22; CASL, s. 11(3); GDPR, Art. 21(3); the policy, 7.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rules import consents
from projections.rules.exceptions import ground
from projections.rules.rule import Rule, Verdict, lawful, purposes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.rules.consents import Word

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
        (purpose, narrow, spoken(history, fact, narrow))
        for purpose in purposes(fact)
        for narrow in consents.within(history, purpose)
    ]
    inside = [
        (category, narrow, spoken(history, fact, each, narrow))
        for category in fact.data["categories"]
        for narrow in consents.within(history, category)
        for purpose in purposes(fact)
        for each in (purpose, *consents.within(history, purpose))
    ]
    found = _too_broad("whosaw:PurposeTooBroad", hidden) or _too_broad("whosaw:DataTooBroad", inside)
    if found is not None:
        return found
    agreed = [word for _, word in said if word.agrees]
    if not agreed:
        return None
    return lawful("dpv:ConsentGiven", *dict.fromkeys(each for word in agreed for each in word.places))


def _too_broad(reason: str, words: Sequence[tuple[str, str, Word | None]]) -> Verdict | None:
    """Return that what is stated may be what she refused; None if she refused nothing that is a kind of it.

    Args:
        reason: Why nobody can tell.
        words: What is stated, a kind of it, and what she said on that.
    """
    against = [(wide, narrow, word) for wide, narrow, word in words if word and word.state in consents.OBJECTIONS]
    if not against:
        return None
    codes = dict.fromkeys([*(wide for wide, _, _ in against), *(narrow for _, narrow, _ in against)])
    places = tuple(dict.fromkeys(each for _, _, word in against for each in word.places))
    return Verdict("gap", reason, tuple(codes), places)


def without_consent(fact: Fact) -> bool:
    """Return whether a fact rests on something that needs no consent."""
    basis = fact.data.get("basis")
    exception = ground(basis, fact.time)
    return basis in WITHOUT_CONSENT or (exception is not None and not exception.mandate)


RULE = Rule("whosaw:RuleWithdrawal", 5, "whosaw:PIPEDA", ("data.used", "data.disclosed"), judge)
