"""One person at work does not open one customer's file again and again.

The look-up that makes it too many is the finding, once; another one needs that it came down again in between.

Source: PIPEDA, Schedule 1, 4.7; P-39.1, s. 20.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from projections.rules.rule import Rule, Verdict, lawful, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact, History
    from projections.registers import Registers

MOST = 10
"""Look-ups by one person of one customer's file."""
WITHIN = timedelta(days=30)
"""In so long a time. Changing either changes the rule's version."""


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a look-up is the one that makes it too many; None if nobody knows who looked."""
    key = _who(fact)
    if key is None:
        return None
    hers = [each for each in history.of("data.viewed") if _who(each) == key]
    looks = sorted(hers, key=lambda each: (each.time, each.position))
    at = next(index for index, each in enumerate(looks) if each.position == fact.position)
    recent = _before(looks, at)
    if _count(recent) <= MOST or (at > 0 and _count(_before(looks, at - 1)) > MOST):
        return lawful("whosaw:UsualVolume")
    number = (str(_count(recent)), fact.data["actor"]["role"])
    return Verdict("violation", "whosaw:TooManyLooks", number, tuple(place(each) for each in recent))


def _before(looks: Sequence[Fact], at: int) -> list[Fact]:
    """Return a look-up and those shortly before it."""
    return [each for each in looks[: at + 1] if each.time > looks[at].time - WITHIN]


def _count(looks: Sequence[Fact]) -> int:
    return sum(each.data.get("times", 1) for each in looks)


def _who(fact: Fact) -> str | None:
    """Return the keyed hash that stands for a person at work."""
    actor = fact.data["actor"]
    return actor.get("key") if actor.get("kind") == "human" else None


RULE = Rule("whosaw:RuleVolume", 1, "whosaw:P39.1", ("data.viewed",), judge)
