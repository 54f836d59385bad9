"""The register of orders that forbid telling: for cleared keys alone. What their end obliges to is in `obligations`.

Source: Criminal Code, s. 487.0191; PIPEDA 9(2.4); 45 CFR 164.528(a)(2).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.clearance import SCOPE, register
from api.question import ask, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, plain
from projections import seals

router = APIRouter(tags=["seal"])

PROBLEMS = ("purpose-required", "invalid-parameter", "not-acceptable")
EXAMPLES = {
    JSON: '{"items":[{"seal":"seal-17","log_id":0,"authority":"city-police","ends":null,"state":"endless"}]}',
    CSV: "seal,log_id,authority,ends,state\nseal-17,0,city-police,,endless\n",
    NDJSON: '{"seal":"seal-17","log_id":0,"authority":"city-police","ends":null,"state":"endless"}\n',
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
SOON = timedelta(days=30)
STATE = Annotated[
    Literal["standing", "soon", "endless", "ended"] | None,
    Query(description="standing: in force. soon: ends within 30 days. endless: no end is stated. ended: is over."),
]


@router.get(
    "/v1/seals",
    operation_id="readSeals",
    summary="Which orders forbid telling?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_seals(request: Request, state: STATE = None) -> Response:
    """Return the orders that the key is cleared for, each person's own; the question is sealed like them."""
    question = ask(request, "whosaw:QuerySeals", SCOPE)
    kind, now = accepted(request, JSON, CSV, NDJSON), datetime.now(UTC)
    with question.state.ledger.connection() as connection:
        found = register(question, connection)
    items = [plain(each) | {"state": _state(each, now)} for each in found]
    wanted = [each for each in items if state is None or state in (each["state"], _wider(each["state"]))]
    recorded(question._replace(seals=("",)), (), count=len(wanted))
    return rows(request, {"as_of": now.isoformat()}, wanted, following=None, kind=kind)


def _state(seal: seals.Seal, now: datetime) -> str:
    if seal.over(now):
        return "ended"
    if seal.ends is None:
        return "endless"
    return "soon" if seal.ends <= now + SOON else "standing"


def _wider(state: str) -> str:
    """Return the state that includes this one: what ends soon or never stands."""
    return "standing" if state in {"soon", "endless"} else state
