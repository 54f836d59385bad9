"""What authorities demanded, as a company may publish it: in bands, a calendar year at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.across import FROM, TO
from api.positions import pins_of_all
from api.problems import Problem
from api.question import ask, moment, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, plain
from projections import demands

router = APIRouter(tags=["query"])

PROBLEMS = ("purpose-required", "invalid-parameter", "not-acceptable", "not-yet")
EXAMPLE_ITEM = (
    '{"category":"court_ordered","requests":"0-100","complied":"0-100","narrowed":"0-100","refused":"0-100",'
    '"challenged":"0-100","people":"101-200"}'
)
EXAMPLES = {
    JSON: '{"year":2025,"banding":{"name":"ised-2015","lowest":100,"step":100},"items":['
    f'{EXAMPLE_ITEM}],"next":null}}',
    CSV: "category,requests,complied,narrowed,refused,challenged,people\n",
    NDJSON: EXAMPLE_ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}


@router.get(
    "/v1/reports/transparency",
    operation_id="readTransparency",
    summary="What authorities demanded in a year, in bands",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_transparency(request: Request, since: FROM = None, until: TO = None) -> Response:
    """Return demands by category, what was decided on them, and how many people they were about, in bands.

    `from` and `to` are one calendar year that is over, in UTC: editions that overlap could be subtracted from one
    another. What an order forbids to tell is not counted until the order ends.
    """
    question = ask(request, "whosaw:QueryTransparency", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    began, ended = moment("from", since, None), moment("to", until, None)
    whole = datetime(began.year, 1, 1, tzinfo=UTC), datetime(min(began.year, 9998) + 1, 1, 1, tzinfo=UTC)
    if (began, ended) != whole or ended > datetime.now(UTC):
        raise Problem("invalid-parameter", "from, to: expected one calendar year that is over, in UTC")
    positions, banding = pins_of_all(request, question, demands.READ), demands.Banding()
    with question.state.ledger.connection() as connection:
        found = demands.report(connection, began.year, dict(enumerate(positions)), banding)
    items = [plain(each) for each in found]
    recorded(question, (), count=len(items))
    # No position is told: two editions that differ in a few entries would say when a band was left.
    return rows(request, {"year": began.year, "banding": plain(banding)}, items, following=None, kind=kind)
