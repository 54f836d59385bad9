"""Questions about one recipient: whose data did it get?"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.across import BEGINNING, END, FROM, RECIPIENT, TO, moment, pinned, place_of, written
from api.paging import Cursor
from api.question import ask, following, page_of, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, CURSOR, LIMIT, PROBLEMS, categories_of, plain
from projections import recipients

router = APIRouter(tags=["query"])


@router.get(
    "/v1/recipients/{recipient_id:path}/disclosures",
    operation_id="readRecipientDisclosures",
    summary="Whose data did this recipient get?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_recipient(
    request: Request,
    recipient_id: RECIPIENT,
    since: FROM = None,
    until: TO = None,
    cursor: CURSOR = None,
    limit: LIMIT = 100,
) -> Response:
    """Return everybody whose data this recipient got between two times, oldest first.

    The answer is pinned to one position of each log, and names them.
    """
    question = ask(request, "whosaw:QueryRecipient", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    positions = pinned(request, question, ("disclosures",), place)
    with question.state.ledger.connection() as connection:
        found, more = recipients.disclosed_to(
            connection,
            recipient_id,
            moment("from", since, BEGINNING),
            moment("to", until, END),
            dict(enumerate(positions)),
            after=place_of(place),
            limit=most,
        )
    items = [plain(row) for row in found]
    recorded(question, [row.subject.hex for row in found], count=len(items), categories=categories_of(items))
    further = None
    if more is not None:
        further = following(request, question, most, Cursor(positions, written(more)))
    return rows(request, {"recipient": recipient_id, "positions": positions}, items, following=further, kind=kind)
