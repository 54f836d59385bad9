"""What people asked for: which requests are open, when each answer is due and why then, and how it was answered."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation
from api.paging import Cursor
from api.positions import cursor_at, document_of, pins_of, position, stated
from api.problems import Problem
from api.question import Question, ask, following, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import READ, SEALED, VIEW, seen
from api.subjects import ANSWER, AS_OF, CURSOR, LIMIT, MIN_POSITION, PROBLEMS, categories_of
from projections import requests
from projections.law.calendar import FIRST_YEAR, LAST_YEAR
from projections.pins import Pins

if TYPE_CHECKING:
    from psycopg import Connection

router = APIRouter(tags=["query"])

ITEM: dict[str, Any] = {
    "request": "REQ-1042", "state": "running", "subject": "5f9225d8d6726351d4cdbf642b130516",
    "regime": "whosaw:PIPEDA", "right": "whosaw:Access", "due": "2026-12-01",
    "deadline": {
        "pack": "ca-pipeda", "version": "2018-11", "clock": "access", "day": "2026-12-01",
        "explanation": {
            "en": ["Received on Sunday 1 November 2026 (in America/Toronto); that day is not counted (…).", "…"],
            "fr": ["Réception le dimanche 1er novembre 2026 (America/Toronto) ; ce jour ne compte pas (…).", "…"],
        },
    },
    "positions": [812],
}  # fmt: skip
EXAMPLES = {
    JSON: {"positions": [4711], "now": "2026-11-24T15:00:00+00:00", "items": [ITEM], "next": None},
    CSV: "request,state,subject,regime,right,due\r\nREQ-1042,running,5f9225d8d6726351d4cdbf642b130516,whosaw:PIPEDA,"
    "whosaw:Access,2026-12-01\r\n",
    NDJSON: '{"request":"REQ-1042","state":"running","due":"2026-12-01","positions":[812]}\n',
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
OF_SUBJECT = {"subject": ITEM["subject"], "log": "whosaw.example/ledger/log0", "as_of": 4711}
CONTENT_OF_SUBJECT = CONTENT | {
    JSON: {**ANSWER[JSON], "example": OF_SUBJECT | {"now": EXAMPLES[JSON]["now"], "items": [ITEM], "next": None}}  # type: ignore[index]
}
CODE = "^[A-Za-z0-9_.:/#-]+$"
STATE = Annotated[
    Literal[
        "open",
        "running",
        "due_today",
        "overdue",
        "watched",
        "undated",
        "deemed_refused",
        "extended",
        "answered",
        "refused",
    ]
    | None,
    Query(
        description="open: not answered yet, which all others but the last two are, too. overdue: the last day is over;"
        " deemed_refused: and the law counts silence as a refusal. watched: as soon as feasible, "
        "without a day; undated: neither a law nor the company names one."
    ),
]
AT = Annotated[
    AwareDatetime | None, Query(description="How each stands at this moment, with its offset; now, if none is named.")
]
BEFORE = Annotated[date | None, Query(description="Due before this day.")]
RECORDED = (
    "SELECT convert_from(bytes, 'UTF8')::jsonb ->> 'appended' FROM ledger.entry WHERE log_id = %s AND position = %s"
)


@router.get(
    "/v1/requests",
    operation_id="readRequests",
    summary="Which requests are open, and when is each due?",
    responses=documentation.responses(
        "purpose-required", "bad-cursor", "not-acceptable", "invalid-parameter", "not-yet", content=CONTENT
    ),
)
def read_requests(
    request: Request, state: STATE = None, due_before: BEFORE = None,
    regime: Annotated[str | None, Query(max_length=128, pattern=CODE, description="A law, by its code.")] = None,
    right: Annotated[str | None, Query(max_length=128, pattern=CODE, description="What was asked.")] = None,
    at: AT = None, cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None,
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return requests of everybody by the day on which they are due, with how that day was found.

    It is the newest state; what has no day comes last. A day is the company's own.
    """
    question = ask(request, "whosaw:QueryRequests", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    logs = range(len(question.state.ledger.recorders))
    reached = [position(request, question, log_id, ("requests",), None) for log_id in logs]
    now = moment(at)
    wanted = requests.Filter(state, due_before, regime, right)
    after = requests.Cursor(*place.after) if place else requests.BEGIN
    with question.state.ledger.connection() as connection:
        consulting = clearance.asked(request, question)
        found, more = requests.found(connection, logs, now, wanted, after=after, limit=most)
        if consulting:
            question = question._replace(seals=("",))
            found = [each | {"consultations": _consultations(question, connection, each)} for each in found]
    items = [requests.standing(each, now) for each in found]
    recorded(question, [each["subject"] for each in items], count=len(items), categories=categories_of(items))
    further = following(request, question, most, Cursor(reached, list(more))) if more else None
    document = {"positions": reached, "now": now.isoformat(timespec="seconds")}
    return rows(request, document, items, following=further, kind=kind)


def _consultations(question: Question, connection: Connection[Any], item: dict[str, Any]) -> list[dict[str, Any]]:
    """Return which institutions were asked about a request, as far as the reader is cleared."""
    subject = question.state.ledger.find(item["subject"])
    if subject is None:
        return []
    heads = {log.log_id: log.size for log in question.state.ledger.logs()}
    pins = Pins(subject.log_id, heads[subject.log_id], heads)
    found: list[dict[str, Any]] = []
    for _, sealed in clearance.streams(question, connection, subject, pins):
        known = requests.consultations(connection, sealed.log_id, [sealed.id])
        found += known.get((sealed.id, item["request"]), [])
    return found


@router.get(
    "/v1/subjects/{subject_id}/requests",
    operation_id="readSubjectRequests",
    summary="What did she ask for, and how does it stand?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT_OF_SUBJECT),
)
def read_subject_requests(
    request: Request, subject_id: str, as_of: AS_OF = None, at: AT = None, cursor: CURSOR = None, limit: LIMIT = 100,
    min_position: MIN_POSITION = None, view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return a person's requests, oldest first.

    As of an earlier position, each stands as it stood when that position was recorded.
    """
    question = ask(request, "whosaw:QueryRequests", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, READ, place)
    earlier = pins.at if stated(request, "as_of", len(question.state.ledger.recorders)) else None
    with question.state.ledger.connection() as connection:
        now = moment(at) if at else recorded_at(connection, subject.log_id, earlier)
        question, person = seen(request, question, connection, subject, pins)
        found = requests.of_person(connection, person, consulting=bool(question.seals))
    start = place.after[0] if place else 0
    items = [requests.standing(each, now) for each in found[start : start + most]]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=categories_of(items))
    end = start + most
    further = following(request, question, most, cursor_at(question, pins, [end])) if end < len(found) else None
    document = document_of(question, person, pins) | {"now": now.isoformat(timespec="seconds")}
    return rows(request, document, items, following=further, kind=kind)


def moment(at: datetime | None) -> datetime:
    """Return the moment that is asked about; now, if none is.

    Raises:
        Problem: No calendar here has it.
    """
    if at is not None and not FIRST_YEAR < at.year < LAST_YEAR:
        raise Problem("invalid-parameter", f"at: expected a year between {FIRST_YEAR} and {LAST_YEAR}")
    return at or datetime.now(UTC)


def recorded_at(connection: Connection[Any], log_id: int, as_of: int | None) -> datetime:
    """Return when a position was recorded, if one is asked for; else now."""
    row = connection.execute(RECORDED, (log_id, as_of)).fetchone() if as_of else None
    return datetime.fromisoformat(row[0]) if row else datetime.now(UTC)
