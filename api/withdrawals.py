"""What a person withdrew, since when that counts, and what was used or sent all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.findings import NAMES, brief
from api.language import preferred
from api.rendering import CSV, JSON, NDJSON
from api.sight import SEALED, VIEW
from api.subjects import ANSWER, AS_OF, CURSOR, KNOWN_AT, LIMIT, MIN_POSITION, PROBLEMS, VALID_AT, answer, placed
from projections import withdrawals

if TYPE_CHECKING:
    from projections.withdrawals import Step

router = APIRouter(tags=["query"])

ITEM = (
    '{"log_id":0,"step":"withdrawn","time":"2026-06-10T09:02:00-04:00","effective":"2026-06-10T13:02:00+00:00",'
    '"purposes":["dpv:DirectMarketing"],"categories":[],"channels":["whosaw:Email"],"recipient":null,'
    '"recipient_name":null,"basis":null,"outcome":null,"finding":null,"withdrawal":[0,812],"position":812}'
)
EXAMPLES = {
    JSON: f'{{"subject":"{"5f9225d8d6726351" * 2}","log":"whosaw.example/ledger/log0","as_of":4711,"items":[{ITEM}],'
    '"next":null}',
    CSV: "log_id,step,time,effective\n0,withdrawn,2026-06-10T09:02:00-04:00,2026-06-10T13:02:00+00:00\n",
    NDJSON: ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}


@router.get(
    "/v1/subjects/{subject_id}/withdrawals",
    operation_id="readWithdrawals",
    summary="What did she withdraw, and what was done after it?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_withdrawals(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return a person's withdrawals by when they count, each with what was used or disclosed for it all the same.

    A request for no more marketing is one, from when it must have been obeyed. What came after is found a violation, is
    excused by a waiver, is lawful since she agreed again, or rests on another ground; most often there is nothing.
    `withdrawal` is log and position of the one that a row comes after.
    """

    def tell(row: Step, log_id: int) -> dict[str, Any]:
        found = None if row.finding is None else brief(row.finding, preferred(request))
        return placed(row, log_id) | {"finding": found}

    names = (*NAMES, "consents")
    return answer(request, subject_id, "whosaw:QueryWithdrawals", "subjects:read", names, withdrawals.of_person, tell)
