"""A recipient was breached: whose data did it have then? What an incident's register entry counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, stream
from api.across import FROM, RECIPIENT, TO, UNKNOWN_RECIPIENT, place_of, refuse, written
from api.paging import Cursor
from api.positions import document_of_all, pins_of_all
from api.problems import Problem
from api.question import ask, following, moment, page_of, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, PROBLEMS, categories_of, plain
from projections import counting, exposure, known

if TYPE_CHECKING:
    from psycopg import Connection

router = APIRouter(tags=["query"])

EXAMPLES = {
    JSON: '{"recipient":"mail-house","from":"2026-03-01T00:00:00+00:00","to":"2026-03-09T00:00:00+00:00",'
    '"positions":[4711],"totals":{"disclosures":1,"people":{"people":1,"certain":1,"probable":0,"possible":0},'
    '"categories":{"pd:Name":{"people":1,"certain":1,"probable":0,"possible":0}}},"items":[{"log_id":0,"position":812,'
    '"ordinal":0,"subject":"5f9225d8d6726351d4cdbf642b130516","time":"2026-02-01T14:30:00+00:00",'
    '"stated":"2026-02-01T09:30:00-05:00","precision":"exact","certainty":"certain","categories":["pd:Name"],'
    '"deleted":[],"promised":null,"purpose":"dpv:DirectMarketing","mode":"transmitted","cohort":null,"through":null}],'
    '"next":null}',
    CSV: "log_id,position,ordinal,subject,time,stated,precision,certainty,categories,deleted,promised,purpose,mode,"
    "cohort,through\n",
    NDJSON: '{"log_id":0,"position":812,"subject":"5f9225d8d6726351d4cdbf642b130516","certainty":"certain"}\n',
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}


@router.get(
    "/v1/recipients/{recipient_id:path}/exposure",
    operation_id="readRecipientExposure",
    summary="This recipient was breached: whose data did it have?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_exposure(
    request: Request, recipient_id: RECIPIENT, since: FROM = None, until: TO = None, as_of: AS_OF_ALL = None,
    known_at: KNOWN_AT = None, cursor: CURSOR = None, limit: stream.WHOLE = 100,
) -> Response:  # fmt: skip
    """Return whose data it had while it was breached, which, and how sure that is: certain, probable or possible.

    `from` and `to` are when the breach began and ended; both are needed. Data is left out of which it was verified that
    the recipient gave it back or destroyed it before it began (`data.erased` with it as the holder, in the state
    `verified`). What was only done, by anybody's word, makes it probable and stands in `deleted`. A promise not to keep
    it so long makes it probable, too. The first page has the totals, with people counted once. `limit=all` streams all
    of it.
    """
    question = ask(request, "whosaw:QueryExposure", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    whole = stream.wanted(request, kind)
    most, place = (stream.ROWS, None) if whole else page_of(request, question)
    began, ended = moment("from", since, None), moment("to", until, None)
    if ended <= began:
        raise Problem("invalid-parameter", "to: expected a time after from")
    positions = pins_of_all(request, question, (*exposure.READ, *known.READ), place)
    seen = dict(enumerate(positions))
    with question.state.ledger.connection() as connection:
        if place is None and not known.recipient(connection, recipient_id, seen):
            refuse(question, "not-found", UNKNOWN_RECIPIENT)

    def fetch(
        connection: Connection[Any], after: exposure.Cursor | None, limit: int
    ) -> tuple[list[exposure.Exposed], exposure.Cursor | None]:
        return exposure.exposed(connection, recipient_id, began, ended, seen, after=after, limit=limit)

    def tell(found: list[exposure.Exposed]) -> list[dict[str, Any]]:
        items = [plain(row) for row in found]
        recorded(question, [row.subject.hex for row in found], count=len(items), categories=categories_of(items))
        return items

    def count(connection: Connection[Any]) -> int:
        return counting.exposed(connection, recipient_id, began, ended, seen)

    if whole:
        return stream.Stream(question.state.ledger, stream.Rows(fetch, tell, count))
    with question.state.ledger.connection() as connection:
        found, more = fetch(connection, place_of(place), most)
        totals = None if place else exposure.totals(connection, recipient_id, began, ended, seen)
    items = tell(found)
    further = following(request, question, most, Cursor(positions, written(more))) if more else None
    document: dict[str, Any] = {
        "recipient": recipient_id,
        "from": began.isoformat(),
        "to": ended.isoformat(),
        **document_of_all(request, question, positions),
        "totals": plain(totals) if totals else None,
    }
    return rows(request, document, items, following=further, kind=kind, columns=exposure.Exposed._fields)
