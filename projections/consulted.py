"""Institutions that must be asked before a person is told of a disclosure to them. Pure: no database, no clock.

The person must not learn of it: neither that an institution was asked, nor what it said. So it is no part of her
request, and nothing here changes a request: it is told to cleared readers beside it.

Source: PIPEDA 9(2.1)–(2.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.deadlines import Deadline, deadline, law_on, standing
from projections.history import moment

if TYPE_CHECKING:
    from datetime import date, datetime

    from projections.history import Fact, History

TYPES = ("institution.consulted", "institution.answered")
"""What consultations follow from."""
REGIME = "whosaw:PIPEDA"
"""The one law that knows them."""


class Consultation(NamedTuple):
    """One institution that was asked about one request."""

    request: str
    """The company's name for the request."""
    stream: str
    """The sealed stream that it stands in."""
    institution: str
    """The company's name for the institution."""
    name: str | None
    """What it is called."""
    basis: str | None
    """The paragraph of the disclosure that she asks about."""
    notified: str
    """When it was told in writing: RFC 3339."""
    until: date | None
    """The last day on which nothing may be answered."""
    embargo: Deadline
    """How that day was found."""
    replied: str | None
    """When it answered."""
    objection: bool | None
    """Whether it objects; None while it has not answered."""
    ground: str | None
    """On which ground."""
    commissioner: Deadline | None
    """After an objection, by when the Commissioner is to be told."""
    commissioner_told: str | None
    """When that was done: RFC 3339."""
    positions: list[int]
    """Of the entries that it follows from, ascending."""


def consultations(person: History, at: datetime | None = None) -> list[Consultation]:
    """Return every institution that was asked about a request, by when it was notified.

    Args:
        person: Her facts.
        at: As each stood at this moment; None for after all that is recorded.
    """
    found = [
        each
        for since, until, each in periods(person)
        if (until is None if at is None else since <= at and (until is None or at < until))
    ]
    return sorted(found, key=lambda each: (moment(each.notified), each.positions))


def periods(person: History) -> list[tuple[datetime, datetime | None, Consultation]]:
    """Return how each consultation stood, from when to when: before the institution's answer, and since."""
    found: list[tuple[datetime, datetime | None, Consultation]] = []
    for asked, replies in _pairs(person):
        since = moment(asked.data.get("notified_at") or asked.stated)
        later = sorted({each.time for each in replies if each.time > since})
        for begins, ends in zip([since, *later], [*later, None], strict=True):
            known = [each for each in replies if each.time <= begins]
            found.append((begins, ends, _consultation(asked, known)))
    return found


def state(objection: bool | None, embargo: Deadline, now: datetime) -> str:  # noqa: FBT001 - what was said
    """Tell how it stands: objected, free (the answer may be given), or embargoed."""
    if objection is not None:
        return "objected" if objection else "free"
    return "free" if standing(embargo, now) == "overdue" else "embargoed"


def _pairs(person: History) -> list[tuple[Fact, list[Fact]]]:
    """Return each question to an institution with what was recorded of its answer, by time."""
    replies = person.by_time("institution.answered")
    return [(each, [one for one in replies if _of(one, each)]) for each in person.by_time("institution.consulted")]


def _consultation(fact: Fact, replies: list[Fact]) -> Consultation:
    """Return one institution's part. Its first answer counts; what follows may say that the Commissioner was told."""
    reply = replies[0] if replies else None
    told = next((each for each in replies if each.data.get("commissioner_told_at")), None)
    data = fact.data
    notified: str = data.get("notified_at") or fact.stated
    start = moment(notified)
    pack = law_on(REGIME, start)
    place = data.get("jurisdiction")
    its = deadline(pack, "embargo", start, place=place, ended=reply.time if reply else None)
    objects = bool(reply and reply.data.get("objection"))
    institution: dict[str, Any] = data.get("institution") or {}
    return Consultation(
        str(data.get("request_id")), fact.subject, str(institution.get("id")), institution.get("name"),
        data.get("basis"), notified, its.day, its, reply.stated if reply else None, objects if reply else None,
        reply.data.get("ground") if reply else None,
        deadline(pack, "objection_to_commissioner", reply.time, place=place) if reply and objects else None,
        told.data["commissioner_told_at"] if told and objects else None,
        sorted({each.position for each in (fact, reply, told) if each is not None}),
    )  # fmt: skip


def _of(reply: Fact, asked: Fact) -> bool:
    """Tell whether an answer is the one to a question."""
    one, other = ((each.data.get("request_id"), _id(each)) for each in (reply, asked))
    return one == other and reply.time >= moment(asked.data.get("notified_at", asked.stated))


def _id(fact: Fact) -> str:
    """Return the company's name for the institution of a fact."""
    institution: dict[str, Any] = fact.data.get("institution") or {}
    return str(institution.get("id"))
