"""Questions about one recipient: whose data did it get?"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation, stream
from api.across import BEGINNING, END, FROM, RECIPIENT, TO, UNKNOWN_RECIPIENT, place_of, refuse, written
from api.paging import MOST_ROWS, Cursor
from api.positions import pins_of_all
from api.question import ask, following, moment, page_of, recorded, recorded_behind
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import SEALED
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, PROBLEMS, categories_of, plain
from projections import known, recipients

router = APIRouter(tags=["query"])


WHOLE = Annotated[
    Annotated[int, Field(ge=1, le=MOST_ROWS)] | Literal["all"],
    Query(description="Most rows of a page; `all` for a stream of the whole answer, as application/x-ndjson."),
]


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
    category: Annotated[str | None, Query(max_length=128, description="Only disclosures of this category.")] = None,
    purpose: Annotated[str | None, Query(max_length=128, description="Only those for this purpose of ours.")] = None,
    as_of: AS_OF_ALL = None,
    known_at: KNOWN_AT = None,
    cursor: CURSOR = None,
    limit: WHOLE = 100,
    sealed: SEALED = "false",
) -> Response:
    """Return everybody whose data this recipient got between two times, oldest first.

    The answer is pinned to one position of each log, and names them. The first page has totals, with people counted
    once in all, for each category and for each purpose. As `application/x-ndjson` with `limit=all` all of it comes as
    one stream; its last line is {"rows": …}, and without that line it is not whole. What an order forbids to tell is
    in it for keys that are cleared, and ask for it; for everybody once the order has ended.
    """
    question = ask(request, "whosaw:QueryRecipient", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    whole = stream.wanted(request, kind)
    most, place = (stream.ROWS, None) if whole else page_of(request, question)
    positions = pins_of_all(request, question, (*recipients.READ, *known.READ), place)
    window = recipient_id, moment("from", since, BEGINNING), moment("to", until, END), dict(enumerate(positions))
    only = recipients.Only(category, purpose)

    with question.state.ledger.connection() as connection:
        behind = clearance.asked(request, question)
        cleared = clearance.every_stream(question, connection) if behind else []
        if place is None and not known.recipient(connection, recipient_id, window[3], cleared):
            refuse(question._replace(seals=("",)) if behind else question, "not-found", UNKNOWN_RECIPIENT)

    def rows_after(after: recipients.Cursor | None) -> tuple[list[dict[str, Any]], recipients.Cursor | None]:
        with question.state.ledger.connection() as connection:
            found, more = recipients.disclosed_to(
                connection, *window, after=after, limit=most, only=only, cleared=cleared
            )
        items = [plain(row) for row in found]
        if not behind:
            recorded(question, [item["subject"] for item in items], count=len(items), categories=categories_of(items))
            return items, more
        # Behind each seal those whom it covers, and behind none of them those who are told openly.
        looked: dict[str, list[str]] = {"": []}
        for row, item in zip(found, items, strict=True):
            person, seal = clearance.behind(question, row) if row.sealed else (item["subject"], "")
            if person is not None:
                item["subject"] = person
                looked.setdefault(seal, []).append(person)
        recorded_behind(question, looked, count=len(items), categories=categories_of(items))
        return items, more

    if whole:
        return stream.answer(rows_after)
    totals = None
    if place is None and kind == JSON:
        with question.state.ledger.connection() as connection:
            totals = plain(recipients.totals(connection, *window, only=only, cleared=cleared))
    items, more = rows_after(place_of(place))
    further = following(request, question, most, Cursor(positions, written(more))) if more else None
    document = {"recipient": recipient_id, "positions": positions, "totals": totals}
    return rows(request, document, items, following=further, kind=kind)
