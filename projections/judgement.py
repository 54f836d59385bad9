"""What the rules find in one person's history, and what people decided on it. Pure: no database, no clock.

A finding is a rule's verdict on one fact; it changes nothing, and no fact is refused for it. A waiver excuses what its
rule finds; a resolution says that somebody dealt with it, until somebody says otherwise or the facts behind it change.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from projections.history import moment, openings
from projections.rules import RULES
from projections.rules.exceptions import law_pack
from projections.rules.rule import place, purposes, recipient

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.rules.rule import Place, Rule, Verdict

DECISIONS = ("finding.resolved", "finding.reopened")
WAIVED, RAISED = "finding.waived", "finding.raised"
TYPES = tuple(sorted({
    *(each for rule in RULES for each in (*rule.types, *rule.gone)),
    "consent.recorded", "policy.assented", "data.erased", "request.received", "request.answered", "hold.placed",
    "hold.released", "seal.extended", "seal.lifted", *DECISIONS, WAIVED, RAISED,
}))  # fmt: skip
"""What is read of a person: what is judged, and what it is judged by."""


class Finding(NamedTuple):
    """One judgement on one fact."""

    finding: str
    """Names it: 16 hexadecimal digits that follow from log, position and rule; or as an emitter named it."""
    log_id: int
    subject: str
    """The name of hers that the fact is about; of a fact about no person, the stream that it is kept in."""
    position: int
    """Of the fact that is judged."""
    type: str
    """Of that fact."""
    rule: str
    version: str
    """Of the rule."""
    law_pack: str | None
    """Law pack and version; None for a rule of the policy."""
    outcome: str
    """lawful, violation, excused or gap."""
    reason: str | None
    """A code; None where an emitter raised it."""
    codes: list[str]
    """What the reason is about."""
    inputs: list[list[int]]
    """Log and position of each entry that it was judged on, the fact itself first."""
    time: datetime
    """When the fact happened."""
    stated: str
    """The same, as its emitter wrote it."""
    since: datetime
    """From when it is a finding."""
    recipient: str | None
    purposes: list[str]
    sealed: bool
    """Whether an order forbids telling of it."""
    seal: str | None
    """The order's name."""
    nobody: bool
    """Whether it is about no person."""
    raised: bool
    """Whether an emitter raised it, and no rule of ours."""
    state: str
    """open or resolved."""
    decided: list[int]
    """Log and position of the newest decision on it; empty if there is none."""
    resolution: str | None
    """How it was dealt with: a code."""
    waiver: str | None
    """What excuses it."""


def finding_id(log_id: int, position: int, rule: str) -> str:
    """Return the name of a rule's finding on a fact: always the same, and telling nothing."""
    return blake2b(f"{log_id} {position} {rule}".encode(), digest_size=8, person=b"finding").hexdigest()


def judged(
    history: History, registers: Registers, rules: Sequence[Rule] = RULES, *, lawful: bool = True
) -> list[Finding]:
    """Return what rules and emitters say of a person's facts, by position and rule.

    Args:
        history: Hers; one without facts is about nobody, and what is kept in its stream is judged.
        registers: As of the same moment.
        rules: Which.
        lawful: Whether to return what is as it should be, too.
    """
    nobody = not history.facts and not history.gone
    facts = registers.kept_in(history.log_id, history.streams) if nobody else history.facts
    opened = openings(history.facts)
    wanted = [(fact, rule) for fact in facts for rule in rules if fact.type in rule.types]
    wanted += [(fact, rule) for fact, _ in history.gone for rule in rules if fact.type in rule.gone]
    found = [_raised(fact, opened, nobody=nobody) for fact in facts if fact.type == RAISED]
    for fact, rule in wanted:
        verdict = rule.judge(fact, history, registers)
        if verdict is not None and (lawful or verdict.outcome != "lawful"):
            found.append(_finding(rule, fact, verdict, opened, nobody=nobody))
    decided = [
        _decided(_excused(each, history, registers), history, registers)
        for each in found
        if lawful or each.outcome != "lawful"
    ]
    return sorted(decided, key=lambda each: (each.position, each.rule))


def _finding(rule: Rule, fact: Fact, verdict: Verdict, opened: dict[str, str], *, nobody: bool) -> Finding:
    inputs = dict.fromkeys((place(fact), *verdict.inputs))
    return Finding(
        finding_id(fact.log_id, fact.position, rule.code), fact.log_id, opened.get(fact.subject, fact.subject),
        fact.position, fact.type, rule.code, str(rule.version), verdict.law or law_pack(rule.of, fact.time),
        verdict.outcome, verdict.reason, list(verdict.codes), [list(each) for each in inputs],
        fact.time, fact.stated, max(verdict.since or fact.time, fact.time), recipient(fact), purposes(fact),
        *_visible(fact, opened), nobody, raised=False, state="open", decided=[], resolution=None, waiver=None,
    )  # fmt: skip


def _raised(fact: Fact, opened: dict[str, str], *, nobody: bool) -> Finding:
    """Return the finding that an emitter raised."""
    said = fact.data
    return Finding(
        said["finding_id"], fact.log_id, opened.get(fact.subject, fact.subject), fact.position, fact.type, said["rule"],
        said["rule_version"], said.get("law_pack"), said["result"], None, [], [list(place(fact))], fact.time,
        fact.stated, fact.time, None, [], *_visible(fact, opened), nobody, raised=True, state="open", decided=[],
        resolution=None, waiver=said.get("excused_by"),
    )  # fmt: skip


def _visible(fact: Fact, opened: dict[str, str]) -> tuple[bool, str | None]:
    """Return whether a fact is sealed, and by which order; what an ended order opened is not."""
    if not fact.sealed or fact.subject in opened:
        return False, None
    return True, fact.data.get("seal_ref") or fact.data.get("seal_id")


def _excused(finding: Finding, history: History, registers: Registers) -> Finding:
    """Return a finding as waivers leave it: a waiver is of a rule, and goes by when the fact happened."""
    if finding.outcome not in {"violation", "gap"}:
        return finding
    for each in (*registers.waivers(finding.rule), *history.of(WAIVED)):
        said = each.data
        if (
            said["rule"] == finding.rule
            and finding.time < moment(said["until"])
            and (not said.get("recipients") or finding.recipient in said["recipients"])
            and (not said.get("purposes") or bool(set(said["purposes"]) & set(finding.purposes)))
        ):
            inputs = [*finding.inputs, list(place(each))]
            return finding._replace(outcome="excused", waiver=said["waiver_id"], inputs=inputs)
    return finding


def _decided(finding: Finding, history: History, registers: Registers) -> Finding:
    """Return a finding as the newest decision leaves it. It opens again if what it rests on came after that."""
    if finding.outcome == "lawful":
        return finding
    hers = [each for each in history.of(*DECISIONS) if each.data["finding_id"] == finding.finding]
    decisions = sorted((*registers.decisions(finding.finding), *hers), key=_recorded)
    if not decisions:
        return finding
    last = decisions[-1]
    recorded = {place(each): each for each in (*history.facts, *registers.every)}
    known = [recorded[each] for each in _places(finding.inputs) if each in recorded]
    closed = last.type == DECISIONS[0] and all(_recorded(each) < _recorded(last) for each in known)
    return finding._replace(
        state="resolved" if closed else "open", decided=list(place(last)), resolution=last.data["reason"]
    )


def _recorded(fact: Fact) -> tuple[datetime, int, int]:
    return fact.appended, fact.log_id, fact.position


def _places(inputs: Iterable[list[int]]) -> Iterator[Place]:
    return ((each[0], each[1]) for each in inputs)
