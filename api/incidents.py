"""What may be an incident: whose record held what was never about them, and who may have seen it there."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation
from api.positions import document_of_all, pins_of_all
from api.question import ask, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import SEALED
from api.subjects import ANSWER, AS_OF_ALL, KNOWN_AT
from projections import incidents

router = APIRouter(tags=["query"])

PROBLEMS = ("purpose-required", "invalid-parameter", "not-acceptable", "not-yet")
EXAMPLES = {
    JSON: '{"positions":[4711],"items":[{"log_id":0,"position":812,"type":"data.disclosed",'
    '"stated":"2026-03-01T09:30:00-05:00","subjects":["5f9225d8d6726351d4cdbf642b130516"],"corrected":4700,'
    '"corrected_log":0,"voided":"2026-11-02T10:00:00-05:00","accounts":["account-0123456789abcdef"],"looks":3,"seals":[]}],"next":null}',
    CSV: "log_id,position,type,stated,subjects,corrected,corrected_log,voided,accounts,looks,seals\n",
    NDJSON: '{"log_id":0,"position":812,"type":"data.disclosed","corrected":4700,"accounts":[],"looks":3}\n',
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
READ = ("corrections", "identity", "views")


@router.get(
    "/v1/incidents/possible",
    operation_id="readPossibleIncidents",
    summary="Whose record held what was never about them?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_possible(
    request: Request, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None, sealed: SEALED = "false"
) -> Response:
    """Return every fact that was voided because it was about the wrong person, and who may have been told it.

    One is no longer listed once its voiding is voided, or the person is forgotten.
    """
    question = ask(request, "whosaw:QueryIncidents", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    pinned = pins_of_all(request, question, READ)
    with question.state.ledger.connection() as connection:
        cleared = list[str]()
        if clearance.asked(request, question):
            cleared = [each.seal for each in clearance.register(question, connection)]
            question = question._replace(seals=("",))
        everything = bool(question.seals) and clearance.EVERY_AUTHORITY in question.key.scopes
        found = incidents.possible(
            connection, question.state.ledger.hashes, dict(enumerate(pinned)), None if everything else cleared
        )
    items = [each._asdict() for each in found]
    about = dict.fromkeys(subject for each in found for subject in each.subjects)
    recorded(question, list(about), count=len(items))
    return rows(request, document_of_all(request, question, pinned), items, following=None, kind=kind)
