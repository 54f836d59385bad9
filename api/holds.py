"""What may not be destroyed about a person, and on whose order: in full for the legal desk, yes or no for others."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.access import HOLDS
from api.forgetting import ORDINARY_REASON, held_by
from api.positions import position
from api.question import ask, recorded, subject_of
from api.rendering import JSON, PRIVATE
from api.subjects import MIN_POSITION, PROBLEMS
from projections import progress

router = APIRouter(tags=["erasure"])

EXAMPLE = {"subject": "5f9225d8d6726351d4cdbf642b130516", "as_of": 4711, "held": True, "reason": ORDINARY_REASON}
CONTENT = {JSON: {"schema": {"type": "object"}, "example": EXAMPLE}}
READ = ("holds", "identity", "corrections")


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
    at = position(request, question, subject.log_id, READ, None)
    with question.state.ledger.connection() as connection:
        logs = range(len(question.state.ledger.recorders))
        seen = {log_id: progress.reached(connection, log_id, READ) for log_id in logs} | {subject.log_id: at}
    standing = held_by(question.state.ledger, subject, seen, sealed=False)
    document: dict[str, Any] = {
        "subject": subject.id,
        "as_of": at,
        "held": bool(standing),
        "reason": ORDINARY_REASON if standing else None,
    }
    if HOLDS in question.key.scopes:
        document["holds"] = [each._asdict() for each in standing]
    recorded(question, [subject.id], count=1, as_of=at)
    return Response(msgspec.json.encode(document), headers=PRIVATE, media_type=JSON)
