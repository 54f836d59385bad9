"""API keys over HTTP, for administrators: issue, list, revoke."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation

from api import access, documentation
from api.problems import Problem
from api.state import state_of

router = APIRouter(tags=["admin"])


class NewKey(BaseModel):
    """What a new key is for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"label": "billing", "role": "emitter", "sources": ["/services/billing"]}},
    )

    label: str = Field(min_length=1, max_length=100, pattern=r"^[^@]*$", description="No personal value.")
    role: str | None = Field(None, description=f"One of {', '.join(access.ROLES)}; or name the scopes.")
    scopes: list[str] = Field([], max_length=20)
    sources: list[Annotated[str, Field(pattern=r"^/[!-~]{1,200}$")]] = Field([], max_length=100)
    days: int = Field(365, ge=1, le=3660)


@router.post(
    "/v1/keys",
    operation_id="issueKey",
    summary="Issue a key",
    status_code=201,
    responses=documentation.responses("invalid-parameter"),
)
def issue_key(request: Request, wanted: NewKey) -> dict[str, Any]:
    """Return a new key. Its text is shown this once and is kept nowhere."""
    state = state_of(request)
    state.access.key(request, "admin")
    scopes = list(access.ROLES.get(wanted.role or "", ())) + wanted.scopes
    with state.ledger.connection() as connection:
        try:
            text, key = access.issue(
                connection,
                label=wanted.label,
                scopes=scopes,
                sources=wanted.sources,
                position=access.POSITIONS.get(wanted.role or "", access.POSITIONS["officer"]),
                life=timedelta(days=wanted.days),
            )
        except ValueError as error:
            raise Problem("invalid-parameter", str(error)) from None
    return {"key": text} | key._asdict()


@router.get("/v1/keys", operation_id="listKeys", summary="List keys", responses=documentation.responses())
def list_keys(request: Request) -> dict[str, Any]:
    """Return every key ever issued, without its text."""
    state = state_of(request)
    state.access.key(request, "admin")
    with state.ledger.connection() as connection:
        return {"keys": [key._asdict() for key in access.listed(connection)]}


@router.delete(
    "/v1/keys/{key_id}",
    operation_id="revokeKey",
    summary="Revoke a key",
    status_code=204,
    responses=documentation.responses("not-found"),
)
def revoke_key(request: Request, key_id: str) -> None:
    """Stop a key for good. A process that has just seen it may accept it for some seconds more."""
    state = state_of(request)
    state.access.key(request, "admin")
    with state.ledger.connection() as connection:
        if not access.revoke(connection, key_id):
            raise Problem("not-found", "no such working key")
