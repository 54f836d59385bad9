"""Whom a change of a policy touches."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, stream
from api.across import OPAQUE_ID, place_of, refuse, written
from api.paging import Cursor
from api.positions import document_of_all, moment_of_all, pins_of_all
from api.problems import Problem
from api.question import ask, following, page_of, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import valid_at as happened_by
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, PROBLEMS, VALID_AT, plain
from projections import consenting, counting, impact, known

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from api import paging
    from api.question import Question
    from projections import across

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
    valid_at: VALID_AT = None,
    cursor: CURSOR = None,
    limit: stream.WHOLE = 100,
) -> Response:
    """Return who agreed to which version, and how; who was never shown this one, as far as is known; or who consents.

    Deemed assent is never told as express. The first page has totals, with people counted once; `consents` are those to
    each purpose that the version speaks of in codes, as they stand; as of an earlier position or time, as they stood
    then. `limit=all` streams all of it.
    """
    question = ask(request, "whosaw:QueryPolicyImpact", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    whole = stream.wanted(request, kind)
    most, place = (stream.ROWS, None) if whole else page_of(request, question)
    if people == "lacking" and version is None:
        raise Problem("invalid-parameter", "version: expected one with people=lacking")
    positions = pins_of_all(request, question, sorted({*impact.READ, *consenting.READ, *known.READ}), place)
    seen, valid = dict(enumerate(positions)), happened_by(request)
    now = valid or moment_of_all(request, question, positions)
    if place is not None and people == "consenting":
        now = datetime.fromisoformat(place.after[0])
    wanted = impact.Wanted(policy, version, people == "lacking", valid)
    with question.state.ledger.connection() as connection:
        if place is None:
            _refuse_unknown(question, connection, wanted, seen)
        purposes = consenting.purposes(connection, policy, version, seen, now)
    asked = _Asked(wanted, purposes, seen, now, consents=people == "consenting")

    def tell(found: list[Any]) -> list[dict[str, Any]]:
        recorded(question, list(dict.fromkeys(row.subject.hex for row in found)), count=len(found))
        return [plain(row) for row in found]

    if whole:
        answer: stream.Rows[Any, Any] = stream.Rows(asked.fetch, tell, asked.count)
        return stream.Stream(question.state.ledger, answer)
    with question.state.ledger.connection() as connection:
        found, more = asked.fetch(connection, _read(place, people), most)
        totals = None if place else asked.totals(connection)
    items = tell(found)
    further = following(request, question, most, Cursor(positions, _ended(more, now))) if more else None
    columns = consenting.Consenting._fields if people == "consenting" else impact.Agreed._fields
    document: dict[str, Any] = {"policy": policy, "version": version, **document_of_all(request, question, positions)}
    document |= ({} if valid is None else {"valid_at": valid.isoformat()}) | {"totals": totals}
    return rows(request, document, items, following=further, kind=kind, columns=columns)


class _Asked(NamedTuple):
    """What is asked: who agreed, or who consents."""

    wanted: impact.Wanted
    purposes: Sequence[str]
    """Those that the version speaks of."""
    seen: Mapping[int, int]
    now: datetime
    consents: bool

    def fetch(self, connection: Connection[Any], after: Any, limit: int) -> tuple[list[Any], Any]:
        if self.consents:
            return consenting.consenting(connection, self.purposes, self.seen, self.now, after=after, limit=limit)
        return impact.agreed(connection, self.wanted, self.seen, after=after, limit=limit)

    def count(self, connection: Connection[Any]) -> int:
        if self.consents:
            return counting.given(connection, self.purposes, self.seen, self.now)
        return counting.agreed(connection, self.wanted, self.seen)

    def totals(self, connection: Connection[Any]) -> dict[str, Any]:
        consents = consenting.totals(connection, self.purposes, self.seen, self.now)
        return plain(impact.totals(connection, self.wanted, self.seen)) | {"consents": consents}


def _refuse_unknown(
    question: Question, connection: Connection[Any], wanted: impact.Wanted, seen: Mapping[int, int]
) -> None:
    if not known.policy(connection, wanted.policy, None, seen):
        refuse(question, "not-found", "no such policy: none was published by this name, and nobody agreed to one")
    if wanted.version is not None and not known.policy(connection, wanted.policy, wanted.version, seen):
        refuse(question, "invalid-parameter", "version: expected one that was published or agreed to")


def _read(place: paging.Cursor | None, people: str) -> across.Cursor | consenting.Place | None:
    """Return where rows go on; of consents the moment at which they must stand comes first, and then the purpose."""
    if place is None or people != "consenting":
        return place_of(place)
    cursor = place_of(place._replace(after=place.after[2:]))
    return None if cursor is None else consenting.Place(place.after[1], cursor)


def _ended(place: across.Cursor | consenting.Place, now: datetime) -> list[Any]:
    """Return the same as a page's cursor has it."""
    if isinstance(place, consenting.Place):
        return [now.isoformat(), place.purpose, *written(place.cursor)]
    return written(place)
