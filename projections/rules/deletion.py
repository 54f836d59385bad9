"""What somebody asked to delete is deleted, as thoroughly as was asked, and there is evidence of it.

How a person's own request is met is the company's to choose. What was never recorded as collected may not be there, or
may be somewhere that nobody knows of: a gap, until a deletion or a refusal says which.

Source: PIPEDA, Schedule 1, 4.5.3 (destroyed, erased or made anonymous); P-39.1, s. 23 and 28.1; GDPR, Art. 17.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from projections.held import ASKED, REFUSALS, Change, held
from projections.law.rights import ERASURE
from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from projections.held import Holding
    from projections.history import Fact, History
    from projections.registers import Registers

WITHIN = timedelta(days=30)
"""So long after it was asked for; after that it is a finding. Changing it changes the rule's version."""
STRENGTH: dict[str | None, int] = {"delete": 0, "erase": 1, "key_destroyed": 1, "anonymise": 1, "destruct": 2}
"""How thoroughly something is gone: recoverable, not recoverable (or not hers any more), physically."""
BEARING = ("data.collected", "data.rectified", "data.erased", "request.received", "request.answered")


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether what a fact asks to delete is gone, refused or held back; None if it asks for nothing."""
    if fact.type == "data.erased" and (fact.data["state"] != "requested" or fact.data.get("holder")):
        return None
    changes = [_change(each) for each in history.by_time(*BEARING) if not each.data.get("holder")]
    asked = [each for each in held(changes) if any(step.position == fact.position for step in each.deletions)]
    strange = _never_collected(fact, changes)
    if not asked and not strange:
        return None
    if fact.data.get("hold_ref"):
        return lawful("whosaw:HeldBack")
    return _evidence(fact, asked, strange)


def _evidence(fact: Fact, asked: Sequence[Holding], strange: Sequence[str]) -> Verdict:
    """Return whether what a fact asks to delete is gone."""
    waiting = [each for each in asked if each.state == ASKED and each.kept is None]
    weaker = [each for each in asked if _is_weaker(each, fact)]
    places = tuple((fact.log_id, each) for each in sorted({at for one in (*waiting, *weaker) for at in one.positions}))
    if waiting:
        return Verdict("violation", "whosaw:NoEvidence", _codes(waiting), places, since=fact.time + WITHIN)
    if weaker:
        return Verdict("violation", "whosaw:DeletedOtherwise", _codes(weaker), places)
    if strange:
        return Verdict("gap", "whosaw:NeverCollected", tuple(strange), since=fact.time + WITHIN)
    return lawful("whosaw:DeletionEvidenced")


def _codes(holdings: Iterable[Holding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.category for each in holdings))


def _is_weaker(holding: Holding, fact: Fact) -> bool:
    """Return whether something was deleted less thoroughly than a fact asked: recoverably, say."""
    wanted = STRENGTH.get(fact.data.get("mode"), 0)
    done = [STRENGTH.get(each.mode, 0) for each in holding.deletions if each.state in {"done", "verified"}]
    return bool(done) and max(done) < wanted


def _never_collected(fact: Fact, changes: Sequence[Change]) -> list[str]:
    """Return the categories that a fact asks to delete, of which neither collection nor deletion is on record."""
    erases = fact.type == "data.erased" or fact.data.get("right") in ERASURE
    name = fact.data.get("request_id") or fact.data.get("request_ref")
    refused = any(each.act == "request.answered" and each.outcome in REFUSALS and each.request == name
                  for each in changes)  # fmt: skip
    if not erases or (refused and name is not None):
        return []
    known: set[str] = set()
    for each in changes:
        if each.act == "data.collected" or (each.act == "data.erased" and each.state != "requested"):
            known |= {*each.categories, *(survivor["category"] for survivor in each.survivors or ())}
    return [each for each in fact.data.get("categories", ()) if each not in known]


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


RULE = Rule("whosaw:RuleDeletion", 3, "whosaw:PIPEDA", ("data.erased", "request.received"), judge, confirm=True)
