"""What a person asked for, when the answer is due, and how it stands. Pure: no database, no clock.

A request is received, its sender shows who she is, the time to answer may be extended, and it is answered or refused;
silence counts as a refusal where the law says so. Facts may come in any order: what counts is when they happened.

Source: PIPEDA 8(3)–(5); P-39.1, s. 32; GDPR Art. 12(3); 45 CFR 164.528(c); 11 CCR 7021.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.deadlines import Deadline, deadline, is_late, law_on, parsed, said, standing
from projections.history import moment, openings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from projections.history import Fact, History
    from projections.law.pack import Pack

TYPES = ("request.received", "request.verified", "request.extended", "request.answered", "subject.informed")
"""What requests follow from."""
REFUSALS = frozenset({"dpv:RequestRejected"})
"""Outcomes that refuse."""
OPEN, ANSWERED, REFUSED = "open", "answered", "refused"
WAITING = (
    "The person has not shown yet who she is; until she has, the day is the earliest that it can be",
    "La personne n’a pas encore établi son identité ; d’ici là, le jour est le plus proche possible",
)
NOT_TOLD = (
    "More time was taken, but the person was not told of it in time: it is not counted",
    "Une prorogation a été décidée, mais la personne n’en a pas été avisée à temps : elle n’est pas comptée",
)
IN_DAYS = (
    "Extended by the {} days that were stated, to {}",
    "Prorogé des {} jours indiqués, jusqu’au {}",
)


class Extension(NamedTuple):
    """More time that was taken to answer."""

    reason: str | None
    """Why."""
    days: int | None
    """By how many days; None for as long as the law allows."""
    noticed: str | None
    """When the person was told: RFC 3339. None when she was not."""
    notice: Deadline
    """By when she had to be told."""
    counted: bool
    """Whether it moves the day: she must be told of it in time."""
    position: int
    """Of its entry."""


class Further(NamedTuple):
    """Something else that a request makes due, such as confirming that it came."""

    deadline: Deadline
    """By when."""
    done: str | None
    """When that was done: RFC 3339; None when it is not."""
    position: int | None
    """Of the entry by which it was."""


class Request(NamedTuple):
    """One request of one person."""

    request: str
    """The company's name for it."""
    subject: str
    """Whose: 32 hexadecimal digits."""
    regime: str | None
    """The law that it is handled under."""
    right: str | None
    """What was asked."""
    channel: str | None
    """How it came."""
    categories: list[str]
    """Which data; empty for all."""
    asked: str
    """When it was made: RFC 3339."""
    received: str
    """When the time to answer began, as stated."""
    identity: str
    """verified, pending or not_needed."""
    verified: str | None
    """When she showed who she is, if that was asked for."""
    status: str
    """open, answered or refused."""
    due: date | None
    """The last day to answer; None when there is no date."""
    deadline: Deadline
    """How that day was found."""
    stated_due: date | None
    """What the emitter stated as due."""
    difference: int | None
    """By how many days that is later than what the law says; None when either is missing."""
    extensions: list[Extension]
    """More time that was taken."""
    further: list[Further]
    """What else it makes due."""
    outcome: str | None
    """How it was answered."""
    reason: str | None
    """Why not in full."""
    recourse: str | None
    """Where she was told that she can complain."""
    answered: str | None
    """When the first answer was given: RFC 3339."""
    late: bool
    """Whether that was after the last day."""
    account: str | None
    """The account that answered it."""
    positions: list[int]
    """Of all entries that it follows from, ascending."""
    sealed: bool
    """Whether telling of it is forbidden."""


def requests(person: History) -> list[Request]:
    """Return everything that a person asked for, by when it was received.

    What names a request that was never received is no request of hers.
    """
    facts: dict[str, list[Fact]] = {}
    informed = person.by_time("subject.informed")
    for each in person.by_time(*TYPES[:4]):
        facts.setdefault(str(each.data.get("request_id")), []).append(each)
    names = names_of(person)
    found = [
        _request(name, of_request, informed, names)
        for name, of_request in facts.items()
        if any(each.type == "request.received" for each in of_request)
    ]
    return sorted(found, key=lambda each: (moment(each.received), each.request))


def names_of(person: History) -> dict[str, str]:
    """Return under which name of hers each opened stream counts: the one that it was opened for."""
    return openings(person.facts)


def is_hidden(fact: Fact, names: dict[str, str]) -> bool:
    """Tell whether an order still forbids telling of a fact."""
    return fact.sealed and fact.subject not in names


def state(status: str, due: Deadline, now: datetime) -> str:
    """Tell how a request stands at a moment.

    Args:
        status: open, answered or refused.
        due: When the answer is due.
        now: The moment.

    Returns:
        answered or refused; deemed_refused when it is neither and its law counts silence so; else running, due_today,
        overdue, watched (to be done as soon as feasible) or undated.
    """
    if status != OPEN:
        return status
    found = standing(due, now)
    return "deemed_refused" if found == "overdue" and due.deemed_refusal else found


def _request(name: str, facts: list[Fact], informed: list[Fact], names: dict[str, str]) -> Request:
    """Return one request, from the facts that name it, by time."""
    received = next(each for each in facts if each.type == "request.received")
    data = received.data
    start_text: str = data.get("clock_start") or received.stated
    start = moment(start_text)
    pack = law_on(data.get("regime"), start)
    right = pack.right(data.get("right", "")) if pack else None
    clocks = right.clocks if right else ()
    proof = next((each for each in facts if each.type == "request.verified"), None)
    identity = data.get("identity", "pending")
    stated_due = parsed(data.get("due"))
    extensions = [
        _extension(each, pack, clocks, received.time, start) for each in facts if each.type == "request.extended"
    ]
    its = _due(pack, clocks, start, proof, identity, stated_due, extensions)
    answers = [each for each in facts if each.type == "request.answered"]
    last = answers[-1] if answers else None
    status = OPEN if last is None else REFUSED if last.data.get("outcome") in REFUSALS else ANSWERED
    told = [each for each in informed if _names(each, received)]
    done = sorted([*answers, *told, *(each for each in facts if _tells(each))], key=lambda each: each.time)
    computed = deadline(pack, clocks[0] if clocks else None, start).day
    return Request(
        name, names.get(received.subject, received.subject), data.get("regime"), data.get("right"),
        data.get("channel"), list(data.get("categories", [])), received.stated, start_text,
        "verified" if proof else identity, proof.stated if proof else None, status, its.day, its, stated_due,
        None if stated_due is None or computed is None else (stated_due - computed).days, extensions,
        [_further(pack, clock, start, received.time, done) for clock in clocks[1:]],
        last.data.get("outcome") if last else None, last.data.get("reason") if last else None,
        last.data.get("recourse") if last else None, answers[0].stated if answers else None,
        bool(answers) and is_late(its, answers[0].time), last.data.get("account_id") if last else None,
        sorted({each.position for each in (*facts, *told)}),
        any(is_hidden(each, names) for each in facts),
    )  # fmt: skip


def _due(
    pack: Pack | None,
    clocks: tuple[str, ...],
    start: datetime,
    proof: Fact | None,
    identity: str,
    stated: date | None,
    extensions: Iterable[Extension],
) -> Deadline:
    """Return when the answer is due."""
    if pack is None or not clocks:
        return deadline(pack, None, start, stated=stated)
    its = pack.clocks[clocks[0]]
    waits = its.identity_first and identity == "pending"
    if waits and proof is not None:
        start = max(start, proof.time)
    counted = [each for each in extensions if each.counted]
    found = _extended(pack, clocks[0], start, stated, counted)
    for _ in [each for each in extensions if not each.counted]:
        found = said(found, *NOT_TOLD)
    return said(found, *WAITING) if waits and proof is None else found


def _extended(pack: Pack, clock: str, start: datetime, stated: date | None, extensions: list[Extension]) -> Deadline:
    """Return the last day after extensions. They are stated in days; where the law counts months, days below that."""
    allowed = pack.clocks[clock].extension
    if allowed is None or allowed.unit == "days":
        return deadline(pack, clock, start, stated=stated, extensions=[each.days for each in extensions])
    before = deadline(pack, clock, start, stated=stated)
    most = deadline(pack, clock, start, stated=stated, extensions=[None for _ in extensions])
    if not extensions or before.day is None or most.day is None or any(each.days is None for each in extensions):
        return most
    total = sum(each.days or 0 for each in extensions)
    day = before.day + timedelta(days=total)
    if day >= most.day:
        return most
    return said(before._replace(day=day), *(each.format(total, day.isoformat()) for each in IN_DAYS))


def _extension(fact: Fact, pack: Pack | None, clocks: tuple[str, ...], asked: datetime, start: datetime) -> Extension:
    """Return more time that was taken, and whether the person was told of it in time."""
    allowed = pack.clocks[clocks[0]].extension if pack and clocks else None
    notice = allowed.notice if allowed else None
    begins = asked if pack and notice and pack.clocks[notice].starts in {"request_date", "request"} else start
    its = deadline(pack, notice, begins)
    noticed = fact.data.get("noticed_at")
    counted = notice is None or (noticed is not None and not is_late(its, moment(noticed)))
    return Extension(fact.data.get("reason"), fact.data.get("days"), noticed, its, counted, fact.position)


def _further(pack: Pack | None, clock: str, start: datetime, asked: datetime, done: list[Fact]) -> Further:
    """Return what else a request makes due; a notice, an answer or a letter about it does that."""
    begins = asked if pack and pack.clocks[clock].starts in {"request_date", "request"} else start
    first = next((each for each in done if each.time >= start), None)
    when = None if first is None else first.data.get("noticed_at") or first.stated
    return Further(deadline(pack, clock, begins), when, first.position if first else None)


def _names(informed: Fact, received: Fact) -> bool:
    """Tell whether a letter to the person is about a request."""
    about: dict[str, Any] = informed.data.get("about") or {}
    return (about.get("source"), about.get("id")) == received.name


def _tells(fact: Fact) -> bool:
    """Tell whether more time was taken and the person was told so: she knows then that her request came."""
    return fact.type == "request.extended" and fact.data.get("noticed_at") is not None
