"""One case from its first entry to its last: what belongs to it, what corrected it, and where each proof is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation
from api.across import refuse
from api.paging import Cursor
from api.positions import document_of_all, pins_of_all
from api.question import ask, following, page_of, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import SEALED
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, LIMIT, PROBLEMS, categories_of, plain
from projections import cases

if TYPE_CHECKING:
    from psycopg import Connection

    from api.question import Question

router = APIRouter(tags=["query"])

EXAMPLE_ITEM = (
    '{"log_id":0,"position":812,"appended":"2026-03-01T14:30:00.123456Z","time":"2026-03-01T09:30:00-05:00",'
    '"type":"request.received","source":"/services/helpdesk","id":"ev-17",'
    '"subject":"5f9225d8d6726351d4cdbf642b130516","cohort":null,"corrected_by":[],'
    '"leaf":"EY2fEiBBJxn9TVOmerOY0iIhKP/MBO5VRYbT94wvln8=",'
    '"actor_kind":"human","actor_role":"whosaw:SupportAgent","system":"helpdesk","purposes":[],"categories":[],'
    '"recipient":null,"recipient_name":null,"outcome":null,"proof":"/v1/logs/0/proofs/inclusion?position=812"}'
)
EXAMPLES = {
    JSON: f'{{"case":"complaint-17","positions":[4711],"items":[{EXAMPLE_ITEM}],"next":null}}',
    CSV: "log_id,position,appended,time,type,source,id,subject,cohort,corrected_by,leaf,actor_kind,actor_role,system,"
    "purposes,categories,recipient,recipient_name,outcome,proof\n",
    NDJSON: EXAMPLE_ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
CASE_ID = r"^[!#-&(-?A-\[\]-_a-~]+$"
"""What an event's id may be made of."""
CASE = Annotated[str, Path(max_length=128, pattern=CASE_ID, description="Names it.")]


@router.get(
    "/v1/cases/{correlation:path}",
    operation_id="readCase",
    summary="Everything that belongs to one case",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_case(
    request: Request, correlation: CASE, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None, cursor: CURSOR = None,
    limit: LIMIT = 100, sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return every entry with this `correlationid`, in the order of recording, with what voids or corrects it.

    Each says who had it in hand (in which role, nobody is named) and in which system, for what, which data, who
    received it, and, of an answer or a decision, what that was. `proof` is where the proof is that its leaf hash is in
    the log. What an order forbids to tell is left out; with `sealed=true` a key that is cleared for it is told how many
    there are, and is recorded behind the seal.
    """
    question = ask(request, "whosaw:QueryCase", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    entitled = clearance.asked(request, question)
    positions = pins_of_all(request, question, cases.READ, place)
    seen = dict(enumerate(positions))
    with question.state.ledger.connection() as connection:
        after = dict(enumerate(place.after)) if place else None
        found, more = cases.of_case(connection, correlation, seen, after=after, limit=most)
        document: dict[str, Any] = {"case": correlation} | document_of_all(request, question, positions)
        if entitled:
            question = question._replace(seals=("",))
            document["withheld"] = cases.withheld(connection, correlation, seen, _cleared(question, connection))
    if place is None and not found and not document.get("withheld"):
        refuse(question, "not-found", "no such case: no entry that may be told names it")
    items = [
        plain(each) | {"proof": f"/v1/logs/{each.log_id}/proofs/inclusion?position={each.position}"} for each in found
    ]
    about = dict.fromkeys(each.subject.hex for each in found if each.subject is not None)
    recorded(question, list(about), count=len(items), categories=categories_of(items))
    further = None
    if more is not None:
        further = following(request, question, most, Cursor(positions, [more[log_id] for log_id in sorted(more)]))
    return rows(request, document, items, following=further, kind=kind)


def _cleared(question: Question, connection: Connection[Any]) -> list[UUID] | None:
    """Return the sealed streams that a key is cleared for; None for all."""
    if clearance.EVERY_AUTHORITY in question.key.scopes:
        return None
    return [UUID(hex=each.stream) for each in clearance.register(question, connection)]
