"""One thing that the company owes: what it is, and how it stood from one step of it to the next. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from projections.history import moment

if TYPE_CHECKING:
    from datetime import date, datetime

    from projections.deadlines import Deadline
    from projections.noticed import Notice, Step

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
