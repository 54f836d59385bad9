"""Who outside received a person's data, what repeats as one row; and beside them who may have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.findings import NAMES
from api.rendering import CSV, JSON, NDJSON
from api.sight import SEALED, VIEW
from api.subjects import (
    ANSWER,
    AS_OF,
    CURSOR,
    KNOWN_AT,
    LIMIT,
    MIN_POSITION,
    PROBLEMS,
    VALID_AT,
    answer,
    placed,
    plain,
)
from projections import derived, findings, may_have, series

if TYPE_CHECKING:
    from psycopg import Connection

    from projections.person import Person
    from projections.series import Series

router = APIRouter(tags=["query"])

ITEM = (
    '{"log_id":0,"position":4032,"time":"2026-11-19T23:00:00-05:00","recipient":"cloud-host",'
    '"recipient_name":"Tidewater Example Cloud LLC","recipient_address":"1 Placeholder Way, Ashburn VA",'
    '"recipient_role":"dpv:DataProcessor","categories":["pd:Name","pd:CallLog"],"purpose":"dpv:ServiceProvision",'
    '"basis":"ca-qc-p39.1:18.3","series":{"id":"off-site-backup"},"first":"2025-07-19T23:00:00-04:00","times":17}'
)
MAY_HAVE = (
    '{"recipient":"courier","recipient_name":"Messagerie Harfang inc.","recipient_address":"12 rue du Conte, Laval QC",'
    '"recipient_kind":"whosaw:ShippingCompany","agreement":"agreement-delivery-2025",'
    '"since":"2025-05-20T04:00:00+00:00","until":null,"categories":["pd:PhysicalAddress"],"any":false}'
)
EXAMPLES = {
    JSON: f'{{"subject":"{"5f9225d8d6726351" * 2}","log":"whosaw.example/ledger/log0","as_of":4711,'
    f'"may_have":[{MAY_HAVE}],"items":[{ITEM}],"next":null}}',
    CSV: "log_id,position,time,recipient,first,times\n0,4032,2026-11-19T23:00:00-05:00,cloud-host,"
    "2025-07-19T23:00:00-04:00,17\n",
    NDJSON: ITEM + "\n",
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}


@router.get(
    "/v1/subjects/{subject_id}/recipients",
    operation_id="readSubjectRecipients",
    summary="Exactly who outside received her data, and who may have it?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_recipients(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return each disclosure with its recipient as it was then, newest recorded first, and what repeats as one row.

    Such a row is the newest of its series, with `first`, when the oldest was, and `times`. `may_have`, on the first
    page, is another list: recipients with an agreement for something that was held on her, and to whom no disclosure
    is known. Of an agreement that names neither data nor purposes nobody can say what: `categories` is null then, and
    `any` true. The disclosures one by one are at `/v1/subjects/{subject_id}/disclosures`.
    """

    def tell(row: Series, log_id: int) -> dict[str, Any]:
        return placed(row.newest, log_id) | plain(row.repeats)

    names = ("disclosures", "holdings", *NAMES)
    query = "whosaw:QueryDisclosures"
    return answer(request, subject_id, query, "disclosures:read", names, series.of_person, tell, _may_have)


def _may_have(connection: Connection[Any], person: Person) -> dict[str, Any]:
    log_id, at = person.subject.log_id, person.as_of
    registers = derived.registered(connection, findings.NAME, log_id, at, findings.known_at(connection, log_id, at))
    return {"may_have": [plain(each) for each in may_have.of_person(connection, person, registers)]}
