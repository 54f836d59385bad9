"""What may not be kept any longer, of one person and of all: with the rule, the day, and the orders that keep it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, sight
from api.access import HOLDS
from api.forgetting import ORDINARY_REASON
from api.paging import Cursor
from api.positions import document_of, pins_of, position
from api.problems import Problem
from api.question import Question, ask, following, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import READ, SEALED, VIEW, seen
from api.subjects import ANSWER, AS_OF, CURSOR, KNOWN_AT, LIMIT, MIN_POSITION, PROBLEMS, VALID_AT, plain
from projections import derived, history, retained, retention, timeline

router = APIRouter(tags=["retention"])

NAME = retention.RETENTION.name
FIRST = retention.Cursor(date.min, UUID(int=0), -1)
STATE = Annotated[
    Literal["overdue", "due", "asked", "unverified", "endless"],
    Query(
        description="overdue: the last day is over and it is still held. due: the last day is before `due_before`. "
        "asked: its deletion was asked for and not done. unverified: deleted, and nobody checked. endless: no rule "
        "says until when."
    ),
]
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
    rule: NAMED = None, system: NAMED = None, cursor: CURSOR = None, limit: LIMIT = 100,
) -> Response:  # fmt: skip
    """Return what is held on anybody and should not be, as far as is folded; and whether an order forbids to end it.

    Which orders do, only a key with `holds:read` is told.
    Asked for, reported as done, and verified are three states. A day is over when it is over in UTC.
    """
    question = ask(request, "whosaw:QueryRetention", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    if due_before is not None and state != "due":
        raise Problem("invalid-parameter", "due_before: expected together with state=due")
    now = datetime.now(UTC)
    pinned = [position(request, question, log_id, (NAME,), None) for log_id in range(len(_logs(question)))]
    wanted = retention.Wanted(
        "due" if state in {"overdue", "due"} else state,
        (due_before or now.date() + timedelta(days=30)) if state == "due" else now.date(),
        now, rule, system, None if blocked is None else blocked == "true",
    )  # fmt: skip
    begin = place.after[0] if place else 0
    after = (
        retention.Cursor(date.fromisoformat(place.after[1]), UUID(place.after[2]), place.after[3]) if place else FIRST
    )
    found: list[retention.Retained] = []
    with question.state.ledger.connection() as connection:
        for log_id in range(begin, len(pinned)):
            if len(found) <= most:
                found += retention.across(
                    connection, log_id, wanted, after if log_id == begin else FIRST, most + 1 - len(found)
                )
    page, more = found[:most], len(found) > most
    items = [_explained(question, plain(row), now) for row in page]
    recorded(question, list(dict.fromkeys(row.subject.hex for row in page)), count=len(items),
             categories=sorted({row.category for row in page}))  # fmt: skip
    further = None
    if more:
        last = page[-1]
        ended = [last.log_id, (last.due or date.min).isoformat(), last.subject.hex, last.number]
        further = following(request, question, most, Cursor(list(pinned), ended))
    document = {"state": state, "before": wanted.before.isoformat(), "positions": pinned}
    return rows(request, document, items, following=further, kind=kind)


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
    items = [_explained(question, _row(each), now) for each in retention.of_histories(people, registers)]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=[each["category"] for each in items])
    return rows(request, document_of(question, person, pins), items, following=None, kind=kind)


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
