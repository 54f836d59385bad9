"""What a person's data was collected for, by category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.vocabulary.codes import kinds
from projections.rules.rule import Remembered

if TYPE_CHECKING:
    from projections.history import Fact, History


def collected_before(history: History, fact: Fact) -> dict[str, list[Fact]]:
    """Return which collections a fact's categories had by then, those that nobody collected on record left out.

    What was collected as a wider kind of data was collected.
    """
    found = collections(history)
    known = {
        category: [one for each in kinds(category) for one in found.get(each, {}).values() if one.time <= fact.time]
        for category in fact.data["categories"]
    }
    return {category: some for category, some in known.items() if some}


def _collections(history: History) -> dict[str, dict[frozenset[str], Fact]]:
    """Return by category the first collection for each set of purposes: a later one for the same changes nothing."""
    found: dict[str, dict[frozenset[str], Fact]] = {}
    for each in history.by_time("data.collected"):
        for category in each.data["categories"]:
            found.setdefault(category, {}).setdefault(frozenset(each.data["purposes"]), each)
    return found


collections = Remembered(_collections)
