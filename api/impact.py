"""Whom a change of a policy touches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.across import OPAQUE_ID, place_of, refuse, written
from api.paging import Cursor
from api.positions import known_at as known_by
from api.positions import pins_of_all
from api.problems import Problem
from api.question import ask, following, page_of, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, LIMIT, PROBLEMS, plain
from projections import consenting, impact, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api import paging

router = APIRouter(tags=["query"])

EXAMPLE_ITEM = (
    '{"log_id":0,"position":812,"ordinal":0,"subject":"5f9225d8d6726351d4cdbf642b130516",'
    '"time":"2026-02-01T14:30:00+00:00","stated":"2026-02-01T09:30:00-05:00","version":"2009-05-01",'
    '"mode":"deemed_by_use","cohort":null}'
)
EXAMPLES = {
    JSON: '{"policy":"privacy","version":"2009-05-01","positions":[4711],"totals":{"people":1,"versions":[{"version":'
    f'"2009-05-01","people":1,"modes":{{"deemed_by_use":1}}}}],"lacking":0,"consents":{{"dpv:DirectMarketing":1}}}},"items":[{EXAMPLE_ITEM}],"next":null}}',
    CSV: "log_id,position,ordinal,subject,time,stated,version,mode,cohort\n",
    NDJSON: EXAMPLE_ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
VERSION = Annotated[str | None, Query(max_length=64, pattern=OPAQUE_ID, description="Which version; any by default.")]
PEOPLE = Annotated[
    Literal["agreed", "lacking", "consenting"],
    Query(
        description="lacking: who agreed to another version, and never to this one. consenting: who consents to a "
        "purpose that the version speaks of, or the one in force."
    ),
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
    as_of: AS_OF_ALL = None,
    known_at: KNOWN_AT = None,
    cursor: CURSOR = None,
    limit: LIMIT = 100,
) -> Response:
    """Return who agreed to which version, and how; who was never shown this one, as far as is known; or who consents.

    Deemed assent is never told as express. The first page has totals, with people counted once; `consents` are those to
    each purpose that the version speaks of in codes, as they stand; with `known_at`, as they stood then.
    """
    question = ask(request, "whosaw:QueryPolicyImpact", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    lacking = people == "lacking"
    if lacking and version is None:
        raise Problem("invalid-parameter", "version: expected one with people=lacking")
    positions = pins_of_all(request, question, sorted({*impact.READ, *consenting.READ, *known.READ}), place)
    seen, then = dict(enumerate(positions)), known_by(request, question) or datetime.now(UTC)
    with question.state.ledger.connection() as connection:
        if place is None and not known.policy(connection, policy, None, seen):
            refuse(question, "not-found", "no such policy: none was published by this name, and nobody agreed to one")
        if place is None and version is not None and not known.policy(connection, policy, version, seen):
            refuse(question, "invalid-parameter", "version: expected one that was published or agreed to")
        now = datetime.fromisoformat(place.after[0]) if place and people == "consenting" else then
        purposes = consenting.purposes(connection, policy, version, seen, now)
        found: Sequence[impact.Agreed | consenting.Consenting]
        ended: list[Any] | None
        if people == "consenting":
            where = _read(place)
            found, further_on = consenting.consenting(connection, purposes, seen, now, after=where, limit=most)
            ended = _ended(now, further_on)
        else:
            found, more = impact.agreed(
                connection, policy, version, seen, lacking=lacking, after=place_of(place), limit=most
            )
            ended = written(more) if more else None
        totals: dict[str, Any] | None = None
        if place is None:
            totals = plain(impact.totals(connection, policy, version, seen))
            totals = totals | {"consents": consenting.totals(connection, purposes, seen, now)}
    items = [plain(row) for row in found]
    recorded(question, [row.subject.hex for row in found], count=len(items))
    further = following(request, question, most, Cursor(positions, ended)) if ended else None
    columns = consenting.Consenting._fields if people == "consenting" else impact.Agreed._fields
    document: dict[str, Any] = {"policy": policy, "version": version, "positions": positions, "totals": totals}
    return rows(request, document, items, following=further, kind=kind, columns=columns)


def _read(place: paging.Cursor | None) -> consenting.Place | None:
    """Return where consents go on; the moment at which they must stand comes first in the cursor."""
    if place is None:
        return None
    _, purpose, at, *rest = place.after
    return consenting.Place(purpose, consenting.Cursor(datetime.fromisoformat(at), *rest))


def _ended(now: datetime, place: consenting.Place | None) -> list[Any] | None:
    """Return the same as a page's cursor has it."""
    if place is None or place.cursor is None:
        return None
    return [now.isoformat(), place.purpose, *written(place.cursor)]
