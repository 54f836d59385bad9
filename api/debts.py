"""What became of a person's debts: who got them, what she disputed or paid, and whom the company told of that."""

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
from projections import debts

if TYPE_CHECKING:
    from projections.debts import Step

router = APIRouter(tags=["query"])

ITEM = (
    '{"log_id":0,"step":"disclosed","time":"2026-04-19T10:45:00-04:00","recipient":"collections-agency",'
    '"recipient_name":"Recouvrement Les Trois Pins inc.","recipient_address":"88 rang Imaginaire, Laval QC",'
    '"recipient_kind":"whosaw:DebtCollector","recipient_role":"dpv:DataProcessor","categories":["whosaw:DebtRecord"],'
    '"purpose":"sector-finance:DebtManagement","basis":"ca-qc-p39.1:18-9","change":null,"state":null,"due":null,'
    '"outcome":null,"findings":[],"position":812}'
)
EXAMPLES = {
    JSON: f'{{"subject":"{"5f9225d8d6726351" * 2}","log":"whosaw.example/ledger/log0","as_of":4711,"items":[{ITEM}],'
    '"next":null}',
    CSV: "log_id,step,time,recipient\n0,disclosed,2026-04-19T10:45:00-04:00,collections-agency\n",
    NDJSON: ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}


@router.get(
    "/v1/subjects/{subject_id}/debts",
    operation_id="readDebts",
    summary="What became of her debts, and who was told of it?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_debts(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return who received a person's debts, what was disputed or corrected, and whom the company told, oldest first.

    A step is disclosed, disputed, corrected, settled, owed, told or answered; owed is a recipient who is to be told,
    with how that stands: whoever was never told is there, too. A disclosure carries what is not as it should be about
    it, such as that a debt was sold while it was disputed. Who never gave a debt away has no rows.
    """

    def tell(row: Step, log_id: int) -> dict[str, Any]:
        return placed(row, log_id) | {"findings": [brief(each, preferred(request)) for each in row.findings]}

    return answer(request, subject_id, "whosaw:QueryDebts", "disclosures:read", NAMES, debts.of_person, tell)
