"""Questions about one recipient: whose data did it get?"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.paging import Cursor
from api.problems import Problem
from api.question import ask, following, page_of, position, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, CURSOR, LIMIT, PROBLEMS, categories_of, plain
from projections import recipients

router = APIRouter(tags=["query"])

RECIPIENT_ID = "^[A-Za-z0-9_.:/#-]+$"
"""What an opaque reference may be made of."""

DATE_TIME = {"format": "date-time"}
RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
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
    cursor: CURSOR = None,
    limit: LIMIT = 100,
) -> Response:
    """Return everybody whose data this recipient got between two times, oldest first.

    The answer is pinned to one position of each log, and names them.
    """
    question = ask(request, "whosaw:QueryRecipient", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    logs = range(len(question.state.ledger.recorders))
    pinned = place.as_of if place else [position(request, question, log_id, ("disclosures",), None) for log_id in logs]
    after = recipients.Cursor(datetime.fromisoformat(place.after[0]), *place.after[1:]) if place else None
    with question.state.ledger.connection() as connection:
        found, more = recipients.disclosed_to(
            connection,
            recipient_id,
            time_of("from", since, BEGINNING),
            time_of("to", until, END),
            dict(enumerate(pinned)),
            after=after,
            limit=most,
        )
    items = [plain(row) for row in found]
    recorded(question, [row.subject.hex for row in found], count=len(items), categories=categories_of(items))
    further = None
    if more is not None:
        further = following(request, question, most, Cursor(list(pinned), [more.time.isoformat(), *more[1:]]))
    return rows(request, {"recipient": recipient_id, "positions": pinned}, items, following=further, kind=kind)


def time_of(name: str, text: str | None, otherwise: datetime) -> datetime:
    """Return a time as RFC 3339 writes it. Source: RFC 3339, 5.6."""
    if text is None:
        return otherwise
    if RFC3339.fullmatch(text):
        with suppress(ValueError, OverflowError):
            # In UTC at once: at either end of the calendar there may be no such time.
            return datetime.fromisoformat(text).astimezone(UTC)
    raise Problem("invalid-parameter", f"{name}: expected a time with its offset, such as 2026-11-01T00:00:00-05:00")
