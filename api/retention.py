"""What may not be kept any longer, of one person and of all: with the rule, the day, and the orders that keep it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, sight, stream
from api.access import HOLDS
from api.across import refuse
from api.forgetting import ORDINARY_REASON
from api.paging import Cursor
from api.positions import document_of, pins_of, position
from api.problems import Problem
from api.question import Question, ask, following, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import READ, SEALED, VIEW, seen
from api.subjects import ANSWER, AS_OF, CURSOR, KNOWN_AT, MIN_POSITION, PROBLEMS, VALID_AT, plain
from projections import counting, derived, history, known, retained, retention, timeline

if TYPE_CHECKING:
    from psycopg import Connection

router = APIRouter(tags=["retention"])

NAME = retention.RETENTION.name
STATE = Annotated[
    Literal["unproven", "overdue", "due", "asked", "unverified", "deleted", "verified", "endless"],
    Query(
        description="unproven: the last day is over, and it is not verified that it is gone: it is still held, or its "
        "deletion was asked for, or reported as done. overdue: the last day is over and it is still held. due: the "
        "last day is before `due_before`. asked: its deletion was asked for and not done. deleted, unverified: "
        "reported as done, and nobody checked. verified: somebody else checked. endless: no rule says until when."
    ),
]
WHICH = {"overdue": "due", "unverified": "deleted"}
"""What a state is called among the statements, where that is not its name."""
BLOCKED = Annotated[
    Literal["true", "false"] | None, Query(description="Only what an order forbids to destroy now, or only the rest.")
]
DAY = Annotated[date | None, Query(description="With state=due: the first day that is not asked for.")]
NAMED = Annotated[str | None, Query(max_length=128)]


@router.get(
    "/v1/retention",
    operation_id="readRetention",
    summary="What is past its time, and what keeps it?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_retention(
    request: Request, state: STATE = "overdue", due_before: DAY = None, blocked: BLOCKED = None,
    rule: NAMED = None, system: NAMED = None, cursor: CURSOR = None, limit: stream.WHOLE = 100,
) -> Response:  # fmt: skip
    """Return what is held on anybody and should not be, as far as is folded; and whether an order forbids to end it.

    Which orders do, only a key with `holds:read` is told.
    Asked for, reported as done, and verified are three states. A day is over when it is over in UTC. Those rules count
    that are in force now; for what is due before a later day, those that will be when it begins.
    """
    question = ask(request, "whosaw:QueryRetention", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    whole = stream.wanted(request, kind)
    most, place = (stream.ROWS, None) if whole else page_of(request, question)
    if due_before is not None and state != "due":
        raise Problem("invalid-parameter", "due_before: expected together with state=due")
    now = datetime.now(UTC)
    pinned = [position(request, question, log_id, (NAME,), None) for log_id in range(len(_logs(question)))]
    wanted = retention.Wanted(
        WHICH.get(state, state),
        (due_before or now.date() + timedelta(days=30)) if state == "due" else now.date(),
        now, rule, system, None if blocked is None else blocked == "true",
    )  # fmt: skip
    with question.state.ledger.connection() as connection:
        if rule is not None and not known.retention_rule(connection, rule, range(len(pinned))):
            refuse(question, "invalid-parameter", "rule: expected one that was set, or stated")

    def fetch(
        connection: Connection[Any], after: retention.Retained | None, limit: int
    ) -> tuple[list[retention.Retained], retention.Retained | None]:
        return _page(connection, len(pinned), wanted, _place(after), limit)

    def tell(page: list[retention.Retained]) -> list[dict[str, Any]]:
        recorded(question, list(dict.fromkeys(row.subject.hex for row in page)), count=len(page),
                 categories=sorted({row.category for row in page}))  # fmt: skip
        return [_explained(question, plain(row), now) for row in page]

    def count(connection: Connection[Any]) -> int:
        return counting.kept(connection, range(len(pinned)), wanted)

    if whole:
        return stream.Stream(question.state.ledger, stream.Rows(fetch, tell, count))
    begin = BEGIN
    if place is not None:
        log_id, day, subject, number = place.after
        begin = log_id, retention.Cursor(date.fromisoformat(day), UUID(subject), number)
    with question.state.ledger.connection() as connection:
        found, last = _page(connection, len(pinned), wanted, begin, most)
    items = tell(found)
    further = None
    if last is not None:
        log_id, at = _place(last)
        ended = [log_id, at.day.isoformat(), at.subject.hex, at.number]
        further = following(request, question, most, Cursor(list(pinned), ended))
    document = {"state": state, "before": wanted.before.isoformat(), "positions": pinned}
    return rows(request, document, items, following=further, kind=kind, columns=_columns(question))


@router.get(
    "/v1/subjects/{subject_id}/retention",
    operation_id="readSubjectRetention",
    summary="Until when may each thing on her be kept?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_subject_retention(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    min_position: MIN_POSITION = None, view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return each thing that is or was held on a person, the rule that limits it, and whether an order prolongs it.

    Which orders do, only a key with `holds:read` is told.
    What is over, and which orders stand, is said of now; with valid_at, of that time.
    """
    question = ask(request, "whosaw:QueryRetention", "subjects:read")
    kind, when = accepted(request, JSON, CSV, NDJSON), sight.valid_at(request)
    now = when or datetime.now(UTC)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, (NAME, *READ))
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, when)
        known = timeline.appended(connection, subject.log_id, pins.at)
        until = datetime.fromisoformat(known) if known is not None else now
        registers = derived.registered(connection, NAME, subject.log_id, pins.at, until)
        people = history.of_person(connection, person, retained.READ)
    items = [_explained(question, _row(each), now) for each in retention.of_histories(people, registers, now)]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=[each["category"] for each in items])
    return rows(request, document_of(question, person, pins), items, following=None, kind=kind)


BEGIN = 0, retention.FIRST


def _page(
    connection: Connection[Any], logs: int, wanted: retention.Wanted, begin: tuple[int, retention.Cursor], most: int
) -> tuple[list[retention.Retained], retention.Retained | None]:
    """Return rows of one log after the other, and the one to go on after."""
    found: list[retention.Retained] = []
    for log_id in range(begin[0], logs):
        if len(found) <= most:
            after = begin[1] if log_id == begin[0] else retention.FIRST
            found += retention.across(connection, log_id, wanted, after, most + 1 - len(found))
    return found[:most], found[most - 1] if len(found) > most else None


def _place(row: retention.Retained | None) -> tuple[int, retention.Cursor]:
    """Return the log and the place of a row; before every row, if there is none."""
    return BEGIN if row is None else (row.log_id, retention.Cursor(row.due or date.min, row.subject, row.number))


def _logs(question: Any) -> Any:
    return question.state.ledger.recorders


def _row(each: retained.Kept) -> dict[str, Any]:
    holding, due = each.holding, each.due
    return {
        "category": holding.category,
        "system": holding.system,
        "purposes": holding.purposes,
        "since": holding.since,
        "last": holding.last,
        "state": holding.state,
        "rule": due and due.rule,
        "trigger": due and due.trigger,
        "start": due and due.start and due.start.isoformat(),
        "due": due and due.day and due.day.isoformat(),
        "action": due and due.action,
        "rules": retention.rules_of(each),
        "holds": retention.holds_of(each),
        "deletions": [step._asdict() for step in holding.deletions],
        "positions": holding.positions,
    }


def _columns(question: Question) -> tuple[str, ...]:
    """Return the members of a row, as this key is told them."""
    every = (*retention.Retained._fields, "overdue", "blocked", "reason", "blocked_by")
    return (
        every if HOLDS in question.key.scopes else tuple(each for each in every if each not in {"holds", "blocked_by"})
    )


def _explained(question: Question, row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return a row with what follows from when it is asked: whether its time is over, and whether an order stands now.

    Which orders do and did, only a key that may read holds is told.
    """
    over = (
        row["due"] is not None
        and row["due"] < now.date().isoformat()
        and row["state"] in {"held", "deletion_requested"}
    )
    standing = [
        hold["hold"]
        for hold in row["holds"]
        if datetime.fromisoformat(hold["starts"]) <= now
        and (hold["ends"] is None or datetime.fromisoformat(hold["ends"]) > now)
    ]
    told = row | {"overdue": over, "blocked": bool(standing), "reason": ORDINARY_REASON if standing else None}
    if HOLDS in question.key.scopes:
        return told | {"blocked_by": standing}
    del told["holds"]
    return told
