"""What was inferred about a person, and what each inference was made of."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.rendering import CSV, JSON, NDJSON
from api.sight import SEALED, VIEW
from api.subjects import ANSWER, AS_OF, CURSOR, KNOWN_AT, LIMIT, MIN_POSITION, PROBLEMS, VALID_AT, answer
from projections import inferences

router = APIRouter(tags=["query"])

ITEM = (
    '{"log_id":0,"time":"2026-07-22T17:50:00-04:00","categories":["whosaw:FraudScore"],'
    '"purposes":["dpv:FraudPreventionAndDetection"],"basis":"dpv:LegitimateInterest","context":"whosaw:FraudReview",'
    '"system":"fraud-engine","source":"/services/fraud","id":"fraud-1","stated":true,"lineage":[{"depth":1,'
    '"source":"/services/calls","id":"calls-1","known":true,"type":"data.collected","time":"2026-07-22T10:00:00-04:00",'
    '"categories":["pd:CallLog"],"system":"switch","origin":"observed","context":null,"derived_from":[],"since":[],'
    '"log_id":0,"position":811}],"whole":true,"since":[],"position":812}'
)
EXAMPLES = {
    JSON: f'{{"subject":"{"5f9225d8d6726351" * 2}","log":"whosaw.example/ledger/log0","as_of":4711,"items":[{ITEM}],'
    '"next":null}',
    CSV: "log_id,time,categories,source,id\n0,2026-07-22T17:50:00-04:00,[whosaw:FraudScore],/services/fraud,fraud-1\n",
    NDJSON: ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}


@router.get(
    "/v1/subjects/{subject_id}/inferences",
    operation_id="readInferences",
    summary="What was inferred about her, and from what?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_inferences(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return what was inferred about a person, the latest first, each with everything that it was made of.

    `lineage` has each source once, the nearest first, down to what was collected: what it is, which system it is in,
    and whether it was voided, corrected, rectified or erased since. One that is not known among her facts says so, as
    an inference does whose emitter did not say what it was made of. `whole` is false where a bound ended it.
    """
    names = ("holdings",)
    return answer(request, subject_id, "whosaw:QueryInferences", "subjects:read", names, inferences.of_person)
