"""What a rule is, and what it says of one fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from projections.history import Fact, History
    from projections.registers import Registers

Found = TypeVar("Found")
Place = tuple[int, int]
"""Log and position of an entry."""
Outcome = Literal["lawful", "violation", "gap"]

CONSENTS = frozenset({
    "dpv:Consent", "dpv:ImpliedConsent", "dpv:InformedConsent", "dpv:ExpressedConsent",
    "dpv:ExplicitlyExpressedConsent", "eu-gdpr:A6-1-a",
})  # fmt: skip
"""Bases that say that the person agreed."""


class Verdict(NamedTuple):
    """What a rule says of one fact."""

    outcome: Outcome
    """lawful, violation, or gap: something that the judgement needs is unknown."""
    reason: str
    """Why: a code, whose label is the sentence that people read."""
    codes: tuple[str, ...] = ()
    """What the reason is about: codes, names or numbers."""
    inputs: tuple[Place, ...] = ()
    """The other entries that it read."""
    since: datetime | None = None
    """From when it is so; None for as long as the fact is there."""
    until: datetime | None = None
    """Until when; None for ever after, as far as is known."""
    later: Verdict | None = None
    """What it says from some time after that on."""
    law: str | None = None
    """Law pack and version that it rests on; None for the rule's own."""
    asked: tuple[str, ...] | None = None
    """Which data might be given; None for a rule that compares no such thing."""
    given: tuple[str, ...] | None = None
    """Which data was given."""


class Rule(NamedTuple):
    """One rule."""

    code: str
    """Names it, with a label in both languages."""
    version: int
    """Counts up with every change of what it says."""
    of: str | None
    """The law that it is of, as events name it, such as whosaw:PIPEDA; None for the company's own policy."""
    types: tuple[str, ...]
    """The types of fact that it judges."""
    judge: Callable[[Fact, History, Registers], Verdict | None]
    """Returns what it says of a fact; None where it does not apply. Pure."""
    gone: tuple[str, ...] = ()
    """The types of fact that it judges though they do not count any more."""
    confirm: bool = False
    """Whether counsel must confirm it: nobody has read what it rests on again in the text of the law."""


def lawful(reason: str, *inputs: Place, law: str | None = None) -> Verdict:
    """Return that a fact is as it should be."""
    return Verdict("lawful", reason, inputs=inputs, law=law)


def place(fact: Fact) -> Place:
    """Return where a fact is recorded."""
    return fact.log_id, fact.position


def purposes(fact: Fact) -> list[str]:
    """Return what data was collected, used, disclosed or looked at for."""
    return [*fact.data.get("purposes", ())] or [each for each in (fact.data.get("purpose"),) if each]


def recipient(fact: Fact) -> str | None:
    """Return the company's own name for who received; None if nobody did."""
    found: str | None = fact.data.get("recipient", {}).get("id")
    return found


class Remembered(Generic[Found]):
    """What a pure function made of a person's facts, kept while they are judged: rules ask for it fact by fact."""

    def __init__(self, make: Callable[..., Found]) -> None:
        """Remember what a function makes of a history, and of whatever else it is given."""
        self._make = make
        self._last: tuple[tuple[Any, ...], Found] | None = None

    def __call__(self, history: History, *others: Registers) -> Found:
        """Return what the function makes of them."""
        last, of = self._last, (history.facts, *others)
        if last is None or len(last[0]) != len(of) or any(a is not b for a, b in zip(last[0], of, strict=True)):
            self._last = last = of, self._make(history, *others)
        return last[1]
