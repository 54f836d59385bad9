"""API keys over HTTP, for administrators: issue, list, revoke."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import access, body, documentation, strict_json
from api.problems import Problem, invalid
from api.rendering import JSON
from api.state import state_of

router = APIRouter(tags=["admin"])


Scope = (
    Literal[
        "events:write", "events:correct", "names:unlink", "subjects:read", "subjects:forget", "disclosures:read",
        "exports:create", "holds:read", "seals:read", "clearances:ask", "clearances:approve", "integrity:read",
        "entries:read", "admin", "askers:read",
    ]
    | Annotated[str, Field(pattern=f"^{access.CLEARANCE.pattern}$")]
)  # fmt: skip
"""Of `access.SCOPES`, or a clearance for one authority's seals."""


class NewKey(BaseModel):
    """What a new key is for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"label": "billing", "role": "emitter", "sources": ["/services/billing"]}},
    )

    label: str = Field(min_length=1, max_length=100, pattern=r"^[^@]*$", description="No personal value.")
    role: Literal["emitter", "officer", "regulator", "compliance", "legal", "auditor", "admin"] | None = Field(
        None, description="Or name the scopes."
    )
    scopes: list[Scope] = Field([], max_length=20)
    sources: list[Annotated[str, Field(pattern=r"^/[!-~]{1,200}$")]] = Field([], max_length=100)
    person: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=r"^[^@]*[^\W_][^@]*$",
        description="The company's name for who holds it, such as an employee number; needed to ask for clearance "
        "(/v1/clearances) and to agree to it.",
    )
    days: int = Field(365, ge=1, le=3660)


@router.post(
    "/v1/keys",
    operation_id="issueKey",
    summary="Issue a key",
    status_code=201,
    responses=documentation.responses(
        "not-json",
        "too-large",
        "unsupported-media-type",
        "invalid-parameter",
        content=documentation.NEW_KEY,
        status=201,
    ),
    openapi_extra=documentation.key_body(),
)
async def issue_key(request: Request) -> Response:
    """Return a new key. Its text is shown this once and is kept nowhere."""
    await run_in_threadpool(state_of(request).access.key, request, "admin")
    if body.media_type(request) != JSON:
        raise Problem("unsupported-media-type", f"expected {JSON}")
    received = await body.read(request)
    strict_json.check(received)
    try:
        wanted = NewKey.model_validate_json(received)
    except ValidationError as error:
        raise Problem("invalid-parameter", errors=invalid(error.errors())) from None
    issued = await run_in_threadpool(_issue, request, wanted)
    return Response(orjson.dumps(issued), 201, {"Cache-Control": "no-store"}, JSON)


def _issue(request: Request, wanted: NewKey) -> dict[str, Any]:
    scopes = sorted({*(access.ROLES[wanted.role] if wanted.role else ()), *wanted.scopes})
    if not scopes:
        raise Problem("invalid-parameter", "expected a role, or scopes")
    if "events:write" in scopes and not wanted.sources:
        raise Problem("invalid-parameter", "sources: expected at least one for a key that writes events")
    if any(source.startswith(access.OWN_SOURCES) for source in wanted.sources):
        raise Problem("invalid-parameter", f"sources: expected none under {access.OWN_SOURCES}")
    with state_of(request).ledger.connection() as connection:
        text, key = access.issue(
            connection,
            label=wanted.label,
            scopes=scopes,
            sources=wanted.sources,
            position=access.POSITIONS[wanted.role or "officer"],
            life=timedelta(days=wanted.days),
            person=wanted.person,
        )
    return {"key": text} | _shown(key)


def _shown(key: access.Key) -> dict[str, Any]:
    return {name: value for name, value in key._asdict().items() if name != "clearances"}


@router.get("/v1/keys", operation_id="listKeys", summary="List keys", responses=documentation.responses())
def list_keys(request: Request) -> dict[str, Any]:
    """Return every key ever issued, without its text."""
    state = state_of(request)
    state.access.key(request, "admin")
    with state.ledger.connection() as connection:
        return {"keys": [_shown(key) for key in access.listed(connection)]}


@router.delete(
    "/v1/keys/{key_id}",
    operation_id="revokeKey",
    summary="Revoke a key",
    status_code=204,
    responses=documentation.responses("not-found"),
)
def revoke_key(request: Request, key_id: Annotated[str, Path(pattern="^key-[0-9a-f]{1,32}$")]) -> None:
    """Stop a key for good. A process that has just seen it may accept it for some seconds more."""
    state = state_of(request)
    state.access.key(request, "admin")
    with state.ledger.connection() as connection:
        if not access.revoke(connection, key_id):
            raise Problem("not-found", "no such working key")
