"""Whom a change of a policy touches."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.across import OPAQUE_ID, pinned, place_of, refuse, written
from api.paging import Cursor
from api.problems import Problem
from api.question import ask, following, page_of, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, CURSOR, LIMIT, PROBLEMS, plain
from projections import impact, known

router = APIRouter(tags=["query"])

EXAMPLE_ITEM = (
    '{"log_id":0,"position":812,"ordinal":0,"subject":"5f9225d8d6726351d4cdbf642b130516",'
    '"time":"2026-02-01T14:30:00+00:00","stated":"2026-02-01T09:30:00-05:00","version":"2009-05-01",'
    '"mode":"deemed_by_use","cohort":null}'
)
EXAMPLES = {
    JSON: '{"policy":"privacy","version":"2009-05-01","positions":[4711],"totals":{"people":1,"versions":[{"version":'
    f'"2009-05-01","people":1,"modes":{{"deemed_by_use":1}}}}],"lacking":0}},"items":[{EXAMPLE_ITEM}],"next":null}}',
    CSV: "log_id,position,ordinal,subject,time,stated,version,mode,cohort\n",
    NDJSON: EXAMPLE_ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
VERSION = Annotated[str | None, Query(max_length=64, pattern=OPAQUE_ID, description="Which version; any by default.")]
PEOPLE = Annotated[
    Literal["agreed", "lacking"], Query(description="lacking: who agreed to another version, and never to this one.")
]


@router.get(
    "/v1/policies/{policy}/impact",
    operation_id="readPolicyImpact",
    summary="Whom does a change of this policy touch?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_impact(
    request: Request,
    policy: Annotated[str, Path(max_length=64, pattern=OPAQUE_ID, description="The company's own name for it.")],
    version: VERSION = None,
    people: PEOPLE = "agreed",
    cursor: CURSOR = None,
    limit: LIMIT = 100,
) -> Response:
    """Return who agreed to which version, and how; or who was never shown this one, as far as is known.

    Deemed assent is never told as express. The first page has totals, with people counted once.
    """
    question = ask(request, "whosaw:QueryPolicyImpact", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    lacking = people == "lacking"
    if lacking and version is None:
        raise Problem("invalid-parameter", "version: expected one with people=lacking")
    positions = pinned(request, question, (*impact.READ, *known.READ), place)
    as_of = dict(enumerate(positions))
    with question.state.ledger.connection() as connection:
        if place is None and not known.policy(connection, policy, None, as_of):
            refuse(question, "not-found", "no such policy: none was published by this name, and nobody agreed to one")
        if place is None and version is not None and not known.policy(connection, policy, version, as_of):
            refuse(question, "invalid-parameter", "version: expected one that was published or agreed to")
        found, more = impact.agreed(
            connection, policy, version, as_of, lacking=lacking, after=place_of(place), limit=most
        )
        totals = plain(impact.totals(connection, policy, version, as_of)) if place is None else None
    items = [plain(row) for row in found]
    recorded(question, [row.subject.hex for row in found], count=len(items))
    further = following(request, question, most, Cursor(positions, written(more))) if more else None
    document: dict[str, Any] = {"policy": policy, "version": version, "positions": positions, "totals": totals}
    return rows(request, document, items, following=further, kind=kind)
