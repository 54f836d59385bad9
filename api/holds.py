"""What may not be destroyed about a person, and on whose order: in full for the legal desk, yes or no for others."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.forgetting import ORDINARY_REASON, held_by
from api.question import ask, position, recorded, subject_of
from api.rendering import JSON, PRIVATE
from api.subjects import MIN_POSITION, PROBLEMS

router = APIRouter(tags=["erasure"])

EXAMPLE = {"subject": "5f9225d8d6726351d4cdbf642b130516", "as_of": 4711, "held": True, "reason": ORDINARY_REASON}
CONTENT = {JSON: {"schema": {"type": "object"}, "example": EXAMPLE}}
DETAILS = "holds:read"


@router.get(
    "/v1/subjects/{subject_id}/holds",
    operation_id="readHolds",
    summary="What may not be destroyed about her?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_holds(request: Request, subject_id: str, min_position: MIN_POSITION = None) -> Response:
    """Return whether anything holds a person now. Which orders do, only a key with `holds:read` is told.

    The reason given to others is the same for all. An order that must not be told is not among them; it defers a
    destruction for that same reason.
    """
    question = ask(request, "whosaw:QueryHolds", "subjects:read")
    subject = subject_of(question, subject_id)
    at = position(request, question, subject.log_id, ("holds", "identity", "corrections"), None)
    seen = {log.log_id: at if log.log_id == subject.log_id else log.size for log in question.state.ledger.logs()}
    standing = held_by(question.state.ledger, subject, seen, sealed=False)
    document: dict[str, Any] = {
        "subject": subject.id,
        "as_of": at,
        "held": bool(standing),
        "reason": ORDINARY_REASON if standing else None,
    }
    if DETAILS in question.key.scopes:
        document["holds"] = [each._asdict() for each in standing]
    recorded(question, [subject.id], count=1, as_of=at)
    return Response(msgspec.json.encode(document), headers=PRIVATE, media_type=JSON)
