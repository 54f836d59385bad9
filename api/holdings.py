"""What is held on a person, from where, since when, why, and until when."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, sight
from api.access import HOLDS
from api.positions import cursor_at, document_of, pins_of
from api.question import ask, following, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.retention import NAME, rules_of
from api.sight import READ, SEALED, VIEW, seen
from api.subjects import ANSWER, AS_OF, CURSOR, KNOWN_AT, LIMIT, MIN_POSITION, PROBLEMS, VALID_AT, placed, plain
from projections import histories, holdings, retained

router = APIRouter(tags=["query"])


@router.get(
    "/v1/subjects/{subject_id}/holdings",
    operation_id="readHoldings",
    summary="What do we hold on her, why, until when?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_holdings(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return holdings by category, system and source, with purposes, basis, since, and how deletion stands.

    `retention` is until when each may be kept: the rule that decides, what its time runs from, the last day, and
    whether an order forbids to destroy it. A day that is null has not begun to run; without a rule there is no end.
    Which orders forbid it, only a key with `holds:read` is told. Both are said of now; with valid_at, of that time.
    """
    question = ask(request, "whosaw:QueryHoldings", "subjects:read")
    kind, when = accepted(request, JSON, CSV, NDJSON), sight.valid_at(request)
    most, place = page_of(request, question)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, ("holdings", NAME, *READ), place)
    now = when or datetime.now(UTC)
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, when)
        page = holdings.of_person(connection, person, after=place.after[0] if place else None, limit=most)
        people = histories.of_person(connection, person, retained.READ)
        kept = retained.limited(page.rows, people, rules_of(connection, person, now), now)
    named = HOLDS in question.key.scopes
    items = [
        placed(each.holding, each.holding.log_id) | {"retention": plain(retained.limit(each, now, named=named))}
        for each in kept
    ]
    categories = [each.holding.category for each in kept]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=categories)
    further = None
    if page.next is not None:
        further = following(request, question, most, cursor_at(question, pins, [page.next]))
    return rows(request, document_of(question, person, pins), items, following=further, kind=kind)
