"""What this ledger speaks: its limits, the schema of each fact, the codes and their words, its logs and their heads."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.events import BODY_TYPES
from api.problems import Problem
from api.state import state_of
from ledger.vocabulary import FACTS, schema, schema_path
from ledger.vocabulary.codes import CODES

router = APIRouter(tags=["proof"])


@router.get("/v1", operation_id="discover", tags=["emit"], summary="Limits and addresses")
def discover(request: Request) -> dict[str, Any]:
    """Return what an emitter needs to know beforehand."""
    settings = state_of(request).settings
    return {
        "name": settings.name,
        "max_body_bytes": settings.max_body_bytes,
        "max_batch_events": settings.max_batch_events,
        "content_types": list(BODY_TYPES),
        "types": {name: schema_path(name) for name in FACTS},
        "codes": "/v1/codes",
        "logs": "/v1/logs",
        "events": "/v1/events",
        "openapi": "/openapi.json",
    }


@router.get(
    "/v1/schemas/{name}",
    operation_id="readSchema",
    tags=["emit"],
    summary="The JSON Schema of a fact",
    responses=documentation.responses("not-found", content={"application/schema+json": {"schema": {"type": "object"}}}),
)
def read_schema(name: str) -> Response:
    """Return the schema at the address that an event's `dataschema` names, such as data.disclosed.v1."""
    try:
        found = schema(name)
    except KeyError:
        raise Problem("not-found", "expected a type and version, such as data.disclosed.v1") from None
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(orjson.dumps(found), headers=headers, media_type="application/schema+json")


@router.get("/v1/codes", operation_id="readCodes", tags=["emit"], summary="Codes and their labels")
def read_codes() -> dict[str, Any]:
    """Return every code that has words here, in English and French. Other codes are recorded all the same."""
    return {
        "codes": [
            {"code": code.code, "scheme": code.scheme, "version": code.version, "labels": code.labels}
            for code in CODES.values()
        ]
    }


@router.get(
    "/v1/logs",
    operation_id="readLogs",
    summary="The logs and their verifier keys",
    responses=documentation.responses(),
)
def read_logs(request: Request) -> dict[str, Any]:
    """Return each log with the key that its checkpoints are verified by."""
    state = state_of(request)
    _authorise(request)
    return {
        "logs": [
            {"log_id": each.log_id, "origin": each.origin, "size": each.size, "verifier_key": each.verifier_key}
            for each in state.ledger.logs()
        ]
    }


@router.get(
    "/v1/logs/{log_id}/checkpoint",
    operation_id="readCheckpoint",
    summary="The newest signed head of a log",
    responses=documentation.responses("not-found", content={"text/plain": {"schema": {"type": "string"}}}),
)
def read_checkpoint(request: Request, log_id: int, size: int | None = None) -> Response:
    """Return a signed note; with `size`, the first head that covers so many entries. Source: C2SP tlog-checkpoint."""
    state = state_of(request)
    _authorise(request)
    known = 0 <= log_id < len(state.ledger.recorders)
    note = state.ledger.checkpoint(log_id, size) if known and (size is None or 0 < size < 1 << 62) else None
    if note is None:
        raise Problem("not-found")
    return Response(note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=2"})


def _authorise(request: Request) -> None:
    state = state_of(request)
    if not state.settings.public_checkpoints:
        state.access.key(request, "integrity:read")
