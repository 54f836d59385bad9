"""What a person consents to, as it stands.

Source: PIPEDA Schedule 1, 4.3.8; GDPR Art. 7(1) and (3).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.positions import cursor_at, document_of, pins_of
from api.question import ask, following, moment, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import READ, SEALED, VIEW, seen
from api.subjects import ANSWER, AS_OF, CURSOR, KNOWN_AT, LIMIT, MIN_POSITION, PROBLEMS, categories_of, plain
from projections import consents, timeline

if TYPE_CHECKING:
    from psycopg import Connection

    from api.paging import Cursor
    from projections.pins import Pins

router = APIRouter(tags=["query"])

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
VALID_AT = Annotated[
    str | None,
    Query(
        description="As things stood at this time, as far as is known; now by default, with as_of when that "
        "position was recorded, and known_at itself.",
        json_schema_extra={"format": "date-time"},
    ),
]


@router.get(
    "/v1/subjects/{subject_id}/consents",
    operation_id="readConsents",
    summary="What does she consent to?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_consents(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return how each consent stands, purpose by purpose: since when, how it was said, and the entry that decides.

    An empty list of categories, media or recipients stands for all that no other row of the purpose names, and a
    category for every kind of it that no other row names. Under several names, a withdrawal under any of them counts
    for all.
    """
    question = ask(request, "whosaw:QueryConsents", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, ("consents", *READ), place)
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins)
        when = _moment(request, connection, pins, place, valid_at)
        page = consents.of_person(connection, person, when, after=place.after[0] if place else None, limit=most)
    items = [plain(row) for row in page.rows]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=categories_of(items))
    further = None
    if page.next is not None:
        further = following(request, question, most, cursor_at(question, pins, [page.next, when.isoformat()]))
    document = document_of(question, person, pins) | {"valid_at": when.isoformat()}
    return rows(request, document, items, following=further, kind=kind)


def _moment(
    request: Request, connection: Connection[Any], pins: Pins, place: Cursor | None, valid_at: str | None
) -> datetime:
    """Return the moment at which consents are shown."""
    if place is not None:
        return datetime.fromisoformat(place.after[1])
    if pins.known_at is not None:
        return moment("valid_at", valid_at, pins.known_at)
    if "as_of" not in request.query_params:
        return moment("valid_at", valid_at, datetime.now(UTC))
    recorded_at = timeline.appended(connection, pins.home, pins.at)
    return moment("valid_at", valid_at, datetime.fromisoformat(recorded_at) if recorded_at else BEGINNING)
