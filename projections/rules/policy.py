"""What the policy in force says of a fact, in its own codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.rules.rule import purposes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from projections.history import Fact
    from projections.registers import Registers, Version

CARRIED = {
    "whosaw:RequiresOrderReference": "order_ref",
    "whosaw:RequiresCaseReference": "order_ref",
    "whosaw:RequiresDebtReference": "order_ref",
    "whosaw:RequiresInstrument": "instrument",
}
"""What a rule may require a fact to carry, and the member that carries it."""


def readable(registers: Registers, time: datetime) -> list[Version]:
    """Return the versions in force at a time that say something in codes; none if no policy is known."""
    return [each for each in registers.in_force(time) if each.rules]


def permits(versions: Iterable[Version], fact: Fact) -> Iterator[tuple[Version, list[str]]]:
    """Yield each version that permits a disclosure, with what the rule requires and the fact does not carry."""
    for version in versions:
        for rule in version.rules:
            if rule["subject_matter"] == "disclosure" and rule["effect"] == "permits" and _fits(rule, fact):
                needed = [each for each in rule.get("requires", ()) if each in CARRIED]
                lacking = [each for each in needed if not fact.data.get(CARRIED[each])]
                yield version, lacking


def _fits(rule: dict[str, Any], fact: Fact) -> bool:
    """Return whether a fact is on every side of a rule; a side that the rule leaves out is open."""
    data = fact.data
    to: dict[str, Any] = data["recipient"]
    paper: dict[str, Any] = data.get("instrument") or {}
    sides: tuple[tuple[Sequence[str], Sequence[Any]], ...] = (
        ([*rule.get("purposes", ()), *rule.get("also", ())], purposes(fact)),
        (rule.get("recipients", ()), [to.get("kind")]),
        (rule.get("roles", ()), [to.get("role")]),
        (rule.get("categories", ()), data["categories"]),
        (rule.get("bases", ()), [data.get("basis")]),
        (rule.get("recipient_purposes", ()), [data.get("recipient_purpose")]),
        (rule.get("instruments", ()), [paper.get("type")]),
    )
    return all(not side or set(its) <= set(side) for side, its in sides)
