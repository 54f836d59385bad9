"""Nothing rests on a consent that was withdrawn, refused or ran out before it happened.

When a withdrawal counts, it says itself: the ten business days that CASL gives for an unsubscription, or the company's
own, are in its `effective_at`. What rests on an exception of the law or on a contract does not need consent.

Source: PIPEDA, Schedule 1, 4.3.8; CASL, s. 11(3); the policy, 7.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rules import consents
from projections.rules.exceptions import ground
from projections.rules.rule import Rule, Verdict, lawful, place, purposes

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers

WITHOUT_CONSENT = frozenset({"dpv:ContractPerformance", "dpv:LegalObligation", "dpv:VitalInterest"})


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether she had said no by then to any of a fact's purposes; None if she never spoke on them."""
    basis = fact.data.get("basis")
    if basis in WITHOUT_CONSENT or ground(basis, fact.time) is not None:
        return None
    words = [(purpose, consents.word(history, fact, purpose)) for purpose in purposes(fact)]
    said = [(purpose, *word) for purpose, word in words if word is not None]
    if not said:
        return None
    against = [each for each in said if each[2] != consents.GIVEN]
    if not against:
        return lawful("dpv:ConsentGiven", *dict.fromkeys(place(each) for _, each, _ in said))
    return Verdict(
        "violation",
        consents.REASONS[against[0][2]],
        tuple(purpose for purpose, _, _ in against),
        tuple(dict.fromkeys(place(each) for _, each, _ in against)),
    )


RULE = Rule("whosaw:RuleWithdrawal", 1, "whosaw:PIPEDA", ("data.used", "data.disclosed"), judge)
