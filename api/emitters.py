"""Which emitters went silent, or left holes in their own count?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.positions import document_of_all, moment_of_all, pins_of_all
from api.question import ask, number, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, AS_OF_ALL, KNOWN_AT, plain
from projections import emitters

router = APIRouter(tags=["query"])

PROBLEMS = ("purpose-required", "invalid-parameter", "not-acceptable", "not-yet")
EXAMPLES = {
    JSON: '{"positions":[4711],"now":"2026-11-01T17:00:00+00:00","mismatches":[],"items":['
    '{"source":"/services/billing","entries":810,'
    '"first":"2026-01-01T05:00:00+00:00","last":"2026-11-01T15:00:00+00:00","silent_seconds":7200,'
    '"usual_seconds":3600,"silent":true,"first_number":1,"last_number":812,"missing":2,'
    '"holes":[{"first":7,"last":8}],"mismatches":[]}],"next":null}',
    CSV: "source,entries,first,last,silent_seconds,usual_seconds,silent,first_number,last_number,missing,holes\n",
    NDJSON: '{"source":"/services/billing","entries":810,"silent":true,"missing":2}\n',
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
SILENT_AFTER = Annotated[
    int | None, Query(ge=1, description="Seconds after which an emitter is silent; what is usual for it by default.")
]


@router.get(
    "/v1/emitters",
    operation_id="readEmitters",
    summary="Which emitters went silent, or have gaps?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_emitters(
    request: Request, silent_after: SILENT_AFTER = None, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None
) -> Response:
    """Return how each emitter stands: when it was last heard, and which of its own numbers have not arrived.

    An emitter is silent once it rests for longer than it ever did in three months. A mismatch that a comparison with
    its own record found stands beside it. As of an earlier position or time, each is judged at that moment, `now`.
    """
    question = ask(request, "whosaw:QueryEmitters", "integrity:read")
    kind, seconds = accepted(request, JSON, CSV, NDJSON), number(request, "silent_after")
    positions = pins_of_all(request, question, emitters.READ)
    now = moment_of_all(request, question, positions)
    with question.state.ledger.connection() as connection:
        found, others = emitters.emitters(
            connection,
            dict(enumerate(positions)),
            now,
            None if seconds is None else timedelta(seconds=min(seconds, 10**9)),
        )
    items = [plain(each) for each in found]
    recorded(question, (), count=len(items))
    document = document_of_all(request, question, positions) | {
        "now": now.isoformat(),
        "mismatches": [plain(each) for each in others],
    }
    return rows(request, document, items, following=None, kind=kind)
