"""Each time that a person said yes or no: in a consent or its end, or by asking not to be written to any more. Pure.

A request to unsubscribe, to withdraw or to object needs nobody to record its effect: it is a withdrawal for every
purpose of marketing, from when the law's time to obey is over. A law that says "without delay" leaves no longer than
the ten business days of the one that counts them.

Source: PIPEDA, Schedule 1, 4.3.8; P-39.1, s. 8 and 22; CASL, s. 11(3); GDPR, Art. 7(3) and 21(3).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from ledger.vocabulary.codes import covered, kinds
from projections.deadlines import FEDERAL, deadline, law_on
from projections.history import moment
from projections.law.pack import PACKS
from projections.registers import moment_of
from projections.rules.rule import Remembered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from projections.history import Fact, History

GIVEN, WITHDRAWN = "given", "withdrawn"
MARKETING = "dpv:Marketing"
REQUESTS = frozenset({"whosaw:Unsubscribe", "whosaw:Withdrawal", "whosaw:Objection"})
"""What a person asks for who wants no more marketing."""
NO_MORE = {
    code: right.code
    for pack in PACKS
    for right in pack.rights
    if right.code in REQUESTS
    for code in (right.code, *right.also)
}
"""The same, by every code that some law has for it."""
BY_POST = frozenset({"whosaw:Mail", "whosaw:Phone"})
"""Channels that who unsubscribes does not speak of: the law is about electronic messages."""


class Said(NamedTuple):
    """One word of hers. An empty side is open."""

    fact: Fact
    state: str
    """given, refused, withdrawn or expired."""
    effective: datetime
    """From when it counts."""
    until: datetime | None
    """When what was given runs out."""
    purposes: Collection[str]
    categories: Collection[str]
    media: Collection[str]
    """Channels that it is about."""
    beside: Collection[str]
    """Channels that it is not about."""
    recipients: Collection[str]

    def stands(self, at: datetime) -> str:
        """Return how she stands by it at a time: given, refused, withdrawn or expired."""
        return "expired" if self.state == GIVEN and self.until and self.until <= at else self.state

    def reach(self, purpose: str) -> int | None:
        """Return how far above a purpose the narrowest one is that it names; None if it names none that covers it."""
        return next((steps for steps, each in enumerate(kinds(purpose)) if each in self.purposes), None)

    def names(self, category: str) -> bool:
        """Return whether it is about a category: names it, or what it is a kind of."""
        return not self.categories or covered(category, self.categories)

    def speaks_of(self, fact: Fact) -> bool:
        """Return whether it is about a fact's recipient and channel, and counts by then."""
        channel = fact.data.get("channel")
        return (
            self.effective <= fact.time
            and (not self.recipients or fact.data.get("recipient", {}).get("id") in self.recipients)
            and (not self.media or channel is None or channel in self.media)
            and channel not in self.beside
        )


def is_marketing(purpose: str) -> bool:
    """Return whether a purpose is marketing, or a kind of it."""
    return MARKETING in kinds(purpose)


class Words:
    """All that a person ever said."""

    def __init__(self, history: History) -> None:
        """Read it."""
        self.every = sorted(_said(history), key=lambda each: (each.effective, each.fact.position))
        """By when each counts."""
        self._about: dict[str, list[tuple[int, Said]]] = {}
        self.merged = max((each.position for each in history.of("subject.merged")), default=0)
        """Where the last merge of her names is recorded; 0 if there is none."""

    def about(self, purpose: str) -> list[tuple[int, Said]]:
        """Return her words on a purpose, by when they count, each with its reach."""
        if purpose not in self._about:
            reached = [(each.reach(purpose), each) for each in self.every]
            self._about[purpose] = [(reach, each) for reach, each in reached if reach is not None]
        return self._about[purpose]

    def within(self, code: str) -> list[str]:
        """Return what she spoke of and that is a kind of a purpose or of a category, itself not among them."""
        named = {each for said in self.every for each in (*said.purposes, *said.categories)}
        return sorted(each for each in named if each != code and code in kinds(each))


words = Remembered(Words)


def _said(history: History) -> Iterator[Said]:
    for each in history.of("consent.recorded"):
        data, until = each.data, each.data.get("until")
        yield Said(
            each, data["state"], moment_of(each, "effective_at"), moment(until) if until else None, data["purposes"],
            data["categories"], data.get("media", ()), (), data.get("recipients", ()),
        )  # fmt: skip
    for each in history.of("request.received"):
        right = NO_MORE.get(each.data["right"])
        if right is not None:
            beside = BY_POST if right == "whosaw:Unsubscribe" else ()
            categories = each.data.get("categories", ())
            yield Said(each, WITHDRAWN, _obeyed(each, right), None, (MARKETING,), categories, (), beside, ())


def _obeyed(request: Fact, right: str) -> datetime:
    """Return from when a request must have been obeyed: the law that it is under says, or else the ten days."""
    start = moment(request.data.get("clock_start") or request.stated)
    federal, pack = law_on(FEDERAL, start), law_on(request.data.get("regime"), start)
    asked = pack.right(right) if pack is not None else None
    place = request.data.get("jurisdiction")
    own = deadline(pack, asked.clocks[0] if asked is not None and asked.clocks else None, start, place=place)
    found = [(each.day, each.zone) for each in (own, deadline(federal, "unsubscribe", start, place=place)) if each.day]
    if not found:
        return start
    day, zone = min(found)
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(start.tzinfo)
