"""All that happened in the sample company, as events in the order in which it was written down.

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
from examples.company.diary import PORTING, Diary
from examples.company.incidents import incidents
from examples.company.occasions import OCCASIONS
from examples.company.policy import publications
from examples.company.registers import entries
from examples.company.stories import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from examples.company.customers import Customer
    from examples.company.diary import Act

SEED = 2009
SCALES = (1, 10, 100)
LAST_BEFORE_THE_HOLE = 116
"""Of the porting service's numbers; the next three never arrived."""
SAMPLE_CUSTOMER = "C-1007"
"""Whom the demo asks about: she has a bit of everything, and somebody curious."""


def life(seed: int, customer: Customer) -> list[Act]:
    """Everything the services wrote about one customer, in the order in which they did."""
    diary = Diary(seed, customer.reference)
    for service in (signup, billing, calls, support, fraud):
        service.live(customer, diary)
    for story in (*STORIES.values(), *OCCASIONS.values()):
        if story.number == customer.number:
            story.tell(customer, diary)
    return sorted(diary.acts)


def acts(seed: int = SEED, scale: int = 1) -> Iterator[Act]:
    """All acts in the order in which they were written down: the same for the same seed and scale, always."""
    everyone = sorted(customers(seed, scale), key=lambda each: each.joined)
    waiting: list[Act] = []
    for diary in (publications(seed), entries(seed), incidents(seed), tasks(seed, everyone)):
        for act in diary.acts:
            heappush(waiting, act)
    for customer in everyone:
        for act in life(seed, customer):
            heappush(waiting, act)
        # Whoever signs up later does nothing earlier than ten days before it: those are her cookies.
        while waiting and waiting[0].recorded < customer.joined - signup.COOKIES_BEFORE:
            yield heappop(waiting)
    while waiting:
        yield heappop(waiting)


def events(seed: int = SEED, scale: int = 1) -> Iterator[dict[str, object]]:
    """All events in that order, each emitter's numbered from 1; one of them passes over three numbers."""
    counts: Counter[str] = Counter()
    for act in acts(seed, scale):
        counts[act.source] += 4 if act.source == PORTING and counts[act.source] == LAST_BEFORE_THE_HOLE else 1
        yield act.event(counts[act.source])
