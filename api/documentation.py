"""What the OpenAPI document says beyond the code: bodies, examples, and every problem of each operation."""

from __future__ import annotations

from typing import Any

import orjson

from api.problems import KINDS, MEDIA_TYPE
from ledger.vocabulary import FACTS

EXAMPLE_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "source": "/services/billing",
    "type": "data.disclosed",
    "time": "2026-11-01T10:00:00-05:00",
    "data": {
        "subjects": [{"reference": {"kind": "customer", "value": "C-1001"}, "role": "dpv:Customer"}],
        "actor": {"kind": "service", "id": "billing", "role": "whosaw:Service"},
        "recipient": {
            "id": "collections-north",
            "name": "Collections North",
            "country": "loc:CA-QC",
            "kind": "whosaw:DebtCollector",
            "role": "dpv:DataProcessor",
        },
        "categories": ["pd:Name", "pd:TelephoneNumber"],
        "purpose": "dpv:CustomerClaimsManagement",
        "recipient_purpose": "dpv:CustomerClaimsManagement",
        "basis": "ca-qc-p39.1:18-9",
        "initiative": "controller",
        "mode": "transmitted",
    },
}
EXAMPLE_RECEIPT: dict[str, Any] = {
    "source": "/services/billing",
    "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "log": "whosaw.example/ledger/log0",
    "position": 184220,
    "stream": "5f9225d8d6726351d4cdbf642b130516",
    "sequence": 12,
    "leaf": "EY2fEiBBJxn9TVOmerOY0iIhKP/MBO5VRYbT94wvln8=",
    "appended": "2026-11-01T15:00:00.123456Z",
    "checkpoint": 184231,
    "repeated": False,
}
COMMON = ("unauthenticated", "forbidden", "overloaded", "internal", "unavailable", "not-signing")

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A problem document, RFC 9457.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "A page that explains it."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(KINDS)},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901"},
                    "code": {"type": "string"},
                    "detail": {"type": "string", "description": "What was expected, and what kind of thing was found."},
                },
            },
        },
    },
}
RECEIPT: dict[str, Any] = {
    "type": "object",
    "description": "Proof of recording: durable, in order, and under a signed checkpoint.",
    "required": list(EXAMPLE_RECEIPT),
    "properties": {
        "source": {"type": "string"},
        "id": {"type": "string"},
        "log": {"type": "string", "description": "The log's origin."},
        "position": {"type": "integer", "minimum": 1},
        "stream": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "sequence": {"type": "integer", "minimum": 1},
        "leaf": {"type": "string", "description": "SHA-256 leaf hash, base64."},
        "appended": {"type": "string", "format": "date-time"},
        "checkpoint": {"type": "integer", "description": "Size of the first checkpoint that covers it."},
        "repeated": {"type": "boolean", "description": "It had been recorded before; this is the first receipt."},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Receipt"}},
    },
}
RECEIPTS: dict[str, Any] = {
    "type": "object",
    "required": ["receipts"],
    "properties": {"receipts": {"type": "array", "items": {"$ref": "#/components/schemas/Receipt"}}},
}
SCHEMAS = {"Problem": PROBLEM, "Receipt": RECEIPT, "Receipts": RECEIPTS}


EXAMPLE_KEY: dict[str, Any] = {
    "key_id": "key-9f2c41d07a",
    "label": "billing",
    "position": "whosaw:Service",
    "scopes": ["events:write"],
    "sources": ["/services/billing"],
    "expires_at": "2027-11-23T21:00:00+00:00",
    "revoked_at": None,
    "person": None,
}
NEW_KEY: dict[str, Any] = {
    "application/json": {
        "schema": {"type": "object", "required": ["key", "key_id"], "properties": {"key": {"type": "string"}}},
        "example": {"key": "wsk_…", **EXAMPLE_KEY},
    }
}


def responses(*codes: str, content: dict[str, Any] | None = None, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation: its content, and the problems that it names besides the common ones."""
    found: dict[int | str, dict[str, Any]] = {}
    if content is not None:
        found[status] = {"description": "The answer.", "content": content}
    found.update(problem_responses(*codes, *COMMON))
    return found


def problem_responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the answers that are problems, by status: one status may have several."""
    found: dict[int | str, dict[str, Any]] = {}
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(KINDS[code].status, []).append(code)
    for number, names in sorted(by_status.items()):
        found[number] = {
            "description": "; ".join(f"`{name}`: {KINDS[name].en}" for name in names),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {name: {"value": _example(name)} for name in names},
                }
            },
        }
    return found


def _line(number: int) -> str:
    return orjson.dumps(EXAMPLE_EVENT | {"id": f"billing-{number}"}).decode()


def recording_responses() -> dict[int | str, dict[str, Any]]:
    """Return the answers of recording."""
    either = {"oneOf": [{"$ref": "#/components/schemas/Receipt"}, {"$ref": "#/components/schemas/Receipts"}]}
    content = {
        "application/json": {
            "schema": either,
            "examples": {"one": {"value": EXAMPLE_RECEIPT}, "batch": {"value": {"receipts": [EXAMPLE_RECEIPT]}}},
        }
    }
    codes = (
        "not-json",
        "bad-request",
        "foreign-source",
        "not-yours",
        "event-conflict",
        "other-event",
        "too-large",
        "unsupported-media-type",
        "invalid-event",
    )
    found = responses(*codes)
    found[201] = {"description": "Recorded, at least one of them now.", "content": content}
    found[200] = {"description": "All of it had been recorded before: the first receipts.", "content": content}
    return found


def _example(code: str) -> dict[str, Any]:
    example = {"type": f"/problems/{code}", "title": KINDS[code].en, "status": KINDS[code].status, "code": code}
    pointers = {
        "invalid-event": "/3/data/basis",
        "event-conflict": "/3",
        "foreign-source": "/3/source",
        "not-yours": "/3/data/target/source",
        "other-event": "/3/data/target",
    }
    if code in pointers:
        pointer = pointers[code]
        return example | {"errors": [{"pointer": pointer, "code": code, "detail": "expected …"}]}
    return example


def key_body() -> dict[str, Any]:
    """Return the request body of issuing a key."""
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/NewKey"},
                    "example": {"label": "billing", "role": "emitter", "sources": ["/services/billing"]},
                }
            },
        }
    }


def recording_body() -> dict[str, Any]:
    """Return the request body of recording."""
    one = {
        "type": "object",
        "description": "An event; GET /v1/schemas/{type}.v1 is the whole schema of each type.",
        "required": ["id", "source", "type", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "maxLength": 128},
            "source": {"type": "string", "description": "One that the key may speak for."},
            "type": {"enum": sorted(FACTS)},
            "time": {"type": "string", "format": "date-time"},
            "data": {"type": "object"},
        },
    }
    many = {"type": "array", "items": one}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/cloudevents+json": {"schema": one, "example": EXAMPLE_EVENT},
                "application/cloudevents-batch+json": {"schema": many, "example": [EXAMPLE_EVENT]},
                "application/json": {"schema": {"oneOf": [one, many]}, "example": EXAMPLE_EVENT},
                "application/x-ndjson": {"schema": {"type": "string"}, "example": f"{_line(1)}\n{_line(2)}\n"},
            },
        },
        "security": [{"key": ["events:write"]}],
    }
