"""What the company still owes because of what happened to one person's data. Pure: no database, no clock.

Each recipient who received what was corrected, erased, restricted or is disputed must be told; requests must be
answered; who was disclosed in an emergency must be told of it in writing. Nothing here is stated by anybody: it follows
from facts, and facts discharge it.

Source: GDPR Art. 19; PIPEDA Schedule 1, 4.9.5 and 4.9.6; 11 CCR 7022(b); PIPEDA 7(3)(d.4), (e), 8(4).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.vocabulary.codes import related
from projections import consulted, requested
from projections.changed import TYPES as CHANGED
from projections.changed import changes, copies, to_tell
from projections.deadlines import Deadline, deadline, law_for, law_on
from projections.history import moment
from projections.law.pack import PACKS
from projections.noticed import TYPES as NOTICED
from projections.noticed import Notice, Step, notices
from projections.requested import is_hidden, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from projections.changed import Change, Copy
    from projections.history import Fact, History
    from projections.law.pack import Pack
    from projections.requested import Request

TYPES = tuple(dict.fromkeys((*CHANGED, *NOTICED, *requested.TYPES, *consulted.TYPES)))
"""What obligations follow from."""
RECEIVED = ("data.disclosed", "disclosure.onward_reported")
"""Those that oblige to nothing by themselves, but for what `MARKS` tell."""
TELL, ANSWER, CONFIRM, EXTENSION, INFORM = (
    "tell_recipient", "answer_request", "confirm_request", "extension_notice", "inform_person",
)  # fmt: skip
COMMISSIONER, WITHHOLD = "tell_commissioner", "withhold_disclosure"
"""After an institution's objection: for cleared readers alone."""
REISSUE, ASSESS, REGULATOR, PERSONS, RECORD, DESTROY = (
    "reissue", "assess_incident", "notify_regulator", "notify_persons", "keep_record", "destroy",
)  # fmt: skip
KINDS = (
    TELL,
    ANSWER,
    CONFIRM,
    EXTENSION,
    INFORM,
    COMMISSIONER,
    WITHHOLD,
    REISSUE,
    ASSESS,
    REGULATOR,
    PERSONS,
    RECORD,
    DESTROY,
)
"""Everything that can be owed."""
OPEN, SENT, DISCHARGED = "open", "sent", "discharged"
UNFINISHED = frozenset({OPEN, SENT, "bounced"})
"""States in which something is still to be done."""
UNTOLD = frozenset({OPEN, "bounced"})
"""States in which a recipient was not told, and may be."""
STATES = (OPEN, SENT, DISCHARGED, "refused", "bounced", "impossible", "disproportionate", "standing")
"""standing: it goes on until its day, such as keeping a record."""
DUTY = "inform_person"
"""The clock of telling a person of an emergency disclosure."""
MARKS = (
    '"duty_to_inform":true',
    *sorted({f'"basis":"{ground.code}"' for pack in PACKS for ground in pack.grounds if DUTY in ground.duties}),
)
"""What an entry has that says that she must be told of a disclosure: see `_informing`."""


class Owed(NamedTuple):
    """One thing that is owed, or was."""

    id: str
    """Names it: 16 hexadecimal digits, the same whenever it is computed."""
    kind: str
    """One of KINDS."""
    state: str
    """One of STATES."""
    subject: str | None
    """Whom it is about; None for nobody, or for somebody who is to be forgotten."""
    due: date | None
    """The last day; None when there is no date."""
    deadline: Deadline
    """How that day was found."""
    since: str
    """When it came about: RFC 3339."""
    done: str | None = None
    """When it was discharged, or turned out not to be possible."""
    outcome: str | None = None
    """What came of it, in a code: acknowledged, completed, destroyed, resolved …"""
    justification: str | None = None
    """Why it was refused, impossible or disproportionate."""
    recipient: str | None = None
    """Who is to be told: the company's name for it."""
    recipient_name: str | None = None
    """What it is called."""
    role: str | None = None
    """Its legal role when it received: a debt's buyer is a controller of its own."""
    change: str | None = None
    """What is to be told: rectified, erased, restricted or challenged."""
    categories: list[str] = []  # noqa: RUF012 - never changed
    """Which data."""
    notification: str | None = None
    """The company's name for it, once it gave one."""
    attempts: int = 0
    """How often the recipient was told."""
    contacted: str | None = None
    """When the recipient, or the person, was last told or last answered: RFC 3339."""
    steps: list[Step] = []  # noqa: RUF012 - never changed
    """What was done about it, by time."""
    request: str | None = None
    """The company's name for the request behind it."""
    incident: str | None = None
    """The company's name for the incident behind it."""
    account: str | None = None
    """The account to issue again."""
    stated_due: date | None = None
    """What the company stated as due."""
    positions: list[int] = []  # noqa: RUF012 - never changed
    """Of the entries that brought it about and discharged it, oldest first."""
    sealed: bool = False
    """Whether telling of it is forbidden."""

    @property
    def unfinished(self) -> bool:
        """Whether something is still to be done."""
        return self.state in UNFINISHED

    def after(self, steps: list[Step]) -> Owed:
        """Return how it stood when only the first of its steps had been taken."""
        last = steps[-1] if steps else None
        later = {each.position for each in self.steps} - {each.position for each in steps}
        ended = last if last is not None and last.state not in UNFINISHED else None
        return self._replace(
            state=last.state if last else OPEN, done=ended.time if ended else None,
            outcome=last.outcome if last else None, justification=last.justification if last else None,
            attempts=last.attempts if last else 0, contacted=_contacted(steps), steps=steps,
            positions=[each for each in self.positions if each not in later],
        )  # fmt: skip


class Period(NamedTuple):
    """How one thing that is owed stood for some time: until the next step of it happened."""

    since: datetime
    until: datetime | None
    """None while nothing later has happened, or is dated later."""
    owed: Owed

    def covers(self, at: datetime | None) -> bool:
        """Return whether it stood so at a moment; None for after everything."""
        return self.until is None if at is None else self.since <= at and (self.until is None or at < self.until)


def name_of(*parts: object) -> str:
    """Return the name of an obligation: the same for the same parts."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).hexdigest()


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
    found = [one for each in (*_telling(person), *_informing(person), *_objected(person)) for one in steps_of(each)]
    for since, until, request in requested.periods(person):
        found += [Period(since, until, each) for each in _answering(person.log_id, request)]
    return found


def steps_of(its: Owed) -> list[Period]:
    """Return how one thing that is owed stood, step by step."""
    since = moment(its.since)
    later = sorted({moment(each.time) for each in its.steps if moment(each.time) > since})
    return [
        Period(begins, ends, its.after([each for each in its.steps if moment(each.time) <= begins]) if ends else its)
        for begins, ends in zip([since, *later], [*later, None], strict=True)
    ]


def _contacted(steps: list[Step]) -> str | None:
    """Return when somebody was last told or last answered."""
    return next((each.time for each in reversed(steps) if each.act in {"sent", "answered", "informed"}), None)


def of_notice(notice: Notice, subject: str | None, its: Deadline) -> Owed:
    """Return what is owed by a notice that the company named, whoever it is about.

    Its name follows from the stream that it was recorded in, and so outlives the person.

    Args:
        notice: The notice.
        subject: Who is named.
        its: When it is due.
    """
    return Owed(
        name_of(TELL, notice.fact.subject, notice.notification, notice.recipient), TELL, notice.state, subject, its.day,
        its, notice.since, notice.done, notice.outcome, notice.justification, notice.recipient, notice.name, None,
        notice.change, notice.categories, notice.notification, notice.attempts, _contacted(notice.steps),
        notice.steps, stated_due=notice.due, positions=notice.positions,
    )  # fmt: skip


def _telling(person: History) -> Iterable[Owed]:
    """Yield whom to tell of changes: by the notices that the company named, and where it named none."""
    names = names_of(person)
    regimes = {str(each.data.get("request_id")): each.data.get("regime") for each in person.by_time("request.received")}
    named = notices(person.facts)
    held = copies(person)
    used: set[tuple[str, str]] = set()
    for change in changes(person):
        law = law_for("tell_recipients", change.time, regimes.get(change.request or ""), change.jurisdiction)
        for recipient, gave in to_tell(change, held).items():
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
            place = each.fact.data.get("jurisdiction")
            law = law_for("tell_recipients", each.fact.time, None, place)
            its = deadline(law, "tell_recipients", each.fact.time, stated=each.due, place=place)
            subject = names.get(stream, stream)
            yield of_notice(each, subject, its)._replace(sealed=is_hidden(each.fact, names))


def _in(category: str, named: Iterable[str]) -> bool:
    """Tell whether a category is among some that were named, as it is, narrower or wider."""
    return any(related(category, each) for each in named)


def _about(notice: Notice, change: Change) -> bool:
    """Tell whether a notice is about a change."""
    return notice.change == change.kind and notice.trigger in change.names


def _named(notice: Notice, change: Change, gave: list[Copy], law: Pack | None, names: dict[str, str]) -> Owed:
    """Return what is owed to one recipient by a notice that the company named."""
    its = deadline(law, "tell_recipients", change.time, stated=notice.due, place=change.jurisdiction)
    subject = names.get(notice.fact.subject, notice.fact.subject)
    known = [copy for copy in gave if _in(copy.category, notice.categories)] or gave
    found = of_notice(notice, subject, its)
    gone = _gone(known)
    if found.unfinished and gone is not None:
        steps = sorted([*found.steps, _ended(gone, "destroyed", found.attempts)], key=lambda each: moment(each.time))
        found = found._replace(state=DISCHARGED, outcome="destroyed", done=gone.stated, steps=steps)
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
    its = deadline(law, "tell_recipients", late.time if late else change.time, place=change.jurisdiction)
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
        its = deadline(law or law_for(DUTY, each.time, None, place), DUTY, each.time, place=place)
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
