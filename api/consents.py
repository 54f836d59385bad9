"""What a person consents to, as it stands.

Source: PIPEDA Schedule 1, 4.3.8; GDPR Art. 7(1) and (3).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.paging import Cursor
from api.question import ask, following, moment, number, page_of, position, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import READ, SEALED, VIEW, seen
from api.subjects import ANSWER, AS_OF, CURSOR, LIMIT, MIN_POSITION, PROBLEMS, categories_of, plain
from projections import consents, timeline

router = APIRouter(tags=["query"])

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
VALID_AT = Annotated[
    str | None,
    Query(
        description="As things stood at this time, as far as is known; now by default, and with as_of when that "
        "position was recorded.",
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
    request: Request, subject_id: str, as_of: AS_OF = None, valid_at: VALID_AT = None, cursor: CURSOR = None,
    limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return how each consent stands, purpose by purpose: since when, how it was said, and the entry that decides.

    An empty list of categories, media or recipients stands for all that no other row of the purpose names. Under
    several names, a withdrawal under any of them counts for all.
    """
    question = ask(request, "whosaw:QueryConsents", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    subject = subject_of(question, subject_id)
    pinned = place.as_of[0] if place else number(request, "as_of")
    at = position(request, question, subject.log_id, ("consents", *READ), pinned)
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, at)
        recorded_at = timeline.appended(connection, subject.log_id, at) if pinned is not None else None
        standing = datetime.now(UTC) if pinned is None else datetime.fromisoformat(recorded_at or BEGINNING.isoformat())
        when = datetime.fromisoformat(place.after[1]) if place else moment("valid_at", valid_at, standing)
        page = consents.of_person(connection, person, when, after=place.after[0] if place else None, limit=most)
    items = [plain(row) for row in page.rows]
    recorded(question, [subject.id], count=len(items), as_of=at, categories=categories_of(items))
    further = None
    if page.next is not None:
        further = following(request, question, most, Cursor([at], [page.next, when.isoformat()]))
    origin = question.state.ledger.keys.signers[subject.log_id].origin
    document = {"subject": subject.id, "log": origin, "as_of": at, "valid_at": when.isoformat()}
    return rows(request, document, items, following=further, kind=kind)
