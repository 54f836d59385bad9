"""One person at work does not open one customer's file again and again.

The look-up that makes it too many is the finding, once; another one needs that it came down again in between.

Source: PIPEDA, Schedule 1, 4.7; P-39.1, s. 20.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

from projections.rules.rule import Remembered, Rule, Verdict, lawful, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact, History
    from projections.registers import Registers

MOST = 10
"""Look-ups by one person of one customer's file."""
WITHIN = timedelta(days=30)
"""In so long a time. Changing either changes the rule's version."""


class Looks:
    """One person's looks at one customer's file, by time."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        """Count them once; a file may be opened thousands of times."""
        self._facts = sorted(facts, key=lambda each: (each.time, each.position))
        self._times = [each.time for each in self._facts]
        self._sums = [0, *accumulate(each.data.get("times", 1) for each in self._facts)]
        self._places = {each.position: at for at, each in enumerate(self._facts)}

    def recent(self, fact: Fact) -> list[Fact]:
        """Return a look-up and those shortly before it."""
        at = self._places[fact.position]
        return self._facts[self._first(at) : at + 1]

    def is_first_too_many(self, fact: Fact) -> bool:
        """Return whether there were too many at a look-up, and not yet at the one before it."""
        at = self._places[fact.position]
        return self._count(at) > MOST and (at == 0 or self._count(at - 1) <= MOST)

    def _count(self, at: int) -> int:
        return self._sums[at + 1] - self._sums[self._first(at)]

    def _first(self, at: int) -> int:
        return bisect_right(self._times, self._times[at] - WITHIN)


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a look-up is the one that makes it too many; None if nobody knows who looked."""
    key = _who(fact)
    if key is None:
        return None
    hers = looks(history)[key]
    if not hers.is_first_too_many(fact):
        return lawful("whosaw:UsualVolume")
    recent = hers.recent(fact)
    number = (str(sum(each.data.get("times", 1) for each in recent)), fact.data["actor"]["role"])
    return Verdict("violation", "whosaw:TooManyLooks", number, tuple(map(place, recent)))


def _looks(history: History) -> dict[str, Looks]:
    """Return the looks at a person's file by who looked."""
    found: dict[str, list[Fact]] = {}
    for each in history.of("data.viewed"):
        key = _who(each)
        if key is not None:
            found.setdefault(key, []).append(each)
    return {key: Looks(facts) for key, facts in found.items()}


looks = Remembered(_looks)


def _who(fact: Fact) -> str | None:
    """Return the keyed hash that stands for a person at work."""
    actor = fact.data["actor"]
    return actor.get("key") if actor.get("kind") == "human" else None


RULE = Rule("whosaw:RuleVolume", 1, "whosaw:P39.1", ("data.viewed",), judge, confirm=True)
