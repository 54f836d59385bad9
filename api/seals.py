"""The register of orders that forbid telling: for cleared keys alone. What their end obliges to is in `obligations`.

Source: Criminal Code, s. 487.0191; PIPEDA 9(2.4); 45 CFR 164.528(a)(2).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, orders
from api.clearance import SCOPE, register_then
from api.positions import document_of_all, moment_of_all, pins_of_all
from api.question import ask, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import valid_at as happened_by
from api.subjects import ANSWER, AS_OF_ALL, KNOWN_AT, VALID_AT, plain

if TYPE_CHECKING:
    from datetime import datetime

    from projections import seals

router = APIRouter(tags=["seal"])

PROBLEMS = ("purpose-required", "invalid-parameter", "not-acceptable", "not-yet")
EXAMPLES = {
    JSON: '{"positions":[4711],"now":"2026-11-24T15:00:00+00:00","items":['
    '{"seal":"seal-17","log_id":0,"authority":"city-police","ends":null,"state":"endless"}],'
    '"next":null}',
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
def read_seals(
    request: Request, state: STATE = None, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None,
    valid_at: VALID_AT = None,
) -> Response:  # fmt: skip
    """Return the orders that the key is cleared for, each person's own; the question is sealed like them.

    As of an earlier position or time, each stands as it stood then: `now` says when.
    """
    question = ask(request, "whosaw:QuerySeals", SCOPE)
    kind, then = accepted(request, JSON, CSV, NDJSON), happened_by(request)
    positions = pins_of_all(request, question, orders.READ)
    now = then or moment_of_all(request, question, positions)
    with question.state.ledger.connection() as connection:
        found = register_then(question, connection, dict(enumerate(positions)), then)
    items = [plain(each) | {"state": _state(each, now)} for each in found]
    wanted = [each for each in items if state is None or state in (each["state"], _wider(each["state"]))]
    recorded(question._replace(seals=("",)), (), count=len(wanted))
    document = document_of_all(request, question, positions) | {"now": now.isoformat()}
    return rows(request, document, wanted, following=None, kind=kind)


def _state(seal: seals.Seal, now: datetime) -> str:
    if seal.over(now):
        return "ended"
    if seal.ends is None:
        return "endless"
    return "soon" if seal.ends <= now + SOON else "standing"


def _wider(state: str) -> str:
    """Return the state that includes this one: what ends soon or never stands."""
    return "standing" if state in {"soon", "endless"} else state
