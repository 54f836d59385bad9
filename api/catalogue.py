"""What this ledger speaks: its limits, the schema of each fact, the codes and their words."""

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

router = APIRouter(tags=["emit"])


@router.get("/v1", operation_id="discover", summary="Limits and addresses")
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
            {
                "code": code.code,
                "scheme": code.scheme,
                "version": code.version,
                "labels": code.labels,
                "broader": code.broader,
            }
            for code in CODES.values()
        ]
    }
