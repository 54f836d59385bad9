"""What the OpenAPI document says of checkpoints, tiles and proofs: shapes, and the vectors of the specifications."""

from __future__ import annotations

from typing import Any

EXAMPLE_TEXT = """ledger.example/log0
5
EY2fEiBBJxn9TVOmerOY0iIhKP/MBO5VRYbT94wvln8=

— ledger.example/log0 JF/Blyra2mCRSeqQAJX9XJDMzjtyVmfB8oSeY7jkwLzxAs8tHpLaKwrqAqI7qkfVuXBQo23N3rLpXoxsL9u+KKs/Jw4=
"""
EXAMPLE_NOTE: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE_TEXT}}
_HASHES = [
    "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
    "sTeYX/SE+2ANuTEHx3sDZcgNePW0Kd7Q/Zc2HQd5mes=",
    "KCSnzNosqnIMhcn7oei1tzXuz9sDh45Pjf5sNiUDC8Q=",
]
_HASH = {"type": "string", "contentEncoding": "base64", "description": "32 bytes."}
_UNDER = {
    "size": {"type": "integer", "description": "The size of the checkpoint that it leads to."},
    "root": _HASH,
    "path": {"type": "array", "items": _HASH, "description": "RFC 9162, from the leaf up."},
    "note": {"type": "string", "description": "That checkpoint, signed."},
}
_UNDER_EXAMPLE = {"size": 5, "root": "EY2fEiBBJxn9TVOmerOY0iIhKP/MBO5VRYbT94wvln8=", "note": EXAMPLE_TEXT}


def _log(**members: Any) -> dict[str, Any]:
    """Return the schema of an answer about one log."""
    named = {"log": {"type": "string", "description": "The log's origin."}, "log_id": {"type": "integer"}} | members
    return {"type": "object", "required": list(named), "properties": named, "additionalProperties": False}


def _file(first: str, path: list[str]) -> dict[str, Any]:
    """Return the answer that is a proof as a file."""
    return {"schema": {"type": "string"}, "example": "\n".join([first, *path, "", EXAMPLE_TEXT])}


INCLUSION: dict[str, Any] = {
    "application/json": {
        "schema": _log(
            position={"type": "integer"},
            index={"type": "integer", "description": "Of the leaf: the position less 1."},
            leaf=_HASH,
            **_UNDER,
        ),
        "example": {
            "log": "ledger.example/log0",
            "log_id": 0,
            "position": 3,
            "index": 2,
            "leaf": "WX/LMSgtNGVMIA00GPylcFxkjr8ybsc9jd7xGEH4dtg=",
            "path": _HASHES,
        }
        | _UNDER_EXAMPLE,
    },
    "text/plain": _file("c2sp.org/tlog-proof@v1\nindex 2", _HASHES),
}
CONSISTENCY: dict[str, Any] = {
    "application/json": {
        "schema": _log(**{"from": {"type": "integer"}, "from_root": _HASH}, **_UNDER),
        "example": {
            "log": "ledger.example/log0",
            "log_id": 0,
            "from": 3,
            "from_root": "NmQuc8JUCrEh46a/lUWwokmCzYMOsT0ZzT3prjwCHsE=",
            "path": ["WX/LMSgtNGVMIA00GPylcFxkjr8ybsc9jd7xGEH4dtg=", *_HASHES],
        }
        | _UNDER_EXAMPLE,
    },
    "text/plain": _file("old 3", ["WX/LMSgtNGVMIA00GPylcFxkjr8ybsc9jd7xGEH4dtg=", *_HASHES]),
}
CHECKPOINTS: dict[str, Any] = {
    "application/json": {
        "schema": _log(
            items={
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["size", "note"],
                    "properties": {"size": {"type": "integer"}, "note": {"type": "string"}},
                    "additionalProperties": False,
                },
            },
            next={"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Address of the next page."},
        ),
        "example": {
            "log": "ledger.example/log0",
            "log_id": 0,
            "items": [{"size": 5, "note": EXAMPLE_TEXT}],
            "next": "/v1/logs/0/checkpoints?after=5&limit=1",
        },
    }
}
_BYTES = {"type": "string", "contentMediaType": "application/octet-stream"}
TILE: dict[str, Any] = {"application/octet-stream": {"schema": _BYTES, "example": "(32 bytes for each hash)"}}
BUNDLE: dict[str, Any] = {
    "application/octet-stream": {"schema": _BYTES, "example": "(for each entry its length in 2 bytes, and its bytes)"}
}
OPTIONAL_PURPOSE: list[dict[str, Any]] = [
    {
        "name": "Whosaw-Purpose",
        "in": "header",
        "required": False,
        "description": "Why you ask: a code, `whosaw:Audit` by default. It is recorded.",
        "schema": {"type": "string"},
        "example": "whosaw:Audit",
    }
]
