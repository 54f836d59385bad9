"""Whoever receives is in the register; whoever works for the company has an agreement that stood then.

Source: PIPEDA, Schedule 1, 4.1.3; P-39.1, s. 18.3 (a written contract); GDPR, Art. 28.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.vocabulary.parts import NATURAL_PERSONS
from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact, History
    from projections.registers import Agreement, Registers
    from projections.rules.rule import Place

PROCESSORS = frozenset({"dpv:DataProcessor", "dpv:DataSubProcessor"})


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a recipient is known and, in this disclosure, acted on an agreement; None of a natural person."""
    to: dict[str, Any] = fact.data["recipient"]
    name: str = to["id"]
    if to.get("kind") in NATURAL_PERSONS:
        return None
    entry = registers.recipient(name)
    agreements = registers.agreements(name)
    if entry is None and not agreements:
        return Verdict("gap", "whosaw:RecipientUnknown", (name,))
    places = () if entry is None else ((entry.log_id, entry.position),)
    if to.get("role") in PROCESSORS:
        return _agreed(fact, agreements, places)
    return lawful("whosaw:RecipientKnown", *places)


def _agreed(fact: Fact, agreements: Sequence[Agreement], places: tuple[Place, ...]) -> Verdict:
    """Return whether an agreement stood with who acted for the company."""
    ref = fact.data.get("agreement_ref")
    named = [each for each in agreements if ref in {None, each.agreement}]
    if not named and ref is not None:
        return Verdict("gap", "whosaw:AgreementUnknown", (ref,), places)
    if not named:
        return Verdict("violation", "whosaw:NoAgreement", (fact.data["recipient"]["id"],), places)
    standing = [each for each in named if each.covers(fact.time)]
    if standing:
        return lawful("whosaw:AgreementStands", *places, standing[-1].place)
    ended = any(each.starts <= fact.time for each in named)
    reason = "whosaw:AgreementEnded" if ended else "whosaw:AgreementLater"
    return Verdict("violation", reason, (named[-1].agreement,), (*places, *(each.place for each in named)))


RULE = Rule("whosaw:RuleRecipient", 1, "whosaw:P39.1", ("data.disclosed",), judge, confirm=True)
