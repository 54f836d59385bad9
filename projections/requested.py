"""What a person asked for, when the answer is due, and how it stands. Pure: no database, no clock.

A request is received, its sender shows who she is, the time to answer may be extended, and it is answered or refused;
silence counts as a refusal where the law says so. Facts may come in any order: what counts is when they happened.

Source: PIPEDA 8(3)–(5); P-39.1, s. 32; GDPR Art. 12(3); 45 CFR 164.528(c); 11 CCR 7021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.deadlines import Deadline, deadline, is_late, law_on, parsed, said, standing, waiting
from projections.history import moment, openings
from projections.law.clock import More, most_days

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from projections.history import Fact, History
    from projections.law.pack import Pack

TYPES = ("request.received", "request.verified", "request.extended", "request.answered", "subject.informed")
"""What requests follow from."""
REFUSALS = frozenset({"dpv:RequestRejected"})
"""Outcomes that refuse."""
NO_ANSWERS = frozenset(
    {
        "dpv:RequestInitiated",
        "dpv:RequestAcknowledged",
        "dpv:RequestActionDelayed",
        "dpv:IdentityVerificationRequired",
    }
)
"""Outcomes that answer nothing yet: it came, it takes longer, or it is not known who asks."""
OPEN, ANSWERED, REFUSED = "open", "answered", "refused"
UNKNOWN, NO_GROUND, NOT_TOLD, AGAIN = (
    "whosaw:NoExtensionInLaw", "whosaw:NoGroundToExtend", "whosaw:ExtensionNotToldInTime", "whosaw:ExtendedAgain",
)  # fmt: skip
"""Why more time that was taken is not counted: the original day stands."""
NOT_COUNTED = {
    NO_GROUND: (
        "More time was taken on a ground that the law does not list: it is not counted",
        "Une prorogation a été décidée pour un motif que la loi ne prévoit pas : elle n’est pas comptée",
    ),
    NOT_TOLD: (
        "More time was taken, but the person was not told of it in time: it is not counted",
        "Une prorogation a été décidée, mais la personne n’en a pas été avisée à temps : elle n’est pas comptée",
    ),
}
"""What the explanation says of it, where the arithmetic itself does not."""


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
    """Whether it moves the day: the law must allow it, and she must be told of it in time."""
    in_time: bool
    """Whether she was told of it in time, where the law asks for that."""
    refused: str | None
    """Why it is not counted, in a code; None if it is, or no law is known that could say so."""
    most: int | None
    """By how many days the law allows it at most; None where it sets no number, or knows no extension."""
    unbounded: bool
    """Whether its reason allows as long as it takes."""
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


class Period(NamedTuple):
    """How a request stood for some time: until the next step of it happened."""

    since: datetime
    until: datetime | None
    """None while nothing later has happened, or is dated later."""
    request: Request

    def covers(self, at: datetime | None) -> bool:
        """Return whether it stood so at a moment; None for after everything."""
        return self.until is None if at is None else self.since <= at and (self.until is None or at < self.until)


def requests(person: History, at: datetime | None = None) -> list[Request]:
    """Return everything that a person asked for, by when it was received.

    What names a request that was never received is no request of hers.

    Args:
        person: Her facts.
        at: As each stood at this moment, by what had happened then; None for after all that is recorded.
    """
    found = [each.request for each in periods(person) if each.covers(at)]
    return sorted(found, key=lambda each: (moment(each.received), each.request))


def periods(person: History) -> list[Period]:
    """Return how everything that a person asked for stood, from when it was received on, step by step."""
    facts: dict[str, list[Fact]] = {}
    informed = person.by_time("subject.informed")
    for each in person.by_time(*TYPES[:4]):
        facts.setdefault(str(each.data.get("request_id")), []).append(each)
    names = names_of(person)
    return [
        period
        for name, of_request in facts.items()
        if any(each.type == "request.received" for each in of_request)
        for period in _periods(name, of_request, informed, names)
    ]


def _periods(name: str, facts: list[Fact], informed: list[Fact], names: dict[str, str]) -> list[Period]:
    """Return how one request stood, from the facts that name it, by time."""
    received = next(each for each in facts if each.type == "request.received")
    letters = [each for each in informed if _names(each, received)]
    since = moment(received.data.get("clock_start") or received.stated)
    later = sorted({each.time for each in (*facts, *letters) if each.time > since and each is not received})
    found: list[Period] = []
    for begins, ends in zip([since, *later], [*later, None], strict=True):
        known = [each for each in facts if each is received or each.time <= begins]
        told = [each for each in letters if each.time <= begins]
        found.append(Period(begins, ends, _request(name, known, told, names)))
    return found


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
        overdue, watched (to be done as soon as feasible), waiting (for proof of who she is) or undated.
    """
    if status != OPEN:
        return status
    found = standing(due, now)
    return "deemed_refused" if found == "overdue" and due.deemed_refusal else found


def _request(name: str, facts: list[Fact], told: list[Fact], names: dict[str, str]) -> Request:
    """Return one request, from the facts that name it and the letters about it, by time."""
    received = next(each for each in facts if each.type == "request.received")
    data = received.data
    start_text: str = data.get("clock_start") or received.stated
    start = moment(start_text)
    pack = law_on(data.get("regime"), start)
    right = pack.right(data.get("right", "")) if pack else None
    clocks = right.clocks if right else ()
    identity = data.get("identity", "pending")
    proof = next((each for each in facts if each.type == "request.verified"), None)
    stated_due = parsed(data.get("due"))
    begun = Begun(
        data.get("regime"), pack, data.get("jurisdiction"), start, received.time, identity == "pending",
        proof.time if proof else None,
    )  # fmt: skip
    extensions = _extensions(begun, clocks, [each for each in facts if each.type == "request.extended"])
    its = _due(begun, clocks, stated_due, extensions)
    replies = [each for each in facts if each.type == "request.answered"]
    answers = [each for each in replies if is_answer(each.data.get("outcome"))]
    last = answers[-1] if answers else None
    status = OPEN if last is None else REFUSED if last.data.get("outcome") in REFUSALS else ANSWERED
    done = sorted([*replies, *told, *(each for each in facts if _tells(each))], key=lambda each: each.time)
    computed = begun.deadline(clocks[0]).day if clocks else None
    return Request(
        name, names.get(received.subject, received.subject), data.get("regime"), data.get("right"),
        data.get("channel"), list(data.get("categories", [])), received.stated, start_text,
        "verified" if proof else identity, proof.stated if proof else None, status, its.day, its, stated_due,
        None if stated_due is None or computed is None else (stated_due - computed).days, extensions,
        [_further(begun, clock, done) for clock in clocks[1:]],
        last.data.get("outcome") if last else None, last.data.get("reason") if last else None,
        last.data.get("recourse") if last else None, answers[0].stated if answers else None,
        bool(answers) and is_late(its, answers[0].time), last.data.get("account_id") if last else None,
        sorted({each.position for each in (*facts, *told)}),
        any(is_hidden(each, names) for each in facts),
    )  # fmt: skip


def is_answer(outcome: str | None) -> bool:
    """Tell whether an outcome answers a request, and does not only say that it came or takes longer."""
    return outcome not in NO_ANSWERS


class Begun(NamedTuple):
    """What the times of a request are counted from."""

    regime: str | None
    """The law that it is handled under, and its version then."""
    pack: Pack | None
    place: str | None
    """Whose law it names."""
    received: datetime
    dated: datetime
    pending: bool
    """Whether she had to show who she is."""
    proved: datetime | None
    """When she did."""

    def deadline(self, clock: str | None, *, stated: date | None = None, more: Sequence[More] = ()) -> Deadline:
        """Return when one of the law's clocks runs out."""
        its = self.pack.clocks.get(clock) if self.pack and clock else None
        if self.pack is None or clock is None or its is None:
            return deadline(self.pack, None, self.received, stated=stated, regime=self.regime)
        start = self.dated if its.starts in {"request_date", "request"} else self.received
        if its.identity_first and self.pending and self.proved is None:
            return waiting(self.pack, clock, start, self.place)
        proved = self.proved if self.pending else None
        return deadline(self.pack, clock, start, stated=stated, place=self.place, extensions=more, identified=proved)


def _due(begun: Begun, clocks: tuple[str, ...], stated: date | None, extensions: list[Extension]) -> Deadline:
    """Return when the answer is due."""
    told = [each for each in extensions if each.refused not in NOT_COUNTED]
    more = [More(each.days, in_days=True, reason=each.reason) for each in told]
    # What was stated at receipt is no day of what is extended for as long as it takes.
    known = None if any(each.unbounded for each in told) else stated
    found = begun.deadline(clocks[0] if clocks else None, stated=known, more=more)
    for why in dict.fromkeys(each.refused for each in extensions):
        found = said(found, *NOT_COUNTED[why]) if why in NOT_COUNTED else found
    return found


def _extensions(begun: Begun, clocks: tuple[str, ...], facts: list[Fact]) -> list[Extension]:
    """Return more time that was taken, whether the law allows it, and whether the person was told of it in time."""
    its = begun.pack.clocks[clocks[0]] if begun.pack and clocks else None
    allowed = its.extension if its else None
    start = begun.deadline(clocks[0]).start if clocks else None
    most = most_days(its, start) if its and start else None
    used = 0
    found: list[Extension] = []
    for each in facts:
        notice = begun.deadline(allowed.notice if allowed else None)
        noticed, reason = each.data.get("noticed_at"), each.data.get("reason")
        in_time = (
            allowed is None or allowed.notice is None or (noticed is not None and not is_late(notice, moment(noticed)))
        )
        unbounded = allowed is not None and allowed.unbounded(reason) is not None
        refused = None
        if allowed is None:
            refused = None if its is None or its.length is None else UNKNOWN
        elif not allowed.admits(reason):
            refused = NO_GROUND
        elif not unbounded and used >= allowed.times:
            refused = AGAIN
        elif not in_time:
            refused = NOT_TOLD
        counted = allowed is not None and refused is None
        used += counted and not unbounded
        found.append(Extension(
            reason, each.data.get("days"), noticed, notice, counted, in_time, refused, None if unbounded else most,
            unbounded, each.position,
        ))  # fmt: skip
    return found


def _further(begun: Begun, clock: str, done: list[Fact]) -> Further:
    """Return what else a request makes due; a notice, an answer or a letter about it does that."""
    first = next((each for each in done if each.time >= begun.received), None)
    when = None if first is None else first.data.get("noticed_at") or first.stated
    return Further(begun.deadline(clock), when, first.position if first else None)


def _names(informed: Fact, received: Fact) -> bool:
    """Tell whether a letter to the person is about a request."""
    about: dict[str, Any] = informed.data.get("about") or {}
    return (about.get("source"), about.get("id")) == received.name


def _tells(fact: Fact) -> bool:
    """Tell whether more time was taken and the person was told so: she knows then that her request came."""
    return fact.type == "request.extended" and fact.data.get("noticed_at") is not None
