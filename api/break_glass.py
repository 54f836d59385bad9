"""Clearance for a while, which takes two people: one asks, another one agrees, and what is read by it names it.

That they are two follows from whom their keys were issued to (`whosaw keys issue --person`), not from labels.

Whoever may read behind seals always has a key for that (`api.clearance`). This is for who must now, and has none.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
from fastapi import APIRouter, Path
from psycopg.rows import args_row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import body, documentation
from api.access import APPROVE, ASK, AUTHORITY, folded
from api.problems import Problem
from api.question import own_fact
from api.rendering import JSON, PRIVATE
from api.state import State, state_of
from api.strict_json import check
from ledger.vocabulary import InvalidEvent

if TYPE_CHECKING:
    from api.access import Key

router = APIRouter(tags=["seal"])

MOST_HOURS = 72
PATIENCE = timedelta(days=1)
"""How long somebody can agree to what was asked."""
EVERY = "*"
CLEARANCE_ID = Annotated[str, Path(pattern="^clearance-[0-9a-f]{16}$", description="As the request returned it.")]

ASKED = """
    INSERT INTO access.clearance (clearance, key_id, authorities, reason, hours) VALUES (%s, %s, %s, %s, %s)
"""
FOUND = """
    SELECT c.clearance, c.key_id, k.person, c.authorities, c.reason, c.hours, c.asked_at, c.approved_by, c.until,
           c.ended_at
    FROM access.clearance AS c JOIN access.api_key AS k USING (key_id)
    WHERE (%(every)s OR c.key_id = %(key_id)s) AND (%(clearance)s::text IS NULL OR c.clearance = %(clearance)s)
    ORDER BY c.asked_at, c.clearance
"""
APPROVED = """
    UPDATE access.clearance SET approved_by = %s, approved_at = %s, until = %s
    WHERE clearance = %s AND approved_by IS NULL AND ended_at IS NULL RETURNING clearance
"""
ENDED = "UPDATE access.clearance SET ended_at = %s WHERE clearance = %s AND ended_at IS NULL"

EXAMPLE = {
    "clearance": "clearance-3f9225d8d6726351", "state": "asked", "key_id": "key-0a1b2c3d4e",
    "authorities": ["city-police"], "reason": "whosaw:Investigation", "hours": 4,
    "asked_at": "2026-11-24T15:00:00+00:00", "approved_by": None, "until": None,
}  # fmt: skip
CONTENT = {JSON: {"schema": {"type": "object"}, "example": EXAMPLE}}


class ClearanceBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for."""

    authorities: Annotated[
        list[Annotated[str, msgspec.Meta(pattern=AUTHORITY)]], msgspec.Meta(min_length=1, max_length=20)
    ]
    reason: str
    hours: Annotated[int, msgspec.Meta(ge=1, le=MOST_HOURS)] = 4


class Clearance(NamedTuple):
    """One request, and what became of it."""

    clearance: str
    key_id: str
    person: str | None
    """Who holds that key."""
    authorities: list[str]
    reason: str
    hours: int
    asked_at: datetime
    approved_by: str | None
    until: datetime | None
    ended_at: datetime | None

    def state(self, now: datetime) -> str:
        """Return asked, granted or over."""
        if self.ended_at is not None:
            return "over"
        if self.until is None:
            return "asked" if now < self.asked_at + PATIENCE else "over"
        return "granted" if now < self.until else "over"

    def json(self) -> dict[str, Any]:
        """Return it as answers have it."""
        shown = {name: value for name, value in self._asdict().items() if name not in {"person", "ended_at"}}
        return {"state": self.state(datetime.now(UTC)), **shown}


@router.post(
    "/v1/clearances",
    operation_id="askClearance",
    summary="Ask to read behind seals for a while",
    status_code=201,
    responses=documentation.responses(
        "not-json", "too-large", "invalid-parameter", "clearance-conflict", content=CONTENT, status=201
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": msgspec.json.schema(ClearanceBody)["$defs"]["ClearanceBody"],
                    "example": {"authorities": ["city-police"], "reason": "whosaw:Investigation", "hours": 4},
                }
            },
        }
    },
)
async def ask_clearance(request: Request) -> Response:
    """Ask for clearance for the seals of some authorities, or of all (`*`). Another key has to agree within a day.

    Nothing is told of whether there is such a seal.
    """
    state = state_of(request)
    key = await run_in_threadpool(state.access.key, request, ASK)
    received = await body.read(request)
    check(received)
    try:
        wanted = msgspec.json.decode(received, type=ClearanceBody)
    except msgspec.ValidationError:
        raise Problem(
            "invalid-parameter",
            f"expected authorities (1 to 20 names, or *), reason (a code), hours (1 to {MOST_HOURS})",
        ) from None
    return await run_in_threadpool(_ask, state, key, wanted)


def _ask(state: State, key: Key, wanted: ClearanceBody) -> Response:
    _held_by(key.person)
    name = f"clearance-{secrets.token_hex(8)}"
    # What could not be recorded once it is granted is refused now.
    _fact(state, key, name, wanted.authorities, wanted.reason, datetime.now(UTC), "key-0")
    with state.ledger.connection() as connection:
        connection.execute(ASKED, (name, key.key_id, sorted(set(wanted.authorities)), wanted.reason, wanted.hours))
    return _answer(_find(state, key, name, every=False), 201)


@router.get(
    "/v1/clearances",
    operation_id="listClearances",
    summary="Who asked to read behind seals, and who agreed?",
    responses=documentation.responses(content=CONTENT),
)
def list_clearances(request: Request) -> Response:
    """Return what this key asked for; to a key that may agree, what every key did."""
    state = state_of(request)
    key = state.access.key(request, ASK)
    items = [each.json() for each in _read(state, key, None, every=APPROVE in key.scopes)]
    return Response(msgspec.json.encode({"items": items}), headers=PRIVATE, media_type=JSON)


@router.post(
    "/v1/clearances/{clearance_id}/approval",
    operation_id="approveClearance",
    summary="Agree that another one reads behind seals for a while",
    responses=documentation.responses("not-found", "clearance-conflict", content=CONTENT),
)
def approve_clearance(request: Request, clearance_id: CLEARANCE_ID) -> Response:
    """Grant what another key asked for, from now on and for the hours that it asked. It is recorded behind seals."""
    state = state_of(request)
    key = state.access.key(request, APPROVE)
    found, now = _find(state, key, clearance_id, every=True), datetime.now(UTC)
    if key.key_id == found.key_id or _held_by(key.person) == _held_by(found.person):
        raise Problem("clearance-conflict", "expected a key of somebody else than the one who asked")
    if found.state(now) != "asked":
        raise Problem("clearance-conflict", f"expected one that is asked for, found one that is {found.state(now)}")
    until = now + timedelta(hours=found.hours)
    # Crash after this: it is on record that it was granted, and was not; she agrees again.
    state.ledger.append([_fact(state, key, clearance_id, found.authorities, found.reason, until, found.key_id)])
    with state.ledger.connection() as connection:
        if connection.execute(APPROVED, (key.key_id, now, until, clearance_id)).fetchone() is None:
            raise Problem("clearance-conflict", "somebody else was faster")
    return _answer(_find(state, key, clearance_id, every=True), 200)


@router.delete(
    "/v1/clearances/{clearance_id}",
    operation_id="endClearance",
    summary="End a clearance early, or take a request back",
    status_code=204,
    responses=documentation.responses("not-found"),
)
def end_clearance(request: Request, clearance_id: CLEARANCE_ID) -> None:
    """End it: for who asked, and for whoever may agree. A process that has just seen it may take it 5 seconds more."""
    state = state_of(request)
    key = state.access.key(request, ASK)
    _find(state, key, clearance_id, every=APPROVE in key.scopes)
    with state.ledger.connection() as connection:
        connection.execute(ENDED, (datetime.now(UTC), clearance_id))


def _held_by(person: str | None) -> str:
    """Return who holds a key, in the one form in which two are compared.

    Raises:
        Problem: Nobody said so when it was issued: then it can not be told from another one of the same person.
    """
    if person is None:
        raise Problem("clearance-conflict", "expected a key that was issued with the person who holds it")
    return folded(person)


def _read(state: State, key: Key, clearance: str | None, *, every: bool) -> list[Clearance]:
    wanted = {"every": every, "key_id": key.key_id, "clearance": clearance}
    with state.ledger.connection() as connection, connection.cursor(row_factory=args_row(Clearance)) as cursor:
        return cursor.execute(FOUND, wanted).fetchall()


def _find(state: State, key: Key, clearance: str, *, every: bool) -> Clearance:
    found = _read(state, key, clearance, every=every)
    if not found:
        raise Problem("not-found", "no such clearance")
    return found[0]


def _fact(
    state: State, key: Key, clearance: str, authorities: list[str], reason: str, until: datetime, asked_by: str
) -> Any:
    """Return the fact that a clearance was granted.

    Raises:
        Problem: The reason is no code.
    """
    data: dict[str, Any] = {
        "actor": {"kind": "human", "id": key.key_id, "role": key.position},
        "system": "whosaw",
        "authorities": ["whosaw:Every" if each == EVERY else each for each in authorities],
        "until": until.isoformat(timespec="microseconds"),
        "asked_by": asked_by,
        "approved_by": key.key_id,
        "reason": reason,
        "visibility": "sealed",
    }
    try:
        return own_fact(state, "clearance.granted", data, key, correlation=clearance)
    except InvalidEvent as error:
        raise Problem("invalid-parameter", f"reason: {error.errors[0].detail}") from None


def _answer(found: Clearance, status: int) -> Response:
    return Response(msgspec.json.encode(found.json()), status, PRIVATE, JSON)
