"""All that happened in the sample company, as events in the order in which it happened.

Lives are lived one after the other as people sign up, so that a large sample never lies in memory
as a whole before its first event comes out.
"""

from __future__ import annotations

from collections import Counter
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from examples.company import billing, calls, fraud, signup, support
from examples.company.campaigns import tasks
from examples.company.customers import customers
from examples.company.diary import Diary
from examples.company.policy import publications
from examples.company.registers import entries
from examples.company.stories import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from examples.company.customers import Customer
    from examples.company.diary import Act

SEED = 2009
SCALES = (1, 10, 100)
SAMPLE_CUSTOMER = "C-1007"
"""Whom the demo asks about: she has a bit of everything, and somebody curious."""


def life(seed: int, customer: Customer) -> list[Act]:
    """Everything the five services wrote about one customer, in order of time."""
    diary = Diary(seed, customer.reference)
    for service in (signup, billing, calls, support, fraud):
        service.live(customer, diary)
    for story in STORIES.values():
        if story.number == customer.number:
            story.tell(customer, diary)
    return sorted(diary.acts)


def acts(seed: int = SEED, scale: int = 1) -> Iterator[Act]:
    """All acts in order of time: the same for the same seed and scale, always."""
    everyone = sorted(customers(seed, scale), key=lambda each: each.joined)
    waiting: list[Act] = []
    for diary in (publications(seed), entries(seed), tasks(seed, everyone)):
        for act in diary.acts:
            heappush(waiting, act)
    for customer in everyone:
        for act in life(seed, customer):
            heappush(waiting, act)
        # Whoever signs up later does nothing earlier than ten days before it: those are her cookies.
        while waiting and waiting[0].time < customer.joined - signup.COOKIES_BEFORE:
            yield heappop(waiting)
    while waiting:
        yield heappop(waiting)


def events(seed: int = SEED, scale: int = 1) -> Iterator[dict[str, object]]:
    """All events in order of time, each emitter's numbered from 1 without holes."""
    counts: Counter[str] = Counter()
    for act in acts(seed, scale):
        counts[act.source] += 1
        yield act.event(counts[act.source])
