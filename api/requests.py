"""What people asked for: which requests are open, when each answer is due and why then, and how it was answered."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation, lists, stream
from api.lists import AT, moment, recorded_at
from api.positions import cursor_at, document_of, pins_of, stated
from api.question import Question, ask, following, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import READ, SEALED, VIEW, seen
from api.sight import valid_at as happened_by
from api.subjects import (
    ANSWER,
    AS_OF,
    AS_OF_ALL,
    CURSOR,
    KNOWN_AT,
    LIMIT,
    MIN_POSITION,
    PROBLEMS,
    VALID_AT,
    categories_of,
)
from projections import counting, requests
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
        "deemed_refused",
        "watched",
        "undated",
        "waiting",
        "extended",
        "answered",
        "refused",
    ]
    | None,
    Query(
        description="open: not answered yet, which all others but the last two are, too. overdue: the last day is over;"
        " deemed_refused: and the law counts silence as a refusal. watched: due without delay, on no day; undated: on"
        " no day that is known; waiting: the time begins when the person shows who she is."
    ),
]
BEFORE = Annotated[date | None, Query(description="Due before this day.")]


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
    at: AT = None, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None, cursor: CURSOR = None,
    limit: stream.WHOLE = 100, min_position: MIN_POSITION = None, sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return requests of everybody by the day on which they are due, with how that day was found.

    What is due without delay comes at the day that it began with; what has no day comes last. With `at`, what was
    received later is not there, and what was answered later is still open. With `known_at` or `as_of`, what was
    recorded later is not known. A day is the company's own. `limit=all` streams all of it.
    """
    question = ask(request, "whosaw:QueryRequests", "subjects:read")
    asked = lists.asked(request, question, ("requests",), at)
    now, wanted = asked.now, requests.Filter(state, due_before, regime, right)
    consulting = clearance.asked(request, question)
    if consulting:
        question = question._replace(seals=("",))

    def fetch(
        connection: Connection[Any], after: requests.Cursor | None, limit: int
    ) -> tuple[list[dict[str, Any]], requests.Cursor | None]:
        begin = after or requests.BEGIN
        found, more = requests.found(connection, asked.logs, now, wanted, after=begin, limit=limit, as_of=asked.as_of)
        if consulting:
            found = [each | {"consultations": _consultations(question, connection, each, asked)} for each in found]
        return found, more

    def tell(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        items = [requests.standing(each, now) for each in found]
        recorded(question, [each["subject"] for each in items], count=len(items), categories=categories_of(items))
        return items

    def count(connection: Connection[Any]) -> int:
        return counting.requested(connection, asked.logs, now, wanted, asked.as_of)

    after = requests.Cursor(*asked.after) if asked.after else None
    return lists.answer(asked, stream.Rows(fetch, tell, count), after, {})


def _consultations(
    question: Question, connection: Connection[Any], item: dict[str, Any], asked: lists.Asked
) -> list[dict[str, Any]]:
    """Return which institutions were asked about a request, as far as the reader is cleared."""
    subject = question.state.ledger.find(item["subject"])
    if subject is None:
        return []
    seen = asked.as_of or {log.log_id: log.size for log in question.state.ledger.logs()}
    pins = Pins(subject.log_id, seen[subject.log_id], seen)
    found: list[dict[str, Any]] = []
    for _, sealed in clearance.streams(question, connection, subject, pins):
        known = requests.consultations(connection, sealed.log_id, [sealed.id], asked.now, asked.as_of)
        found += known.get((sealed.id, item["request"]), [])
    return found


@router.get(
    "/v1/subjects/{subject_id}/requests",
    operation_id="readSubjectRequests",
    summary="What did she ask for, and how does it stand?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT_OF_SUBJECT),
)
def read_subject_requests(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    at: AT = None, cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None,
    view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return a person's requests, oldest first.

    As of an earlier position or time, each stands as it stood then, unless `at` names another moment.
    """
    question = ask(request, "whosaw:QueryRequests", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, READ, place)
    earlier = pins.at if stated(request, "as_of", len(question.state.ledger.recorders)) else None
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, happened_by(request))
        then = at or person.valid_at or pins.known_at
        now = moment(then) if then else recorded_at(connection, subject.log_id, earlier)
        found = requests.of_person(connection, person, now, consulting=bool(question.seals))
    start = place.after[0] if place else 0
    items = [requests.standing(each, now) for each in found[start : start + most]]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=categories_of(items))
    end = start + most
    further = following(request, question, most, cursor_at(question, pins, [end])) if end < len(found) else None
    document = document_of(question, person, pins) | {"now": now.isoformat(timespec="seconds")}
    return rows(request, document, items, following=further, kind=kind)
