"""Who may be one person, and who was taken for one: what an officer has to look through.

Source: PIPEDA Schedule 1, 4.6 (accuracy); P-39.1, s. 11; GDPR Art. 5(1)(d).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.paging import Cursor
from api.positions import document_of_all, pins_of_all
from api.question import ask, following, page_of, recorded
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.subjects import ANSWER, AS_OF_ALL, CURSOR, KNOWN_AT, LIMIT, MIN_POSITION
from ledger import Subject
from projections import name_conflicts, unattributed
from projections.identity import aliases
from projections.pins import Pins

if TYPE_CHECKING:
    from psycopg import Connection

router = APIRouter(tags=["query"])

PROBLEMS = ("purpose-required", "bad-cursor", "invalid-parameter", "not-acceptable", "not-yet")
UNATTRIBUTED = {
    JSON: '{"positions":[4711],"items":[{"log_id":0,"split":4700,"merge":4012,'
    '"subject":"5f9225d8d6726351d4cdbf642b130516","position":4300,"type":"data.disclosed",'
    '"stated":"2026-03-01T09:30:00-05:00","source":"/services/billing","id":"e-17","cohort":false}],"next":null}',
    CSV: "log_id,split,merge,subject,position,type,stated,source,id,cohort\n",
    NDJSON: '{"log_id":0,"split":4700,"merge":4012,"position":4300,"type":"data.disclosed"}\n',
}
CONFLICTS = {
    JSON: '{"positions":[4711],"items":[{"log_id":0,"position":4300,"subject":"5f9225d8d6726351d4cdbf642b130516",'
    '"holder":"0c51c2f0a3d94e6b8f7d2a1b9e8c7f60","state":"open","kind":"device","method":"whosaw:Login",'
    '"confidence":"certain","source":"/services/signup","id":"e-17","appended":"2026-11-20T22:30:00.123456Z"}],'
    '"next":null}',
    CSV: "log_id,position,subject,holder,state,kind,method,confidence,source,id,appended\n",
    NDJSON: '{"log_id":0,"position":4300,"subject":"5f92…","holder":"0c51…","state":"open","kind":"device"}\n',
}
READ = ("identity", "corrections")


def _content(examples: dict[str, str]) -> dict[str, Any]:
    return {kind: {**shape, "example": examples[kind]} for kind, shape in ANSWER.items()}


@router.get(
    "/v1/identity/unattributed",
    operation_id="readUnattributed",
    summary="What was recorded while two people were taken for one?",
    responses=documentation.responses(*PROBLEMS, content=_content(UNATTRIBUTED)),
)
def read_unattributed(
    request: Request, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None, cursor: CURSOR = None, limit: LIMIT = 100,
    min_position: MIN_POSITION = None,
) -> Response:  # fmt: skip
    """Return, for each split, the facts recorded between the merge and it to each of those whom it parts.

    They stay with the name that they were recorded under. Look through them, and correct what was about the other one:
    `event.voided` with the reason `whosaw:WrongSubject`, and the same fact again under the right name. What was
    corrected is no longer listed. What is sealed never is, whoever asks.
    """
    question = ask(request, "whosaw:QueryUnattributed", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    pinned = pins_of_all(request, question, READ, place)
    after = unattributed.BEGIN
    if place is not None:
        log_id, split, position, subject = place.after
        after = unattributed.Cursor(log_id, split, position, UUID(subject))
    with question.state.ledger.connection() as connection:
        found, more = unattributed.across(connection, dict(enumerate(pinned)), after=after, limit=most)
    items = [each._asdict() | {"subject": each.subject.hex} for each in found]
    recorded(question, list(dict.fromkeys(each["subject"] for each in items)), count=len(items))
    further = None
    if more is not None:
        further = following(request, question, most, Cursor(pinned, [*more[:3], more.subject.hex]))
    return rows(request, document_of_all(request, question, pinned), items, following=further, kind=kind)


@router.get(
    "/v1/identity/conflicts",
    operation_id="readNameConflicts",
    summary="Which names were linked to one person and lead to another?",
    responses=documentation.responses(*PROBLEMS, content=_content(CONFLICTS)),
)
def read_conflicts(
    request: Request, cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None
) -> Response:
    """Return links of names that lead to somebody else, as it stands now: each proposes to merge the two.

    The name goes on leading to `holder`. If the two are one person, merge them: the state is then `merged`. If the name
    is not the holder's any more, unlink it from her and link it again.
    """
    question = ask(request, "whosaw:QueryNameConflicts", "disclosures:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    pinned = pins_of_all(request, question, READ, place)
    log_id, position = place.after if place is not None else (0, 0)
    items: list[dict[str, Any]] = []
    with question.state.ledger.connection() as connection:
        for each in range(log_id, len(pinned)):
            after = position if each == log_id else 0
            found = name_conflicts.of_log(connection, each, pinned[each], after, most + 1 - len(items))
            items += [_conflict(connection, row, pinned) for row in found]
    further = None
    if len(items) > most:
        items = items[:most]
        further = following(request, question, most, Cursor(pinned, [items[-1]["log_id"], items[-1]["position"]]))
    about = [each[name] for each in items for name in ("subject", "holder")]
    recorded(question, list(dict.fromkeys(about)), count=len(items))
    return rows(request, {"positions": pinned}, items, following=further, kind=kind)


def _conflict(connection: Connection[Any], row: name_conflicts.Conflict, pinned: list[int]) -> dict[str, Any]:
    """Return a conflict as an answer says it: with whether somebody has said that the two are one."""
    pins = Pins(row.log_id, pinned[row.log_id], dict(enumerate(pinned)))
    person = aliases(connection, Subject(row.subject.hex, row.log_id), pins)
    return {
        "log_id": row.log_id,
        "position": row.position,
        "subject": row.subject.hex,
        "holder": row.holder.hex,
        "state": "merged" if Subject(row.holder.hex, row.home) in person.names else "open",
        "kind": row.kind,
        "method": row.method,
        "confidence": row.confidence,
        "source": row.source,
        "id": row.id,
        "appended": row.appended.isoformat(),
    }
