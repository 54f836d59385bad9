"""What the rules find in one person's history, and what people decided on it. Pure: no database, no clock.

A finding is a rule's verdict on one fact; it changes nothing, and no fact is refused for it. A waiver excuses what its
rule finds; a resolution says that somebody dealt with it, until somebody says otherwise or the facts behind it change.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.history import moment, openings
from projections.retained import READ
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
    *(each for rule in RULES for each in (*rule.types, *rule.gone)), *READ,
    "consent.recorded", "policy.assented", "data.erased", "request.received", "request.verified", "request.answered",
    "hold.placed", "hold.released", "seal.extended", "seal.lifted", *DECISIONS, WAIVED, RAISED,
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
    until: datetime | None
    """Until when it is one; None for ever after, as far as is known. It may be one again later."""
    recipient: str | None
    purposes: list[str]
    source: str
    """The emitter that stated the fact."""
    system: str | None
    """The system that it happened in; with the source, who answers for it."""
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
    waived: list[str]
    """Of what excuses it: the reason, its author's part in the company and name there, from when and until when, as
    stated; empty if nothing that is known here does."""
    asked: list[str] | None = None
    """Where what was given is compared with what an order, a paper or an agreement allows: which data that is. What
    was given beyond it is in `codes`."""
    given: list[str] | None = None
    """Which data was given."""
    recipient_name: str | None = None
    """What the recipient was called then; None for a natural person, whose name is in the envelope."""
    categories: list[str] = []  # noqa: RUF012 - never changed
    """Which data the fact is about."""

    def stands(self, at: datetime) -> bool:
        """Return whether it is a finding at a moment."""
        return self.since <= at and (self.until is None or at < self.until)


def finding_id(log_id: int, position: int, rule: str) -> str:
    """Return the name of a rule's finding on a fact: always the same, and telling nothing."""
    return blake2b(f"{log_id} {position} {rule}".encode(), digest_size=8, person=b"finding").hexdigest()


def judged(
    history: History, registers: Registers, rules: tuple[Rule, ...] = RULES, *, lawful: bool = True
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
    counting, undone = _by_type(rules)
    wanted = [(fact, rule) for fact in facts for rule in counting.get(fact.type, ())]
    wanted += [(fact, rule) for fact, _ in history.gone for rule in undone.get(fact.type, ())]
    found = [_raised(fact, opened, nobody=nobody) for fact in facts if fact.type == RAISED]
    for fact, rule in wanted:
        verdict = rule.judge(fact, history, registers)
        while verdict is not None:
            if lawful or verdict.outcome != "lawful":
                found.append(_finding(rule, fact, verdict, opened, nobody=nobody))
            verdict = verdict.later
    waivers = list(history.of(WAIVED))
    decisions: dict[str, list[Fact]] = {}
    for each in history.of(*DECISIONS):
        decisions.setdefault(each.data["finding_id"], []).append(each)
    decided = [
        _decided(_excused(each, waivers, registers), decisions.get(each.finding, []), facts, registers)
        for each in found
        if (lawful or each.outcome != "lawful") and (each.until is None or each.since < each.until)
    ]
    return sorted(decided, key=lambda each: (each.position, each.rule, each.since))


@lru_cache
def _by_type(rules: tuple[Rule, ...]) -> tuple[dict[str, list[Rule]], dict[str, list[Rule]]]:
    """Return the rules that judge each type of fact, as long as it counts and once it does not any more."""
    counting: dict[str, list[Rule]] = {}
    undone: dict[str, list[Rule]] = {}
    for rule in rules:
        for each in rule.types:
            counting.setdefault(each, []).append(rule)
        for each in rule.gone:
            undone.setdefault(each, []).append(rule)
    return counting, undone


def _finding(rule: Rule, fact: Fact, verdict: Verdict, opened: dict[str, str], *, nobody: bool) -> Finding:
    inputs = dict.fromkeys((place(fact), *verdict.inputs))
    return Finding(
        finding_id(fact.log_id, fact.position, rule.code), fact.log_id, opened.get(fact.subject, fact.subject),
        fact.position, fact.type, rule.code, str(rule.version), verdict.law or law_pack(rule.of, fact.time),
        verdict.outcome, verdict.reason, list(verdict.codes), [list(each) for each in inputs],
        fact.time, fact.stated, _since(fact, verdict), verdict.until, recipient(fact), purposes(fact),
        fact.source, fact.data.get("system"), *_visible(fact, opened), nobody, raised=False, state="open", decided=[],
        resolution=None, waiver=None, waived=[], asked=_listed(verdict.asked), given=_listed(verdict.given),
        recipient_name=fact.data.get("recipient", {}).get("name"), categories=[*fact.data.get("categories", ())],
    )  # fmt: skip


def _listed(codes: tuple[str, ...] | None) -> list[str] | None:
    return None if codes is None else list(codes)


def _since(fact: Fact, verdict: Verdict) -> datetime:
    """Return from when a verdict is so: what is dated ahead is known, and judged, from when it was recorded."""
    known = min(fact.time, fact.appended)
    return max(verdict.since or known, known)


def _raised(fact: Fact, opened: dict[str, str], *, nobody: bool) -> Finding:
    """Return the finding that an emitter raised."""
    said = fact.data
    return Finding(
        said["finding_id"], fact.log_id, opened.get(fact.subject, fact.subject), fact.position, fact.type, said["rule"],
        said["rule_version"], said.get("law_pack"), said["result"], said.get("reason"), _about(said),
        [list(place(fact))], fact.time, fact.stated, min(fact.time, fact.appended), None, None, [], fact.source,
        said.get("system"), *_visible(fact, opened), nobody, raised=True, state="open", decided=[], resolution=None,
        waiver=said.get("excused_by"), waived=[],
    )  # fmt: skip


def _about(said: dict[str, Any]) -> list[str]:
    """Return what a finding is about that an emitter, or the ledger itself, raised."""
    emitter = [said["emitter"]] if said.get("emitter") else []
    return [*emitter, *said.get("codes", ()), *map(str, said.get("numbers", ()))]


def _visible(fact: Fact, opened: dict[str, str]) -> tuple[bool, str | None]:
    """Return whether a fact is sealed, and by which order; what an ended order opened is not."""
    if not fact.sealed or fact.subject in opened:
        return False, None
    return True, fact.data.get("seal_ref") or fact.data.get("seal_id")


def _excused(finding: Finding, waivers: Sequence[Fact], registers: Registers) -> Finding:
    """Return a finding as waivers leave it: a waiver is of a rule, and of what happened from its start to its end."""
    if finding.outcome not in {"violation", "gap"}:
        return finding
    for each in (*registers.waivers(finding.rule, finding.seal), *waivers):
        said = each.data
        if (
            said["rule"] == finding.rule
            and moment(said.get("starts") or each.stated) <= finding.time < moment(said["until"])
            and (not said.get("recipients") or finding.recipient in said["recipients"])
            and (not said.get("purposes") or bool(set(said["purposes"]) & set(finding.purposes)))
        ):
            inputs = [*finding.inputs, list(place(each))]
            return finding._replace(outcome="excused", waiver=said["waiver_id"], waived=_waived(each), inputs=inputs)
    return finding


def _waived(waiver: Fact) -> list[str]:
    """Return what a finding tells of the waiver that excuses it: see `Finding.waived`."""
    said, actor = waiver.data, waiver.data["actor"]
    author = actor.get("key") or actor.get("id") or ""
    return [said["reason"], actor["role"], author, said.get("starts") or waiver.stated, said["until"]]


def _decided(finding: Finding, hers: Sequence[Fact], facts: Sequence[Fact], registers: Registers) -> Finding:
    """Return a finding as the newest decision leaves it. It opens again if what it rests on came after that."""
    if finding.outcome == "lawful":
        return finding
    decisions = sorted((*registers.decisions(finding.finding, finding.seal), *hers), key=_recorded)
    if not decisions:
        return finding
    last = decisions[-1]
    recorded = {place(each): each for each in (*facts, *registers.every)}
    known = [recorded[each] for each in _places(finding.inputs) if each in recorded]
    closed = last.type == DECISIONS[0] and all(_recorded(each) < _recorded(last) for each in known)
    return finding._replace(
        state="resolved" if closed else "open", decided=list(place(last)), resolution=last.data["reason"]
    )


def _recorded(fact: Fact) -> tuple[datetime, int, int]:
    return fact.appended, fact.log_id, fact.position


def _places(inputs: Iterable[list[int]]) -> Iterator[Place]:
    return ((each[0], each[1]) for each in inputs)
