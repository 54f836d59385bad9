"""Questions about one recipient: whose data did it get?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation
from api.paging import Cursor
from api.positions import pins_of_all
from api.question import ask, following, moment, page_of, recorded, recorded_behind
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import SEALED
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, LIMIT, PROBLEMS, categories_of, plain
from projections import recipients

router = APIRouter(tags=["query"])

RECIPIENT_ID = "^[A-Za-z0-9_.:/#-]+$"
"""What an opaque reference may be made of."""

DATE_TIME = {"format": "date-time"}
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)


@router.get(
    "/v1/recipients/{recipient_id:path}/disclosures",
    operation_id="readRecipientDisclosures",
    summary="Whose data did this recipient get?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_recipient(
    request: Request,
    recipient_id: Annotated[
        str, Path(max_length=128, pattern=RECIPIENT_ID, description="The company's own name for it.")
    ],
    since: Annotated[
        str | None, Query(alias="from", description="Happened at or after this time.", json_schema_extra=DATE_TIME)
    ] = None,
    until: Annotated[
        str | None, Query(alias="to", description="Happened before this time.", json_schema_extra=DATE_TIME)
    ] = None,
    as_of: AS_OF_ALL = None,
    known_at: KNOWN_AT = None,
    cursor: CURSOR = None,
    limit: LIMIT = 100,
    sealed: SEALED = "false",
) -> Response:
    """Return everybody whose data this recipient got between two times, oldest first.

    The answer is pinned to one position of each log, and names them. What an order forbids to tell is in it for keys
    that are cleared, and ask for it; for everybody once the order has ended.
    """
    question = ask(request, "whosaw:QueryRecipient", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    pinned = pins_of_all(request, question, ("disclosures",), place)
    after = recipients.Cursor(datetime.fromisoformat(place.after[0]), *place.after[1:]) if place else None
    with question.state.ledger.connection() as connection:
        wanted = clearance.asked(request, question)
        cleared = clearance.every_stream(question, connection) if wanted else []
        found, more = recipients.disclosed_to(
            connection,
            recipient_id,
            moment("from", since, BEGINNING),
            moment("to", until, END),
            dict(enumerate(pinned)),
            after=after,
            limit=most,
            cleared=cleared,
        )
    items = [plain(row) for row in found]
    if wanted:
        # Behind each seal those whom it covers, and behind none of them those who are told openly.
        looked: dict[str, list[str]] = {"": []}
        for row, item in zip(found, items, strict=True):
            person, seal = clearance.behind(question, row) if row.sealed else (item["subject"], "")
            if person is not None:
                item["subject"] = person
                looked.setdefault(seal, []).append(person)
        recorded_behind(question, looked, count=len(items), categories=categories_of(items))
    else:
        recorded(question, [item["subject"] for item in items], count=len(items), categories=categories_of(items))
    further = None
    if more is not None:
        further = following(request, question, most, Cursor(list(pinned), [more.time.isoformat(), *more[1:]]))
    return rows(request, {"recipient": recipient_id, "positions": pinned}, items, following=further, kind=kind)
