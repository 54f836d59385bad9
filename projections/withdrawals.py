"""What a person withdrew, since when that counts, and what was done all the same.

A withdrawal is a consent that was withdrawn, or a request for no more marketing, from when it must have been obeyed.
Whatever was used or disclosed since, for what she withdrew, comes after it: with what the rule on withdrawals found, or
the ground that does without consent.

Source: PIPEDA, Schedule 1, 4.3.8; CASL, s. 11(3); GDPR, Art. 7(3) and 21(3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections import findings, histories
from projections.judgement import TYPES
from projections.projection import part
from projections.rules.rule import purposes
from projections.rules.withdrawal import RULE, without_consent
from projections.rules.words import WITHDRAWN, Words

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from projections.history import Fact
    from projections.judgement import Finding
    from projections.person import Person
    from projections.projection import Page
    from projections.rules.words import Said

ACTS = {"data.used": "used", "data.disclosed": "disclosed"}
"""What may not go on after a withdrawal."""
OTHER_GROUND = "other_ground"


class Step(NamedTuple):
    """A withdrawal, or something that was done after it."""

    step: str
    """withdrawn, used or disclosed."""
    time: str
    """When it happened: RFC 3339."""
    effective: datetime | None
    """From when a withdrawal counts."""
    purposes: list[str]
    categories: list[str]
    """Of a withdrawal: empty for all."""
    channels: list[str]
    """Of a withdrawal: empty for all."""
    recipient: str | None
    recipient_name: str | None
    basis: str | None
    """What it rested on."""
    outcome: str | None
    """Of what came after: violation; excused; lawful: consent was given again; other_ground: it rests on one that needs
    no consent; None where no rule has judged."""
    finding: Finding | None
    """What the rule on withdrawals says of it."""
    withdrawal: tuple[int, int]
    """Log and position of the withdrawal; of one, its own."""
    log_id: int
    position: int


def of_person(
    connection: Connection[Any], person: Person, *, after: int | None = None, limit: int | None = 100
) -> Page[Step]:
    """Return a person's withdrawals by when they count, each followed by what was done after it, by time.

    Args:
        connection: A reader's.
        person: Whom.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
    """
    people = histories.of_person(connection, person, TYPES)
    said = {each.fact.name: each for its in reversed(people) for each in Words(its).every if each.state == WITHDRAWN}
    acts = {each.name: each for its in reversed(people) for each in its.of(*ACTS)}
    judged: dict[tuple[int, int], Finding] = {}
    if said and acts:
        found = findings.of_person(connection, person)
        judged = {(each.log_id, each.position): each for each in found if each.rule == RULE.code}
    steps: list[Step] = []
    for each in sorted(said.values(), key=lambda each: (each.effective, each.fact.log_id, each.fact.position)):
        later = [fact for fact in acts.values() if _is_after(fact, each)]
        steps.append(_withdrawn(each))
        steps += [
            _done(fact, each, judged.get((fact.log_id, fact.position)))
            for fact in sorted(later, key=lambda fact: (fact.time, fact.log_id, fact.position))
        ]
    return part(steps, after, limit)


def _is_after(fact: Fact, said: Said) -> bool:
    """Tell whether something was done for what had been withdrawn by then."""
    return (
        said.speaks_of(fact)
        and any(said.reach(each) is not None for each in purposes(fact))
        and any(said.names(each) for each in fact.data["categories"])
    )


def _withdrawn(said: Said) -> Step:
    fact = said.fact
    return Step(
        "withdrawn", fact.stated, said.effective, [*said.purposes], [*said.categories], [*said.media], None, None, None,
        None, None, (fact.log_id, fact.position), fact.log_id, fact.position,
    )  # fmt: skip


def _done(fact: Fact, said: Said, found: Finding | None) -> Step:
    get = fact.data.get
    to: dict[str, Any] = get("recipient", {})
    outcome = found.outcome if found is not None else OTHER_GROUND if without_consent(fact) else None
    channel = get("channel")
    return Step(
        ACTS[fact.type], fact.stated, None, purposes(fact), fact.data["categories"], [channel] if channel else [],
        to.get("id"), to.get("name"), get("basis"), outcome, found, (said.fact.log_id, said.fact.position),
        fact.log_id, fact.position,
    )  # fmt: skip
