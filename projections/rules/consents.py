"""What a person said on a purpose: for each category, the newest of her words that counted when something happened.

What she gives covers what it names, every kind of that, and no more, so that it takes a word on every category of a
fact, in one consent or in several; what she refuses or withdraws counts if it touches one of them.

Source: PIPEDA, Schedule 1, 4.3.8 (withdrawal); P-39.1, s. 14 (consent for each purpose); CASL, s. 11(3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from projections.rules.rule import place
from projections.rules.words import GIVEN, is_marketing, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from projections.history import Fact, History
    from projections.rules.rule import Place
    from projections.rules.words import Said

OBJECTIONS = frozenset({"refused", "withdrawn"})
"""A no. What ran out is none."""
REASONS = {
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
}
"""How she may stand, and the code of it."""


__all__ = ["GIVEN", "OBJECTIONS", "REASONS", "Word", "objection", "within", "word"]


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


def word(history: History, fact: Fact, purpose: str, category: str | None = None) -> Word | None:
    """Return how a person stood on a purpose of a fact; None if she never spoke on it, of any of the categories.

    A withdrawal counts from the time that it names, whenever it was recorded, for all the purposes it names and those
    that are a kind of them, and for the channels it names. After a merge the strictest word of her names counts, until
    she speaks again.

    Args:
        history: Hers.
        fact: What is judged.
        purpose: One of its purposes.
        category: What is looked at in place of its categories: a kind of one of them.
    """
    hers = words(history)
    said = [(reach, each) for reach, each in hers.about(purpose) if each.speaks_of(fact)]
    if not said:
        return None
    found = {
        each: _decides([pair for pair in said if pair[1].names(each)], fact.time, hers.merged)
        for each in ([category] if category is not None else fact.data["categories"])
    }
    standing = [each for each in found.values() if each is not None]
    if not standing:
        return None
    against = [each for each in standing if each.stands(fact.time) != GIVEN]
    facts = tuple({each.fact.position: each.fact for each in against or standing}.values())
    lacking = tuple(name for name, each in found.items() if each is None)
    return Word((against or standing)[0].stands(fact.time), facts, lacking)


def within(history: History, code: str) -> list[str]:
    """Return what a person spoke of and that is a kind of a purpose or of a category: it may stand for any of them."""
    return words(history).within(code)


def objection(history: History, fact: Fact, purpose: str, category: str | None = None) -> Word | None:
    """Return a person's no to marketing, which no ground outweighs; None if a purpose is none, or she said no such."""
    found = word(history, fact, purpose, category) if is_marketing(purpose) else None
    return found if found is not None and found.state in OBJECTIONS else None


def _decides(said: Sequence[tuple[int, Said]], time: datetime, merged: int) -> Said | None:
    """Return which of some words, the oldest first, decides; None if there is none."""
    if not said:
        return None
    if said[-1][1].fact.position > merged:
        return _last(said)
    names = dict.fromkeys(each.fact.subject for _, each in said)
    last = [_last([pair for pair in said if pair[1].fact.subject == name]) for name in names]
    last.sort(key=lambda each: (each.effective, each.fact.position))
    against = [each for each in last if each.stands(time) != GIVEN]
    return (against or last)[-1]


def _last(said: Sequence[tuple[int, Said]]) -> Said:
    """Return the last of some words: a no to one purpose is not taken back by a yes to all of its kind."""
    reached, found = said[0]
    for reach, each in said[1:]:
        if not (reach > reached and each.state == GIVEN and found.state in OBJECTIONS):
            reached, found = reach, each
    return found
