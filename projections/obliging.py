"""What one person's facts oblige the company to. Pure: no database, no clock.

Each recipient who received what was corrected, erased, restricted or is disputed must be told; requests must be
answered; who was disclosed in an emergency must be told of it in writing. Nothing here is stated by anybody: it follows
from facts, and facts discharge it.

Source: GDPR Art. 19; PIPEDA Schedule 1, 4.9.5 and 4.9.6; 11 CCR 7022(b); PIPEDA 7(3)(d.4), (e), 8(4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections import consulted, requested
from projections.changed import TYPES as CHANGED
from projections.deadlines import deadline, law_for, law_on
from projections.law.pack import PACKS
from projections.noticed import TYPES as NOTICED
from projections.noticed import Step
from projections.owed import (
    ANSWER,
    COMMISSIONER,
    CONFIRM,
    DISCHARGED,
    EXTENSION,
    INFORM,
    OPEN,
    WITHHOLD,
    Owed,
    Period,
    name_of,
    steps_of,
)
from projections.requested import is_hidden, names_of
from projections.telling import telling

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from projections.history import Fact, History
    from projections.law.pack import Pack
    from projections.requested import Request

TYPES = tuple(dict.fromkeys((*CHANGED, *NOTICED, *requested.TYPES, *consulted.TYPES)))
"""What obligations follow from."""
RECEIVED = ("data.disclosed", "disclosure.onward_reported")
"""Those that oblige to nothing by themselves, but for what `MARKS` tell."""
DUTY = "inform_person"
"""The clock of telling a person of an emergency disclosure."""
MARKS = (
    '"duty_to_inform":true',
    *sorted({f'"basis":"{ground.code}"' for pack in PACKS for ground in pack.grounds if DUTY in ground.duties}),
)
"""What an entry has that says that she must be told of a disclosure: see `_informing`."""


def owed(person: History, at: datetime | None = None) -> list[Owed]:
    """Return everything that is or was owed because of one person's facts, by when it came about.

    Args:
        person: Her facts.
        at: As it stood at this moment; None for after all that is recorded.
    """
    found = [each.owed for each in periods(person) if each.covers(at)]
    return sorted(found, key=lambda each: (each.positions, each.kind, each.id))


def periods(person: History) -> list[Period]:
    """Return how everything that is or was owed stood, from when it came about on, step by step.

    A notice that the company named stands under its name from the change on; that it was named only later is in the
    positions.
    """
    found = [one for each in (*telling(person), *_informing(person), *_objected(person)) for one in steps_of(each)]
    for since, until, request in requested.periods(person):
        found += [Period(since, until, each) for each in _answering(person.log_id, request)]
    return found


def _answering(log_id: int, its: Request) -> Iterable[Owed]:
    """Yield what a request obliges to."""
    by: dict[str, Any] = {
        "subject": its.subject, "since": its.received, "request": its.request, "sealed": its.sealed,
    }  # fmt: skip
    key = (log_id, its.subject, its.request)
    yield Owed(
        name_of(ANSWER, *key), ANSWER, OPEN if its.status == requested.OPEN else DISCHARGED, due=its.due,
        deadline=its.deadline, done=its.answered, outcome=its.outcome, justification=its.reason,
        categories=its.categories, account=its.account, stated_due=its.stated_due, positions=its.positions, **by,
    )  # fmt: skip
    for one in its.further:
        yield Owed(
            name_of(CONFIRM, *key, one.deadline.clock), CONFIRM, OPEN if one.done is None else DISCHARGED,
            due=one.deadline.day, deadline=one.deadline, done=one.done,
            positions=sorted({its.positions[0], *([one.position] if one.position else [])}), **by,
        )  # fmt: skip
    # What the law does not allow moves no day and needs no notice: a rule finds it. Nor does what is answered.
    for one in (each for each in its.extensions if each.counted or each.refused == requested.NOT_TOLD):
        done = one.noticed or its.answered
        yield Owed(
            name_of(EXTENSION, *key, one.position), EXTENSION, OPEN if done is None else DISCHARGED,
            due=one.notice.day, deadline=one.notice, done=done,
            positions=sorted({its.positions[0], one.position}), **by,
        )  # fmt: skip


def _informing(person: History) -> Iterable[Owed]:
    """Yield of which disclosures the person must be told in writing."""
    names = names_of(person)
    letters = {
        (str(each.data.get("about", {}).get("source")), str(each.data.get("about", {}).get("id"))): each
        for each in reversed(person.by_time("subject.informed"))
    }
    for each in person.by_time("data.disclosed"):
        basis = str(each.data.get("basis"))
        law = next((pack for pack in _in_force(each) if (one := pack.ground(basis)) and DUTY in one.duties), None)
        if law is None and not each.data.get("duty_to_inform"):
            continue
        place = each.data.get("jurisdiction")
        its = deadline(law or law_for(DUTY, each.type, each.time, None, place), DUTY, each.time, place=place)
        letter = letters.get(each.name)
        recipient = each.data["recipient"]
        subject = names.get(each.subject, each.subject)
        yield Owed(
            name_of(INFORM, person.log_id, subject, *each.name), INFORM, DISCHARGED if letter else OPEN, subject,
            its.day, its, each.stated, letter.stated if letter else None, recipient=recipient["id"],
            recipient_name=recipient.get("name"), role=recipient.get("role"),
            categories=sorted(set(each.data["categories"])), contacted=letter.stated if letter else None,
            steps=[Step(letter.stated, "informed", DISCHARGED, None, None, 0, letter.position)] if letter else [],
            positions=sorted(one.position for one in (each, letter) if one), sealed=is_hidden(each, names),
        )  # fmt: skip


def _objected(person: History) -> Iterable[Owed]:
    """Yield what an institution's objection obliges to: PIPEDA 9(2.4).

    What was disclosed to it and stands open in her account is to be voided there and recorded behind an order.
    """
    names = names_of(person)
    for each in consulted.consultations(person):
        if not each.objection or each.commissioner is None or each.replied is None:
            continue
        subject, told = names.get(each.stream, each.stream), each.commissioner_told
        by: dict[str, Any] = {
            "since": each.replied, "recipient": each.institution, "recipient_name": each.name,
            "request": each.request, "deadline": each.commissioner, "due": each.commissioner.day,
            "sealed": each.stream not in names,
        }  # fmt: skip
        key = (person.log_id, each.stream, *each.positions[:1])
        steps = [Step(told, "informed", DISCHARGED, None, None, 0, each.positions[-1])] if told else []
        yield Owed(
            name_of(COMMISSIONER, *key), COMMISSIONER, DISCHARGED if told else OPEN, subject, done=told,
            contacted=told, steps=steps, positions=each.positions, **by,
        )  # fmt: skip
        shown = [one for one in person.by_time("data.disclosed") if not one.sealed and _is_to(one, each)]
        if shown:
            yield Owed(
                name_of(WITHHOLD, *key), WITHHOLD, OPEN, subject, positions=[one.position for one in shown],
                categories=sorted({category for one in shown for category in one.data["categories"]}), **by,
            )  # fmt: skip


def _is_to(fact: Fact, asked: consulted.Consultation) -> bool:
    """Tell whether a disclosure is one that an institution was asked about."""
    about = fact.data["recipient"]["id"] == asked.institution
    return about and asked.basis in {None, fact.data.get("basis")}


def _in_force(fact: Fact) -> Iterable[Pack]:
    """Yield the laws that were in force when something happened."""
    return (pack for pack in PACKS if law_on(pack.regimes[0], fact.time) is pack)
