"""What somebody asked to delete is deleted, and there is evidence of it.

Source: PIPEDA, Schedule 1, 4.5.3; P-39.1, s. 23 and 28.1; GDPR, Art. 17.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from projections.held import ASKED, Change, held
from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers

WITHIN = timedelta(days=30)
"""So long after it was asked for; after that it is a finding. Changing it changes the rule's version."""
BEARING = ("data.collected", "data.rectified", "data.erased", "request.received", "request.answered")


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether what a fact asks to delete is gone, refused or held back; None if it asks for nothing."""
    if fact.type == "data.erased" and (fact.data["state"] != "requested" or fact.data.get("holder")):
        return None
    changes = [_change(each) for each in history.by_time(*BEARING) if not each.data.get("holder")]
    asked = [each for each in held(changes) if any(step.position == fact.position for step in each.deletions)]
    if not asked:
        return None
    if fact.data.get("hold_ref"):
        return lawful("whosaw:HeldBack")
    waiting = [each for each in asked if each.state == ASKED and each.kept is None]
    places = tuple((fact.log_id, each) for each in sorted({each for one in waiting for each in one.positions}))
    if not waiting:
        return lawful("whosaw:DeletionEvidenced")
    codes = tuple(dict.fromkeys(each.category for each in waiting))
    return Verdict("violation", "whosaw:NoEvidence", codes, places, since=fact.time + WITHIN)


def _change(fact: Fact) -> Change:
    """Return a fact as what bears on holdings."""
    data = fact.data
    return Change(
        fact.log_id, fact.position, fact.time, fact.stated, fact.type, data.get("categories", []), data.get("system"),
        data.get("origin"), data.get("channel"), data.get("context"), data.get("purposes", []), data.get("basis"),
        data.get("retained"), data.get("until"), data.get("mode"), data.get("state"), data.get("backups_until"),
        data.get("survivors"), data.get("request_id") or data.get("request_ref"), data.get("right"),
        data.get("outcome"), data.get("reason"), data.get("policy_version"),
    )  # fmt: skip


RULE = Rule("whosaw:RuleDeletion", 2, "whosaw:PIPEDA", ("data.erased", "request.received"), judge)
