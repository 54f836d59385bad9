"""Which accounts that were issued would be different now?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation
from api.across import BEGINNING, DATE_TIME
from api.paging import Cursor
from api.positions import position
from api.question import Question, ask, following, moment, page_of, recorded, recorded_behind
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import SEALED
from api.subjects import ANSWER, CURSOR, LIMIT, MIN_POSITION, PROBLEMS, plain
from projections import outdated

if TYPE_CHECKING:
    from psycopg import Connection

router = APIRouter(tags=["query"])

NAMES = (outdated.NAME,)


@router.get(
    "/v1/accounts/outdated",
    operation_id="readOutdatedAccounts",
    summary="Which accounts would be different now?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_outdated(
    request: Request,
    since: Annotated[
        str | None, Query(description="Only accounts issued at or after this time.", json_schema_extra=DATE_TIME)
    ] = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return the accounts that would be different had what was recorded since been known, by when they were issued.

    Each names the facts: those that had happened by the time that it tells of and arrived late, and those that void or
    correct what it tells, or join or part her names. As far as is folded: an account stays listed after a newer one.
    """
    question = ask(request, "whosaw:QueryOutdatedAccounts", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    logs = range(len(question.state.ledger.recorders))
    pinned = [position(request, question, log_id, NAMES, None) for log_id in logs]
    after = None
    if place is not None:
        issued, log_id, ended, subject = place.after
        after = outdated.Cursor(datetime.fromisoformat(issued), log_id, ended, UUID(subject))
    wanted = clearance.asked(request, question)
    with question.state.ledger.connection() as connection:
        looked, hidden = _behind(question, connection, pinned) if wanted else ({}, [])
        found, more = outdated.across(
            connection, logs, moment("since", since, BEGINNING), after=after, limit=most, sealed=hidden
        )
    items = [plain(row) for row in found]
    about = [row.subject.hex for row in found]
    if wanted:
        behind = {seal: [each for each in some if each in about] for seal, some in looked.items()}
        recorded_behind(question, {"": about} | behind, count=len(items), categories=())
    else:
        recorded(question, list(dict.fromkeys(about)), count=len(items))
    further = None
    if more is not None:
        ended = [more.issued.isoformat(), more.log_id, more.position, more.subject.hex]
        further = following(request, question, most, Cursor(pinned, ended))
    return rows(request, {"positions": pinned}, items, following=further, kind=kind, columns=outdated.Outdated._fields)


def _behind(
    question: Question, connection: Connection[Any], pinned: list[int]
) -> tuple[dict[str, list[str]], list[outdated.Outdated]]:
    """Return for each seal that the reader is cleared for whom it covers, and what it hides from their accounts."""
    ledger = question.state.ledger
    streams: dict[tuple[int, str], list[str]] = {}
    looked: dict[str, list[str]] = {}
    for each in clearance.register(question, connection):
        owner = ledger.sealed_owner(each.log_id, each.stream)
        if owner is not None and ledger.find(owner.id) is not None:
            streams.setdefault((each.log_id, owner.id), []).append(each.stream)
            looked.setdefault(each.seal, []).append(owner.id)
    hidden = [
        row
        for (log_id, owner), some in streams.items()
        for row in outdated.behind(connection, log_id, owner, some, pinned[log_id])
    ]
    return looked, hidden
