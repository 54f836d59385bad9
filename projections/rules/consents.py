"""What a person said on a purpose: for each category, the newest of her words that counted when something happened.

What she gives covers what it names and no more, so that it takes a word on every category of a fact, in one consent or
in several; what she refuses or withdraws counts if it touches one of them.

Source: PIPEDA, Schedule 1, 4.3.8 (withdrawal); P-39.1, s. 14 (consent for each purpose); CASL, s. 11(3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from projections.history import moment
from projections.registers import moment_of
from projections.rules.rule import place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from projections.history import Fact, History
    from projections.rules.rule import Place

GIVEN = "given"
REASONS = {
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
}
"""How she may stand, and the code of it."""


class Word(NamedTuple):
    """How she stood on what a fact was for, when it happened."""

    state: str
    """given, refused, withdrawn or expired: the strictest that she said of any of its categories."""
    facts: tuple[Fact, ...]
    """Those by which she said so."""
    lacking: tuple[str, ...]
    """Categories that she never spoke of."""

    @property
    def agrees(self) -> bool:
        """Whether she gave consent to all of it."""
        return self.state == GIVEN and not self.lacking

    @property
    def places(self) -> tuple[Place, ...]:
        """Where she said so."""
        return tuple(map(place, self.facts))


def word(history: History, fact: Fact, purpose: str) -> Word | None:
    """Return how a person stood on a purpose of a fact; None if she never spoke on it, of any of the categories.

    A withdrawal counts from the time that it names, whenever it was recorded, for all the purposes it names and for the
    channels it names. After a merge the strictest word of her names counts, until she speaks again.

    Args:
        history: Hers.
        fact: What is judged.
        purpose: One of its purposes.
    """
    said = [each for each in history.of("consent.recorded") if _speaks_of(each, fact, purpose)]
    if not said:
        return None
    said.sort(key=lambda each: (moment_of(each, "effective_at"), each.position))
    merged = max((each.position for each in history.of("subject.merged")), default=0)
    stands: list[tuple[Fact, str]] = []
    lacking: list[str] = []
    for category in fact.data["categories"]:
        found = _decides([each for each in said if _names(each, category)], fact.time, merged)
        if found is None:
            lacking.append(category)
        else:
            stands.append(found)
    if not stands:
        return None
    against = [each for each in stands if each[1] != GIVEN]
    facts = tuple({each.position: each for each, _ in against or stands}.values())
    return Word((against or stands)[0][1], facts, tuple(lacking))


def _decides(said: Sequence[Fact], time: datetime, merged: int) -> tuple[Fact, str] | None:
    """Return which of some words, the oldest first, decides, and how she stands by it; None if there is none."""
    if not said:
        return None
    newest = {each.subject: each for each in said}
    words = [said[-1]] if said[-1].position > merged else list(newest.values())
    against = [each for each in words if _stand(each, time) != GIVEN]
    found = (against or words)[-1]
    return found, _stand(found, time)


def _stand(word: Fact, time: datetime) -> str:
    """Return given, refused, withdrawn or expired."""
    state: str = word.data["state"]
    until = word.data.get("until")
    return "expired" if state == GIVEN and until and moment(until) <= time else state


def _names(word: Fact, category: str) -> bool:
    """Return whether a consent, or its end, is about a category: one that names none is about all."""
    return not word.data["categories"] or category in word.data["categories"]


def _speaks_of(word: Fact, fact: Fact, purpose: str) -> bool:
    """Return whether a consent, or its end, is about a purpose, recipient and channel, and counts by then."""
    said, data = word.data, fact.data
    to, media = said.get("recipients", ()), said.get("media", ())
    return (
        purpose in said["purposes"]
        and (not to or data.get("recipient", {}).get("id") in to)
        and (not media or data.get("channel") is None or data["channel"] in media)
        and moment_of(word, "effective_at") <= fact.time
    )
