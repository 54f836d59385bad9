"""What happens is written down soon after. Lateness is found, and no reason to refuse.

Its emitter's own word counts for when that was, if it gives one: a history that is brought into the ledger years later
was not written down years later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers

WITHIN = timedelta(days=30)
"""So long after it happened. Changing it changes the rule's version."""
TIMED = (
    "data.collected", "data.used", "data.viewed", "data.disclosed", "data.rectified", "data.erased",
    "consent.recorded", "request.received",
)  # fmt: skip


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a fact was written down in time."""
    late = (fact.written or fact.appended) - fact.time
    if late <= WITHIN:
        return lawful("whosaw:RecordedInTime")
    return Verdict("violation", "whosaw:DaysLate", (str(late.days),))


RULE = Rule("whosaw:RuleLate", 1, None, TIMED, judge)
