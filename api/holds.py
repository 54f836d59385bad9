"""What may not be destroyed about a person, and on whose order: in full for the legal desk, yes or no for others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation, sight
from api.access import HOLDS
from api.forgetting import ORDINARY_REASON
from api.positions import document_of, pins_of
from api.problems import Problem
from api.question import ask, recorded, subject_of
from api.rendering import JSON, PRIVATE
from api.sight import SEALED, VIEW, seen
from api.subjects import AS_OF, KNOWN_AT, MIN_POSITION, PROBLEMS, VALID_AT
from projections import corrections, holds, timeline
from projections.person import Part, Place
from projections.pins import BehindError

if TYPE_CHECKING:
    from psycopg import Connection

    from api.question import Question
    from projections.person import Person
    from projections.pins import Pins

router = APIRouter(tags=["erasure"])

EXAMPLE = {"subject": "5f9225d8d6726351d4cdbf642b130516", "as_of": 4711, "held": True, "reason": ORDINARY_REASON}
CONTENT = {JSON: {"schema": {"type": "object"}, "example": EXAMPLE}}
READ = ("holds", *sight.READ)
# By primary key.
OPENED = """
    SELECT o.stream, o.subject
    FROM unnest(%(logs)s::smallint[], %(streams)s::uuid[]) AS p (log_id, stream)
    JOIN ledger.opened AS o USING (log_id, stream)
"""


@router.get(
    "/v1/subjects/{subject_id}/holds",
    operation_id="readHolds",
    summary="What may not be destroyed about her?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_holds(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    min_position: MIN_POSITION = None, view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return whether anything holds a person, now or at the time that is named. Which orders do, `holds:read` is told.

    The reason given to others is the same for all. An order that must not be told is there for the cleared who ask for
    it; in spite of that it defers a destruction, for that same reason.
    """
    question, when = ask(request, "whosaw:QueryHolds", "subjects:read"), sight.valid_at(request)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, READ)
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, when)
        try:
            changes = _changes(question, connection, person, pins)
        except BehindError:
            raise Problem("not-yet", headers={"Retry-After": "1"}) from None
        known = timeline.appended(connection, subject.log_id, pins.at) if as_of is not None else None
    moment = when or pins.known_at or (datetime.fromisoformat(known) if known else datetime.now(UTC))
    standing = holds.standing(changes, moment)
    document: dict[str, Any] = document_of(question, person, pins) | {
        "held": bool(standing),
        "reason": ORDINARY_REASON if standing else None,
    }
    if HOLDS in question.key.scopes:
        document["holds"] = [each._asdict() for each in standing]
    recorded(question, [subject.id], count=1, as_of=pins.at)
    return Response(msgspec.json.encode(document), headers=PRIVATE, media_type=JSON)


def _changes(question: Question, connection: Connection[Any], person: Person, pins: Pins) -> list[holds.Change]:
    """Return what bears on holds over a person and counts; behind seals, what the key is cleared for and asked for.

    A sealed order about nobody needs clearance for every authority, as nobody's own seal does.
    """
    ledger = question.state.ledger
    every = bool(question.seals) and clearance.EVERY_AUTHORITY in question.key.scopes
    found = holds.of_parts(connection, person.parts, range(len(ledger.recorders)), _whose(question, connection, person))
    hers = [each for each in found if not each.everybody and Place(each.log_id, each.position) not in person.hidden]
    over = [
        each
        for each in found
        if each.everybody
        and (every or not each.sealed)
        and each.position <= pins.of(connection, each.log_id)
        and (person.valid_at is None or each.time <= person.valid_at)
    ]
    streams = [Part(each.log_id, each.stream.hex, pins.of(connection, each.log_id)) for each in over if each.stream]
    gone = corrections.hidden(connection, ledger.hashes, streams, "current") if streams else frozenset[Place]()
    kept = {id(each) for each in (*hers, *(one for one in over if Place(one.log_id, one.position) not in gone))}
    return [each for each in found if id(each) in kept]


def _whose(question: Question, connection: Connection[Any], person: Person) -> dict[str, str]:
    """Return which name each stream is about that is no name itself: opened ones, and sealed ones for the cleared."""
    wanted = {
        "logs": [part.log_id for part in person.parts],
        "streams": [UUID(hex=part.stream) for part in person.parts],
    }
    opened = {stream.hex: owner.hex for stream, owner in connection.execute(OPENED, wanted, prepare=True).fetchall()}
    if not question.seals:
        return opened
    for part in person.parts:
        owner = question.state.ledger.sealed_owner(part.log_id, part.stream)
        opened |= {part.stream: owner.id} if owner is not None else {}
    return opened
