"""Questions about one recipient: whose data did it get?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation, stream
from api.across import BEGINNING, END, FROM, RECIPIENT, TO, UNKNOWN_RECIPIENT, place_of, refuse, written
from api.paging import Cursor
from api.positions import document_of_all, pins_of_all
from api.question import ask, following, moment, page_of, recorded, recorded_behind
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import SEALED
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, PROBLEMS, categories_of, plain
from projections import known, recipients

if TYPE_CHECKING:
    from psycopg import Connection

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
    category: Annotated[str | None, Query(max_length=128, description="Only disclosures of this category.")] = None,
    purpose: Annotated[str | None, Query(max_length=128, description="Only those for this purpose of ours.")] = None,
    as_of: AS_OF_ALL = None,
    known_at: KNOWN_AT = None,
    cursor: CURSOR = None,
    limit: stream.WHOLE = 100,
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

    def fetch(
        connection: Connection[Any], after: recipients.Cursor | None, limit: int
    ) -> tuple[list[recipients.Received], recipients.Cursor | None]:
        return recipients.disclosed_to(connection, *window, after=after, limit=limit, only=only, cleared=cleared)

    def tell(found: list[recipients.Received]) -> list[dict[str, Any]]:
        items = [plain(row) for row in found]
        if not behind:
            recorded(question, [item["subject"] for item in items], count=len(items), categories=categories_of(items))
            return items
        # Behind each seal those whom it covers, and behind none of them those who are told openly.
        looked: dict[str, list[str]] = {"": []}
        for row, item in zip(found, items, strict=True):
            person, seal = clearance.behind(question, row) if row.sealed else (item["subject"], "")
            if person is not None:
                item["subject"] = person
                looked.setdefault(seal, []).append(person)
        recorded_behind(question, looked, count=len(items), categories=categories_of(items))
        return items

    def totals_of(connection: Connection[Any]) -> recipients.Totals:
        return recipients.totals(connection, *window, only=only, cleared=cleared)

    def count(connection: Connection[Any]) -> int:
        return totals_of(connection).receipts

    if whole:
        return stream.Stream(question.state.ledger, stream.Rows(fetch, tell, count))
    with question.state.ledger.connection() as connection:
        found, more = fetch(connection, place_of(place), most)
        totals = plain(totals_of(connection)) if place is None and kind == JSON else None
    items = tell(found)
    further = following(request, question, most, Cursor(positions, written(more))) if more else None
    document = {"recipient": recipient_id} | document_of_all(request, question, positions) | {"totals": totals}
    return rows(request, document, items, following=further, kind=kind, columns=recipients.Received._fields)
