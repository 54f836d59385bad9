"""As of when a question is answered: the position of the log that somebody lives in, and of others that she is in.

An answer names its positions. Asked for as of them again, it is the same: `as_of` takes one position, of her own log,
or one of each log. `known_at` takes a time: the answer stands on all that each log had recorded by then.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from threading import BoundedSemaphore
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from api.paging import Cursor
from api.problems import Problem
from api.question import moment
from projections import pins as recorded
from projections import progress, timeline
from projections.pins import Pins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from api.question import Question
    from api.state import State
    from ledger import Subject
    from projections.person import Person

LONGEST_WAIT_SECONDS = 30.0
POLL_SECONDS = 0.01
WAITING = BoundedSemaphore(16)
"""Questions that may wait for a projection at a time."""
WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,3})")
FORM = r"^[0-9]{1,18}(,[0-9]{1,18})*$"


def pins_of(
    request: Request,
    question: Question,
    subject: Subject,
    projections: Sequence[str],
    cursor: Cursor | None = None,
) -> Pins:
    """Return the positions to answer at: those of the page before, those asked for, or the newest.

    Args:
        request: Which may state them.
        question: Its.
        subject: Whom it is about.
        projections: What is read.
        cursor: Of the page before.

    Raises:
        Problem: The answer is not that far yet (a retry helps), or a log is not that long, or a time is not over.
    """
    home, logs, known = subject.log_id, len(question.state.ledger.recorders), known_at(request, question)
    asked = cursor.as_of if cursor is not None else _asked(request, question, known)
    if len(asked) > 1:
        found = {log_id: position(request, question, log_id, projections, at) for log_id, at in enumerate(asked) if at}
        return Pins(home, found.get(home, 0), found, known_at=known)
    at = position(request, question, home, projections, asked[0] if asked else None)
    if not asked and len(stated(request, "min_position", logs)) > 1:
        found = {log_id: position(request, question, log_id, projections, None) for log_id in range(logs)}
        return Pins(home, at, found)
    return Pins(home, at, projections=projections, newest=not asked, known_at=known)


def pins_of_all(
    request: Request, question: Question, projections: Sequence[str], cursor: Cursor | None = None
) -> list[int]:
    """Return the position of each log that an answer across people stands on; else as `pins_of`."""
    logs, known = len(question.state.ledger.recorders), known_at(request, question)
    asked = cursor.as_of if cursor is not None else _asked(request, question, known)
    if asked and len(asked) != logs:
        raise Problem("invalid-parameter", f"as_of: expected {logs} positions with commas: one of each log")
    wanted = asked or [None] * logs
    return [position(request, question, log_id, projections, at) for log_id, at in enumerate(wanted)]


def moment_of_all(request: Request, question: Question, positions: Sequence[int]) -> datetime:
    """Return the moment at which an answer across people stands, by what was recorded up to these positions.

    That is the time by which it is to be known, or when the last of the positions asked for was recorded; else now.
    """
    found = known_at(request, question)
    if found is None and "as_of" in request.query_params:
        return _recorded(question, positions)
    return found or datetime.now(UTC)


def document_of_all(request: Request, question: Question, positions: list[int]) -> dict[str, Any]:
    """Return what an answer across people says of as of when it is."""
    found = known_at(request, question)
    return {"positions": positions} | ({} if found is None else {"known_at": found.isoformat()})


def pins_known(
    request: Request, question: Question, subject: Subject, projections: Sequence[str], when: datetime | None
) -> Pins:
    """Return the positions of all logs as of a time, or the newest; else as `pins_of`."""
    wanted = [None] * len(question.state.ledger.recorders) if when is None else positions_at(question, when)
    found = {log_id: position(request, question, log_id, projections, at) for log_id, at in enumerate(wanted)}
    return Pins(subject.log_id, found[subject.log_id], found, known_at=when)


def known_at(request: Request, question: Question) -> datetime | None:
    """Return the time by which what an answer tells was recorded; None if the question names none.

    Raises:
        Problem: It is none, or is not over (more could still be recorded by then), or positions are named, too.
    """
    text = request.query_params.get("known_at")
    if text is None:
        return None
    if "as_of" in request.query_params:
        raise Problem("invalid-parameter", "known_at, as_of: expected one of them; a time chooses the positions")
    return past(question, "known_at", text)


def past(question: Question, name: str, text: str) -> datetime:
    """Return a time that is over: by the clock, or since something was recorded at it.

    Raises:
        Problem: It is none, or is not over.
    """
    found = moment(name, text, datetime.now(UTC))
    ledger = question.state.ledger
    # Append times never go back, so the clock may be behind them.
    newest = [ledger.head(log_id) for log_id in range(len(ledger.recorders))]
    if found > datetime.now(UTC) and found > _recorded(question, newest):
        raise Problem("invalid-parameter", f"{name}: expected a time that is over; leave it out for what is known now")
    return found


def positions_at(question: Question, when: datetime) -> list[int]:
    """Return the last position of each log that was recorded at or before a time."""
    with question.state.ledger.connection() as connection:
        logs = range(len(question.state.ledger.recorders))
        return [recorded.recorded_by(connection, log_id, when) for log_id in logs]


def _recorded(question: Question, positions: Sequence[int]) -> datetime:
    """Return when the last of the positions, one of each log, was recorded; now if nothing was."""
    with question.state.ledger.connection() as connection:
        found = [timeline.appended(connection, log_id, at) for log_id, at in enumerate(positions)]
    return max((datetime.fromisoformat(each) for each in found if each), default=datetime.now(UTC))


def _asked(request: Request, question: Question, known: datetime | None) -> list[int]:
    if known is not None:
        return positions_at(question, known)
    return stated(request, "as_of", len(question.state.ledger.recorders))


def cursor_at(question: Question, pins: Pins, after: list[Any]) -> Cursor:
    """Return the cursor of the page after this one, which stands on the same positions."""
    logs = len(question.state.ledger.recorders)
    return Cursor(pins.all(logs) if pins.several else [pins.at], after)


def document_of(question: Question, person: Person, pins: Pins) -> dict[str, Any]:
    """Return what an answer says of whom it is about, and as of when: of each log, if she is in several."""
    ledger, subject = question.state.ledger, person.subject
    named: dict[str, Any] = {"subject": subject.id, "log": ledger.keys.signers[subject.log_id].origin, "as_of": pins.at}
    logs = len(ledger.recorders)
    if len(person.logs) > 1 or (pins.known_at is not None and logs > 1):
        named["positions"] = pins.all(logs)
    if pins.known_at is not None:
        named["known_at"] = pins.known_at.isoformat()
    if person.valid_at is not None:
        named["valid_at"] = person.valid_at.isoformat()
    return named


def stated(request: Request, name: str, logs: int) -> list[int]:
    """Return the positions that a parameter states: one, or one of each log; none if it is not there.

    Raises:
        Problem: They are none, or are too many or too few.
    """
    text = request.query_params.get(name)
    if text is None:
        return []
    if not re.fullmatch(FORM, text) or text.count(",") not in {0, logs - 1}:
        raise Problem("invalid-parameter", f"{name}: expected a position, or {logs} with commas: one of each log")
    return [int(part) for part in text.split(",")]


def _least(request: Request, question: Question, log_id: int) -> int:
    """Return the position that has to be seen of a log at least; a single one is of the log that is asked about."""
    asked = stated(request, "min_position", len(question.state.ledger.recorders))
    if not asked:
        return 0
    return asked[0] if len(asked) == 1 else asked[log_id]


def position(request: Request, question: Question, log_id: int, projections: Sequence[str], as_of: int | None) -> int:
    """Return the position to answer at: the one asked for, or the newest that these projections have reached.

    With `min_position` the answer waits for it as long as `Prefer: wait=N` says, so that a service reads its own write.

    Raises:
        Problem: The answer is not that far yet (a retry helps), or the log is not that long.
    """
    wanted = max(as_of or 0, _least(request, question, log_id))
    reached = _reached(question.state, log_id, projections)
    if wanted > reached:
        head = question.state.ledger.head(log_id)
        if wanted > head:
            raise Problem("invalid-parameter", f"expected a position of at most {head}")
        preferred = WAIT.search(request.headers.get("prefer", ""))
        seconds = min(float(preferred[1]), LONGEST_WAIT_SECONDS) if preferred else 0.0
        reached = _wait(question.state, log_id, projections, wanted, seconds)
    return as_of if as_of is not None else reached


def _reached(state: State, log_id: int, projections: Sequence[str]) -> int:
    """Return how far these projections are; without any, what is recorded is all there is to read."""
    if not projections:
        return state.ledger.head(log_id)
    with state.ledger.connection() as connection:
        return progress.reached(connection, log_id, projections)


def _wait(state: State, log_id: int, projections: Sequence[str], wanted: int, seconds: float) -> int:
    """Wait until projections are that far, without keeping a connection; return how far they are.

    Waiting is a preference: while many wait already, nobody else does, so that threads are left for answers.

    Raises:
        Problem: They are not that far. A retry helps.
    """
    if seconds and WAITING.acquire(blocking=False):
        try:
            deadline = monotonic() + seconds
            while monotonic() < deadline:
                reached = _reached(state, log_id, projections)
                if reached >= wanted:
                    return reached
                sleep(POLL_SECONDS)
        finally:
            WAITING.release()
    raise Problem("not-yet", headers={"Retry-After": "1"})
