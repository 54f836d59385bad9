"""Given what happened and what is registered, then what a rule says: no database."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from projections.history import KEPT_BY_NOBODY, Fact, History, moment, whole
from projections.judgement import judged
from projections.registers import Registers
from tests.projections.given import ROLES, subject

if TYPE_CHECKING:
    from projections.judgement import Finding
    from projections.rules.rule import Rule
    from tests.projections.given import Happened

RECORDED = moment("2026-11-23T20:04:44.123456Z")


class Said(NamedTuple):
    """What a rule says, as far as a test cares."""

    position: int
    outcome: str
    reason: str | None
    codes: list[str]


def recorded(position: int, fact: Happened, *, appended: str | None = None) -> Fact:
    """A fact as it would be read from the ledger."""
    who = fact.who[0]
    return Fact(
        0, position, subject(who).id, fact.type, moment(fact.time), fact.time,
        moment(appended) if appended else RECORDED, moment(fact.head.get("recordedtime", fact.time)), "/services/test",
        f"ev-{position}", ROLES.get(who.partition("/")[0], "dpv:Customer"), len(fact.who) > 1, fact.data,
    )  # fmt: skip


def story(*facts: Happened) -> tuple[History, Registers]:
    """What happened in one log, at the positions 1, 2, 3 …: everybody in it is one person, or nobody."""
    every = [recorded(position, fact) for position, fact in enumerate(facts, start=1)]
    registers = Registers(each for each in every if each.role in KEPT_BY_NOBODY)
    hers = [each for each in every if each.role not in KEPT_BY_NOBODY]
    streams = {each.subject for each in hers or every}
    return whole(0, streams, len(facts), hers, registers.corrections), registers


def findings(rule: Rule, *facts: Happened) -> list[Finding]:
    """Everything that a rule says of what happened, the lawful too."""
    return judged(*story(*facts), rules=(rule,))


def then(rule: Rule, *facts: Happened) -> list[Said]:
    """The same, as far as most tests care."""
    return [Said(each.position, each.outcome, each.reason, each.codes) for each in findings(rule, *facts)]
