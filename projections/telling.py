"""Whom to tell of changes of a person's data: by the notices that the company named, and where it named none. Pure.

And who has her data that nothing on record obliges to tell.

Source: GDPR Art. 19; PIPEDA Schedule 1, 4.9.5 and 4.9.6; 11 CCR 7022(b).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.vocabulary.codes import related
from projections.changed import KINDS, NAMED, changes, copies, to_tell
from projections.deadlines import deadline, law_for
from projections.history import moment
from projections.noticed import Notice, Step, notices
from projections.owed import DISCHARGED, OPEN, TELL, Owed, name_of, of_notice
from projections.requested import is_hidden, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from projections.changed import Change, Copy
    from projections.deadlines import Deadline
    from projections.history import Fact, History
    from projections.law.pack import Pack

CLOCK = "tell_recipients"
"""The clock of a law pack."""


class Unowed(NamedTuple):
    """A recipient that received a person's data and may still have it, of which nothing obliges to tell it anything."""

    recipient: str
    """The company's name for it."""
    name: str | None
    """What it was called when it last received some; None for a natural person."""
    categories: list[str]
    """Which data, but for what it is owed a notice of."""


def telling(person: History) -> Iterable[Owed]:
    """Yield whom to tell of changes: by the notices that the company named, and where it named none."""
    names = names_of(person)
    regimes = {str(each.data.get("request_id")): each.data.get("regime") for each in person.by_time("request.received")}
    named = notices(person.facts)
    held = copies(person)
    undone = _undone(person)
    used: set[tuple[str, str]] = set()
    for change in changes(person):
        regime = regimes.get(change.request or "")
        for recipient, gave in to_tell(change, held).items():
            last = max(copy.fact.time for copy in gave)
            law = law_for(CLOCK, NAMED[change.kind], change.time, regime, change.jurisdiction, last)
            mine = [each for each in named if each.recipient == recipient and _about(each, change)]
            used |= {(each.notification, each.recipient) for each in mine}
            told = {category for each in mine for category in each.categories}
            for each in mine:
                yield _named(each, change, gave, law, names)
            rest = [copy for copy in gave if not _in(copy.category, told)]
            if rest:
                yield _unnamed(person.log_id, recipient, rest, change, law, names)
    for each in named:
        if (each.notification, each.recipient) not in used:
            stream = each.fact.subject
            found = of_notice(each, names.get(stream, stream), due_of(each))
            by = undone.get((each.change, each.trigger))
            if found.unfinished and by is not None:
                found = _over(found, by, "resolved")
                found = found._replace(positions=sorted({*found.positions, by.position}))
            yield found._replace(sealed=is_hidden(each.fact, names))


def due_of(notice: Notice) -> Deadline:
    """Return when a notice is due of which nothing is known but what the company named."""
    when, place = notice.fact.time, notice.fact.data.get("jurisdiction")
    law = law_for(CLOCK, NAMED[notice.change], when, None, place)
    return deadline(law, CLOCK, when, stated=notice.due, place=place)


def unowed(person: History, notices: Sequence[Owed]) -> list[Unowed]:
    """Return who received a person's data, may still have it and is owed no notice of it, by the company's name for it.

    What an order forbids to tell changes nothing in it.

    Args:
        person: Whose facts.
        notices: What is or was owed to recipients, but for what an order forbids to tell.
    """
    names = names_of(person)
    told = person._replace(facts=tuple(each for each in person.facts if not is_hidden(each, names)))
    found: dict[str, list[Copy]] = {}
    for each in copies(told):
        if each.gone is None and not any(_owed_of(notice, each) for notice in notices):
            found.setdefault(each.recipient, []).append(each)
    return [
        Unowed(recipient, found[recipient][-1].name, sorted({each.category for each in found[recipient]}))
        for recipient in sorted(found)
    ]


def _owed_of(its: Owed, copy: Copy) -> bool:
    """Tell whether a notice is about a copy: of what changed since, or, of a dispute, while it lasted."""
    return (
        its.recipient == copy.recipient
        and _in(copy.category, its.categories)
        and (copy.fact.time <= moment(its.since) or copy.fact.position in its.positions)
    )


def _in(category: str, named: Iterable[str]) -> bool:
    """Tell whether a category is among some that were named, as it is, narrower or wider."""
    return any(related(category, each) for each in named)


def _about(notice: Notice, change: Change) -> bool:
    """Tell whether a notice is about a change."""
    return notice.change == change.kind and notice.trigger in change.names


def _named(notice: Notice, change: Change, gave: list[Copy], law: Pack | None, names: dict[str, str]) -> Owed:
    """Return what is owed to one recipient by a notice that the company named."""
    its = deadline(law, CLOCK, change.time, stated=notice.due, place=change.jurisdiction)
    subject = names.get(notice.fact.subject, notice.fact.subject)
    known = [copy for copy in gave if _in(copy.category, notice.categories)] or gave
    found = of_notice(notice, subject, its)
    gone = _gone(known)
    if found.unfinished and gone is not None:
        found = _over(found, gone, "destroyed")
    # It is owed since the change, whenever the company named it.
    since = min((change.stated, notice.since), key=moment)
    return found._replace(
        since=since,
        recipient_name=notice.name or known[-1].name, role=known[-1].role, request=change.request,
        positions=_positions(found.positions, change, known, gone),
        sealed=any(is_hidden(each, names) for each in (notice.fact, *change.facts, *(copy.fact for copy in known))),
    )  # fmt: skip


def _unnamed(
    log_id: int, recipient: str, gave: list[Copy], change: Change, law: Pack | None, names: dict[str, str]
) -> Owed:
    """Return what is owed to one recipient of whom the company said nothing yet."""
    # Of a dispute, whoever received it later is told since then.
    late = gave[0].fact if gave[0].fact.time > change.time and change.kind == "challenged" else None
    its = deadline(law, CLOCK, late.time if late else change.time, place=change.jurisdiction)
    subject = names.get(change.facts[0].subject, change.facts[0].subject)
    gone = _gone(gave)
    outcome, ended = ("destroyed", gone) if gone is not None else ("resolved", change.resolved)
    return Owed(
        name_of(TELL, log_id, subject, change.kind, *change.cause, recipient), TELL,
        OPEN if ended is None else DISCHARGED, subject, its.day, its, late.stated if late else change.stated,
        None if ended is None else ended.stated, None if ended is None else outcome, None, recipient, gave[-1].name,
        gave[-1].role, change.kind, sorted({copy.category for copy in gave}), request=change.request,
        steps=[] if ended is None else [_ended(ended, outcome, 0)],
        positions=_positions([], change, gave, ended),
        sealed=any(is_hidden(each, names) for each in (*change.facts, *(copy.fact for copy in gave))),
    )  # fmt: skip


def _undone(person: History) -> dict[tuple[str, tuple[str, str]], Fact]:
    """Return what says that a change does not count any more, by its kind and each name that a notice has for it."""
    found: dict[tuple[str, tuple[str, str]], Fact] = {}
    for fact, by in person.gone:
        if fact.type in KINDS and by.log_id == person.log_id:
            request = fact.data.get("request_ref") or fact.data.get("request_id")
            its = (
                each for each in person.facts if request in {each.data.get("request_ref"), each.data.get("request_id")}
            )
            names = {fact.name, *((each.name for each in its) if request else ())}
            found |= dict.fromkeys(((KINDS[fact.type], name) for name in names), by)
    return found


def _over(its: Owed, fact: Fact, outcome: str) -> Owed:
    """Return a notice of which nothing is owed any more, since a fact without the recipient's answer."""
    steps = sorted([*its.steps, _ended(fact, outcome, its.attempts)], key=lambda each: moment(each.time))
    return its._replace(state=DISCHARGED, outcome=outcome, done=fact.stated, steps=steps)


def _ended(fact: Fact, outcome: str, attempts: int) -> Step:
    """Return the step by which a duty ended without the recipient's answer."""
    return Step(fact.stated, outcome, DISCHARGED, outcome, None, attempts, fact.position)


def _gone(gave: list[Copy]) -> Fact | None:
    """Return what says that a recipient has nothing left of what it received; None when that is not known."""
    facts = [copy.gone for copy in gave]
    return max((each for each in facts if each), key=lambda each: each.time) if all(facts) else None


def _positions(more: list[int], change: Change, gave: list[Copy], gone: Fact | None) -> list[int]:
    found = {each.position for each in change.facts} | {copy.fact.position for copy in gave} | set(more)
    return sorted(found | ({gone.position} if gone else set()))
