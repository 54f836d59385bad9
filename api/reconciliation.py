"""What the company declares beside what it is seen to do."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.positions import document_of_all, moment_of_all, pins_of_all
from api.question import ask, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, AS_OF_ALL, KNOWN_AT, plain
from projections import reconciliation

router = APIRouter(tags=["query"])

PROBLEMS = ("purpose-required", "invalid-parameter", "not-acceptable", "not-yet")
EXAMPLE_ITEM = (
    '{"kind":"recipient","name":"mail-house","state":"undeclared","declared_by":[],"facts":12,'
    '"first":"2026-02-01T14:30:00+00:00","last":"2026-11-01T15:00:00+00:00"}'
)
EXAMPLES = {
    JSON: f'{{"positions":[4711],"now":"2026-11-01T17:00:00+00:00","items":[{EXAMPLE_ITEM}],"next":null}}',
    CSV: "kind,name,state,declared_by,facts,first,last\n",
    NDJSON: EXAMPLE_ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
STATE = Annotated[
    Literal["both", "undeclared", "unobserved"] | None,
    Query(description="undeclared: seen, and declared nowhere. unobserved: declared, and never seen."),
]


@router.get(
    "/v1/reconciliation",
    operation_id="readReconciliation",
    summary="What is declared beside what is observed",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_reconciliation(
    request: Request, state: STATE = None, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None
) -> Response:
    """Return systems, recipients, kinds of recipient, purposes and categories: declared, observed, or both.

    Declared is what policies in force, registers and standing agreements say; observed is what facts about data name,
    with how many and from when to when. What an order forbids to tell is not among them. As of an earlier position or
    time, it is what was in force at that moment, `now`.
    """
    question = ask(request, "whosaw:QueryReconciliation", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    positions = pins_of_all(request, question, reconciliation.READ)
    now = moment_of_all(request, question, positions)
    with question.state.ledger.connection() as connection:
        found = reconciliation.compared(connection, dict(enumerate(positions)), now)
    items = [plain(each) for each in found if state in {None, each.state}]
    recorded(question, (), count=len(items))
    document = document_of_all(request, question, positions) | {"now": now.isoformat()}
    return rows(request, document, items, following=None, kind=kind)
