"""What became of a person's debts: who received them, what was disputed or paid, and whom the company told of that.

Rows are steps, in the order in which they happened, of all debts together: what was disputed rarely says which one.

Source: P-39.1, s. 18(9) and 18(9.1); PIPEDA, Schedule 1, 4.6 and 4.9.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.vocabulary.codes import related
from projections import findings, histories, obligations
from projections.changed import DEBT, changes, given, recovers
from projections.history import moment
from projections.obliging import owed
from projections.owed import TELL
from projections.projection import part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from psycopg import Connection

    from projections.changed import Change
    from projections.history import Fact, History
    from projections.judgement import Finding
    from projections.person import Person
    from projections.projection import Page

DISCLOSED, DISPUTED, CORRECTED, SETTLED, OWED, TOLD, ANSWERED = (
    "disclosed", "disputed", "corrected", "settled", "owed", "told", "answered",
)  # fmt: skip
ORDER = (DISCLOSED, DISPUTED, CORRECTED, SETTLED, OWED, TOLD, ANSWERED)
"""Of what happened at the same time."""
BY_CHANGE = {"challenged": DISPUTED, "rectified": CORRECTED}
"""What recipients of a debt are told of: that it is disputed, or corrected, as when it is paid."""


class Step(NamedTuple):
    """Something that happened to a debt."""

    step: str
    """disclosed; disputed; corrected (as when it was paid); settled (a dispute was); owed: somebody is to be told of
    that; told; answered; or destroyed: the recipient has nothing left."""
    time: str
    """When: RFC 3339."""
    recipient: str | None
    """Who received it, or is to be told: the company's name for it."""
    recipient_name: str | None
    recipient_address: str | None
    recipient_kind: str | None
    recipient_role: str | None
    categories: list[str]
    purpose: str | None
    basis: str | None
    change: str | None
    """What the recipient is to be told of: challenged or rectified."""
    state: str | None
    """How the telling stands: open, sent, discharged, refused, bounced, impossible or disproportionate."""
    due: date | None
    """The last day for it."""
    outcome: str | None
    """What the recipient answered, or how a dispute was settled."""
    findings: list[Finding]
    """What is not as it should be about a disclosure."""
    log_id: int
    position: int
    """Of the entry that says so; of what is owed, of the change."""


def of_person(
    connection: Connection[Any], person: Person, *, after: int | None = None, limit: int | None = 100
) -> Page[Step]:
    """Return what became of a person's debts, oldest first.

    Args:
        connection: A reader's.
        person: Whom.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
    """
    people = histories.of_person(connection, person, obligations.OBLIGATIONS.types)
    received = {(each.log_id, each.position): to for its in people for each, to in given(its) if recovers(each, to)}
    known = {to["id"]: to for to in received.values()}
    found: dict[tuple[str, int, int, str | None, str], Step] = {}
    if known:
        judged = findings.of_person(connection, person)
        for each in _steps(people, received, known, [one for one in judged if one.outcome != "lawful"]):
            found.setdefault((each.step, each.log_id, each.position, each.recipient, each.time), each)
    steps = sorted(found.values(), key=_order)
    return part(steps, after, limit)


def _order(each: Step) -> tuple[Any, ...]:
    return moment(each.time), ORDER.index(each.step) if each.step in ORDER else len(ORDER), each.log_id, each.position


def _steps(
    people: Sequence[History],
    received: dict[tuple[int, int], dict[str, Any]],
    known: dict[str, dict[str, Any]],
    judged: Sequence[Finding],
) -> Iterator[Step]:
    names: set[tuple[str, str]] = set()
    found: dict[tuple[int, int], list[Finding]] = {}
    for one in judged:
        found.setdefault((one.log_id, one.position), []).append(one)
    for its in people:
        for fact, to in given(its):
            # A fact about names of hers in several logs is in each of them.
            if (fact.log_id, fact.position) in received and fact.name not in names:
                names.add(fact.name)
                mine = found.get((fact.log_id, fact.position), [])
                yield _step(DISCLOSED, fact, to)._replace(findings=mine)
        changed = [each for each in changes(its) if each.kind in BY_CHANGE and _about_debts(each)]
        for each in changed:
            for fact in each.facts:
                if fact.name not in names:
                    names.add(fact.name)
                    yield _step(BY_CHANGE[each.kind], fact)._replace(categories=sorted(each.categories))
            if each.resolved is not None:
                how = each.resolved.data.get("reason")
                yield _step(SETTLED, each.resolved)._replace(categories=sorted(each.categories), outcome=how)
        yield from _telling(its, changed, known)


def _about_debts(change: Change) -> bool:
    """Tell whether a change is of a debt; a hold among changes disputes one."""
    return change.facts[0].type == "hold.placed" or any(related(each, DEBT) for each in change.categories)


def _telling(its: History, changed: Sequence[Change], known: dict[str, dict[str, Any]]) -> Iterator[Step]:
    """Yield whom of those who received a debt the company has to tell of a change of it, and what was done about it."""
    places = {fact.position for each in changed for fact in each.facts}
    for each in owed(its):
        brought = places.intersection(each.positions)
        if each.kind != TELL or each.recipient not in known or not brought:
            continue
        due = Step(
            OWED, each.since, *_recipient(known[each.recipient]), each.categories, None, None,
            each.change, each.state, each.due, each.outcome, [], its.log_id, min(brought),
        )  # fmt: skip
        yield due
        for step in each.steps:
            # That a dispute was settled is a step of its own.
            if step.act != "resolved":
                yield due._replace(
                    step=TOLD if step.act == "sent" else step.act, time=step.time, state=step.state,
                    outcome=step.outcome, position=step.position,
                )  # fmt: skip


def _step(step: str, fact: Fact, to: dict[str, Any] | None = None) -> Step:
    get = fact.data.get
    return Step(
        step, fact.stated, *_recipient(to or {}), get("categories", []), get("purpose"),
        get("basis"), None, None, None, None, [], fact.log_id, fact.position,
    )  # fmt: skip


def _recipient(to: dict[str, Any]) -> tuple[str | None, str | None, str | None, str | None, str | None]:
    return to.get("id"), to.get("name"), to.get("address"), to.get("kind"), to.get("role")
