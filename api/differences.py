"""What somebody would have been told at a time, knowing what was known then; and what tells that from now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, sight
from api.accounts import LANGUAGE
from api.language import preferred
from api.positions import past, pins_known
from api.problems import Problem
from api.question import NAMES, ask, recorded, subject_of
from api.rendering import JSON, PRIVATE, accepted
from api.sight import SEALED, VIEW, seen, view_of
from api.subjects import MIN_POSITION, PROBLEMS, VALID_AT
from ledger.vocabulary import label
from projections.account_difference import Known, told_apart

if TYPE_CHECKING:
    from api.language import Language
    from api.question import Question
    from projections.difference import Change
    from projections.person import Person
    from projections.pins import Pins

router = APIRouter(tags=["report"])

CONTENT = {JSON: {"schema": {"type": "object"}}}
THEN = Annotated[
    str,
    Query(
        description="What was recorded by this time, which must be over, is one account.",
        json_schema_extra={"format": "date-time"},
    ),
]
UNTIL = Annotated[
    str | None,
    Query(
        description="What was recorded by this time is the other account; all that is recorded, by default.",
        json_schema_extra={"format": "date-time"},
    ),
]


@router.get(
    "/v1/subjects/{subject_id}/account/difference",
    operation_id="readAccountDifference",
    summary="What has changed since what we would have told her then?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_difference(
    request: Request, subject_id: str, known_at: THEN, until_known: UNTIL = None, valid_at: VALID_AT = None,
    language: LANGUAGE = None, min_position: MIN_POSITION = None, view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return what was added, removed and changed between the accounts of two times, section by section, and why.

    Each change names the entries that made it, with when they were recorded: what arrived late, happened since, was
    corrected, voided or erased; or by which her names were joined or parted. The accounts themselves are had with
    `known_at`, or with the positions named here.
    """
    question = ask(request, "whosaw:QueryAccountDifference", "subjects:read")
    accepted(request, JSON)
    subject = subject_of(question, subject_id)
    when = past(question, "known_at", known_at)
    until = None if until_known is None else past(question, "until_known", until_known)
    if until is not None and until < when:
        raise Problem("invalid-parameter", "until_known: expected a time that is not before known_at")
    pins = [pins_known(request, question, subject, NAMES, each) for each in (when, until)]
    spoken = language or preferred(request, question.state.settings.language)
    ledger, asked = question.state.ledger, question
    logs = len(ledger.recorders)
    origins = {log_id: each.origin for log_id, each in enumerate(ledger.keys.signers) if log_id != subject.log_id}
    persons: list[Person] = []
    with ledger.connection() as connection:
        for each in pins:
            asked, person = seen(request, asked, connection, subject, each, sight.valid_at(request))
            persons.append(person)
        then, now = (
            Known(person, dict(enumerate(each.all(logs))), each.known_at or datetime.now(UTC))
            for person, each in zip(persons, pins, strict=True)
        )
        found = told_apart(connection, ledger.hashes, then, now, view_of(request, question), spoken, origins)
    items = {name: [_item(change, spoken) for change in some] for name, some in found.items()}
    rows = [row for some in found.values() for change in some for row in (change.then, change.now) if row is not None]
    recorded(asked, [subject.id], count=sum(map(len, items.values())), as_of=pins[1].at, categories=_categories(rows))
    document = {
        "subject": subject.id,
        "log": ledger.keys.signers[subject.log_id].origin,
        "language": spoken,
        "then": _side(question, pins[0]),
        "now": _side(question, pins[1]),
        **({} if persons[0].valid_at is None else {"valid_at": persons[0].valid_at.isoformat()}),
        "sections": items,
    }
    headers = PRIVATE | {"Ledger-Position": str(pins[1].at), "Content-Language": spoken}
    return Response(orjson.dumps(document), headers=headers, media_type=JSON)


def _side(question: Question, pins: Pins) -> dict[str, Any]:
    """Return which positions an account stands on, so that it can be had again."""
    known = None if pins.known_at is None else pins.known_at.isoformat()
    return {"known_at": known, "as_of": pins.at, "positions": pins.all(len(question.state.ledger.recorders))}


def _item(change: Change, language: Language) -> dict[str, Any]:
    return {
        "change": change.kind,
        "then": change.then,
        "now": change.now,
        "because": [
            {
                "why": {"code": each.why, "label": label(each.why, language)},
                "log_id": each.log_id,
                "position": each.position,
                "type": each.type,
                "time": each.time,
                "recorded": each.recorded.isoformat(),
            }
            for each in change.because
        ],
    }


def _categories(rows: list[dict[str, Any]]) -> list[str]:
    """Return the categories of data that rows of accounts show."""
    coded = [*(row["category"] for row in rows if "category" in row)]
    return sorted({each["code"] for each in (*coded, *(one for row in rows for one in row.get("categories", ())))})
