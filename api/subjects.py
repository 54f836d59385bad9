"""Questions about one person: who she is to us, who received her data, who looked, what happened."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import body, documentation
from api.access import ASKERS, HOLDS
from api.language import preferred
from api.positions import FORM, cursor_at, document_of, pins_of
from api.problems import Problem
from api.question import Question, ask, following, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, PRIVATE, accepted, rows
from api.sight import READ, SEALED, VIEW, seen, valid_at
from api.state import state_of
from api.strict_json import check
from ledger import Reference
from projections import disclosures, queries, releases, timeline, views
from projections.account import STATEMENT
from projections.person import rows as rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from projections.person import Person
    from projections.projection import Page

router = APIRouter(tags=["query"])

PROBLEMS = ("purpose-required", "bad-cursor", "not-found", "not-acceptable", "invalid-parameter", "not-yet")
ANSWER = {
    JSON: {"schema": {"type": "object"}},
    CSV: {"schema": {"type": "string"}},
    NDJSON: {"schema": {"type": "string"}},
}
AS_OF = Annotated[
    str | None,
    Query(
        pattern=FORM,
        description="Answer as of this position of the log that she is in, or of one position of each log, with "
        "commas; the newest by default.",
    ),
]
AS_OF_ALL = Annotated[
    str | None,
    Query(pattern=FORM, description="Answer as of one position of each log, with commas; the newest by default."),
]
KNOWN_AT = Annotated[
    str | None,
    Query(
        description="Answer with what was recorded by this time, which must be over; instead of as_of. The answer "
        "names the positions that it stands on.",
        json_schema_extra={"format": "date-time"},
    ),
]
VALID_AT = Annotated[
    str | None,
    Query(
        description="Answer with what had happened by this time, as its emitters stated it; recorded whenever.",
        json_schema_extra={"format": "date-time"},
    ),
]
CURSOR = Annotated[str | None, Query(description="Where the page before ended; see its `next`.")]
LIMIT = Annotated[int, Query(ge=1, le=500, description="Most rows of a page.")]
MIN_POSITION = Annotated[
    str | None,
    Query(
        pattern=FORM,
        description="Wait until this position is seen, or one of each log, with commas; see the header Prefer.",
    ),
]
AUTHORITIES = Annotated[
    Literal["true", "false"],
    Query(description="Only what police, courts, regulators, government bodies and other authorities received."),
]
ACTOR = Annotated[
    list[views.Actor] | None,
    Query(
        max_length=4,
        description="Only looks by these; named several times, any of them. human: people at work, in the company's "
        "systems. service: services. external: people of others. ledger: whoever asked here.",
    ),
]

DISCLOSURES = partial(rows_of, disclosures.of_subject)
HOLD_TYPES = frozenset({"hold.placed", "hold.released"})
TIMELINE = partial(rows_of, timeline.of_subject)
ASKED = partial(rows_of, queries.of_subject)
QUERY = (
    '{"position":812,"time":"2026-03-01T14:30:00.123456+00:00","query":"whosaw:QueryHoldings","outcome":"answered",'
    '"purpose":"whosaw:AccessRequest","ticket":"TKT-1042","role":"whosaw:PrivacyOfficer","key":null,"rows":3,'
    '"as_of":800,"categories":["pd:Name"],"cohort":null}'
)
QUERY_EXAMPLES = {
    JSON: f'{{"subject":"{"5f9225d8d6726351" * 2}","log":"whosaw.example/ledger/log0","as_of":812,'
    f'"items":[{QUERY}],"next":null}}',
    CSV: "position,time,query,outcome,purpose,ticket,role,key,rows,as_of,categories,cohort\n",
    NDJSON: QUERY + "\n",
}
QUERIES = {kind: {**shape, "example": QUERY_EXAMPLES[kind]} for kind, shape in ANSWER.items()}


class Lookup(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a look-up."""

    kind: str
    value: str


class LookupBody(msgspec.Struct, forbid_unknown_fields=True):
    """A reference, in the body: a name must never be in an address."""

    reference: Lookup


_DEFINED = msgspec.json.schema(LookupBody)["$defs"]
LOOKUP = _DEFINED["LookupBody"] | {"properties": {"reference": _DEFINED["Lookup"]}}


@router.post(
    "/v1/subjects/lookup",
    operation_id="lookUpSubject",
    summary="Find a person by a reference",
    responses=documentation.responses(
        "not-json", "purpose-required", "not-found", "too-large", "invalid-parameter", content={}
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": LOOKUP, "example": {"reference": {"kind": "customer", "value": "C-1001"}}}},
        }
    },
)
async def look_up(request: Request) -> Response:
    """Return the id by which the other questions name a person.

    The reference stands in the body: a name must never be in an address.
    """
    # Who may not ask does not get to hold a place by sending slowly.
    question = await run_in_threadpool(ask, request, "whosaw:QueryLookup", "subjects:read")
    return await run_in_threadpool(_look_up, question, await body.read(request))


def _look_up(question: Question, received: bytes) -> Response:
    check(received)
    try:
        wanted = msgspec.json.decode(received, type=LookupBody).reference
    except msgspec.ValidationError:
        raise Problem("invalid-parameter", 'expected {"reference": {"kind": …, "value": …}}') from None
    found = question.state.ledger.lookup(Reference(wanted.kind, wanted.value))
    if found is None:
        recorded(question, (), outcome="refused", count=0)
        raise Problem("not-found", "nobody is known by that reference")
    recorded(question, [found.id], count=1)
    origin = question.state.ledger.keys.signers[found.log_id].origin
    return Response(msgspec.json.encode({"id": found.id, "log": origin}), headers=PRIVATE, media_type=JSON)


@router.get(
    "/v1/subjects/{subject_id}/disclosures",
    operation_id="readDisclosures",
    summary="Who outside received her data?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_disclosures(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false", authorities: AUTHORITIES = "false",
) -> Response:  # fmt: skip
    """Return each disclosure with its recipient as it was then, newest recorded first.

    `statement`, on the first page of everybody's answer, says that the law may forbid to tell of an authority.
    """

    def beside(connection: Connection[Any], person: Person) -> dict[str, Any]:
        del connection, person  # It says the same of everybody.
        return {"statement": STATEMENT[preferred(request, state_of(request).settings.language)]}

    of_person = partial(DISCLOSURES, kinds=disclosures.AUTHORITIES) if authorities == "true" else DISCLOSURES
    query, names = "whosaw:QueryDisclosures", ("disclosures",)
    return answer(request, subject_id, query, "disclosures:read", names, of_person, beside=beside)


@router.get(
    "/v1/subjects/{subject_id}/views",
    operation_id="readViews",
    summary="Who inside looked at her data?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_views(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false", actor: ACTOR = None,
) -> Response:  # fmt: skip
    """Return who looked, by role and purpose; people one by one, services counted.

    Questions asked here are among them. No name of anybody at work is: whether she is told, `names` on the first page
    says for each request of hers on which that was decided.
    """
    query, names = "whosaw:QueryViews", ("views",)
    return answer(
        request, subject_id, query, "subjects:read", names, partial(views.of_person, actors=actor), beside=_names
    )


def _names(connection: Connection[Any], person: Person) -> dict[str, Any]:
    return {"names": [plain(each) for each in releases.of_person(connection, person)]}


@router.get(
    "/v1/subjects/{subject_id}/timeline",
    operation_id="readTimeline",
    summary="What happened to her data?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_timeline(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return every entry about her, newest first.

    Of an order not to destroy, a key without `holds:read` is told that there is one, and not what it says.
    """
    return answer(request, subject_id, "whosaw:QueryTimeline", "subjects:read", (), TIMELINE)


@router.get(
    "/v1/subjects/{subject_id}/queries",
    operation_id="readQueries",
    summary="Who asked the ledger about her?",
    responses=documentation.responses(*PROBLEMS, content=QUERIES),
)
def read_queries(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return every question about her, also those that were refused: who, why, under which ticket, when.

    Who is a position; which key it was, only a key with `askers:read` is told. This question is on record too, and not
    among its own answers.
    """
    return answer(request, subject_id, queries.ITSELF, "subjects:read", (), ASKED)


def answer(
    request: Request,
    subject_id: str,
    query: str,
    scope: str,
    projections: Sequence[str],
    of_person: Callable[..., Page[Any]],
    tell: Callable[[Any, int], dict[str, Any]] | None = None,
    beside: Callable[[Connection[Any], Person], dict[str, Any]] | None = None,
) -> Response:
    """Answer a question about one person, page by page, and record that it was asked.

    Args:
        request: The caller's.
        subject_id: Whom it is about.
        query: What is asked: a code.
        scope: What the key must have.
        projections: What the answer reads, beside what every answer about a person does.
        of_person: Answers it.
        tell: Returns a row, of a log, as the answer has it; every member by default.
        beside: Returns what else the first page says.
    """
    question = ask(request, query, scope)
    kind = accepted(request, JSON, CSV, NDJSON)
    limit, cursor = page_of(request, question)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, (*projections, *READ), cursor)
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, valid_at(request))
        page = of_person(connection, person, after=cursor.after[0] if cursor else None, limit=limit)
        more = beside(connection, person) if beside is not None and cursor is None else {}
    logs = page.logs or [subject.log_id] * len(page.rows)
    items = [(tell or placed)(row, log_id) for row, log_id in zip(page.rows, logs, strict=True)]
    if query == queries.ITSELF and ASKERS not in question.key.scopes:
        items = [item | {"key": None} for item in items]
    if HOLDS not in question.key.scopes:
        items = [_nameless(item) if item.get("type") in HOLD_TYPES else item for item in items]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=categories_of(items))
    further = None
    if page.next is not None:
        further = following(request, question, limit, cursor_at(question, pins, [page.next]))
    return rows(request, document_of(question, person, pins) | more, items, following=further, kind=kind)


def _nameless(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry about an order not to destroy for who may not read such orders: that there is one."""
    data = {name: value for name, value in entry["data"].items() if name in {"actor", "system"}}
    return entry | {"data": data, "withheld": HOLDS}


def placed(row: Any, log_id: int) -> dict[str, Any]:
    """Return a row with the log that its positions are of; an entry names its log itself."""
    return ({} if isinstance(row, timeline.Moment) else {"log_id": log_id}) | plain(row)


def plain(row: Any) -> dict[str, Any]:
    """Return a row of a projection as what JSON can say; an entry as its members."""
    if isinstance(row, timeline.Moment):
        members = row.json()
        members.pop("envelope", None)
        return {"leaf": b64encode(row.leaf).decode(), "role": row.role} | members
    return {name: _plain(value) for name, value in row._asdict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in cast("dict[str, Any]", value).items()}
    members = getattr(value, "_asdict", None)
    return value if members is None else {name: _plain(each) for name, each in members().items()}


def categories_of(items: Sequence[dict[str, Any]]) -> list[str]:
    """Return the categories of data that rows show."""
    found: set[str] = set()
    for each in (one for item in items for one in (item, *item.get("lineage", ()))):
        data = each.get("data", each)
        found.update(data.get("categories") or [])
        if "category" in data:
            found.add(data["category"])
    return sorted(found)
