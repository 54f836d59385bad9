"""Which accounts that were issued would be different now?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation, lists, stream
from api.across import BEGINNING, DATE_TIME
from api.question import Question, ask, moment, recorded, recorded_behind
from api.sight import SEALED
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, MIN_POSITION, PROBLEMS, plain
from projections import counting, outdated

if TYPE_CHECKING:
    from psycopg import Connection

router = APIRouter(tags=["query"])


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
    as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None, cursor: CURSOR = None, limit: stream.WHOLE = 100,
    min_position: MIN_POSITION = None, sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return the accounts that would be different had what was recorded since been known, by when they were issued.

    Each names the facts: those that had happened by the time that it tells of and arrived late, and those that void or
    correct what it tells, or join or part her names. As far as is folded: an account stays listed after a newer one.
    As of an earlier position or time, those that would have been different by then. `limit=all` streams all of it.
    """
    question = ask(request, "whosaw:QueryOutdatedAccounts", "disclosures:read")
    asked = lists.asked(request, question, (outdated.NAME,), None)
    begin, wanted = moment("since", since, BEGINNING), clearance.asked(request, question)
    looked, hidden = dict[str, list[str]](), list[outdated.Outdated]()
    if wanted:
        with question.state.ledger.connection() as connection:
            looked, hidden = _behind(question, connection, asked.positions)

    def fetch(
        connection: Connection[Any], after: outdated.Cursor | None, limit: int
    ) -> tuple[list[outdated.Outdated], outdated.Cursor | None]:
        return outdated.across(
            connection, asked.logs, begin, after=after, limit=limit, sealed=hidden, as_of=asked.as_of
        )

    def tell(found: list[outdated.Outdated]) -> list[dict[str, Any]]:
        about = list(dict.fromkeys(row.subject.hex for row in found))
        if wanted:
            behind = {seal: [each for each in some if each in about] for seal, some in looked.items()}
            recorded_behind(question, {"": about} | behind, count=len(found), categories=())
        else:
            recorded(question, about, count=len(found))
        return [plain(row) for row in found]

    def count(connection: Connection[Any]) -> int:
        return counting.issued(connection, asked.logs, begin, hidden, asked.as_of)

    found = stream.Rows(fetch, tell, count)
    return lists.answer(asked, found, _read(asked.after), {}, written=_written, columns=outdated.Outdated._fields)


def _read(after: list[Any] | None) -> outdated.Cursor | None:
    if after is None:
        return None
    issued, log_id, position, subject = after
    return outdated.Cursor(datetime.fromisoformat(issued), log_id, position, UUID(subject))


def _written(place: outdated.Cursor) -> list[Any]:
    """Return a place as a cursor has it."""
    return [place.issued.isoformat(), place.log_id, place.position, place.subject.hex]


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
