"""Nothing is recorded before it happens: its time, or the emitter's clock, is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from projections.rules.late import TIMED
from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers

TOLERANCE = timedelta(minutes=5)
"""Clocks differ. Of a fact whose time is not known exactly, a day."""


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a fact is dated no later than it was recorded."""
    exact = fact.data.get("occurred", {}).get("precision", "exact") == "exact"
    ahead = fact.time - fact.appended
    if ahead <= (TOLERANCE if exact else timedelta(days=1)):
        return lawful("whosaw:DatedBefore")
    return Verdict("violation", "whosaw:DaysAhead", (str(ahead.days),))


RULE = Rule("whosaw:RuleFuture", 1, None, TIMED, judge)
