"""The OpenAPI document: what the code declares, and what it can not.

`python -m api.openapi > docs/openapi.json` writes it anew; a test holds the file to the code.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson
from fastapi.openapi.utils import get_openapi

from api import documentation, shapes
from api.access import SCOPES
from api.key_register import NewKey
from api.rendering import PDF
from ledger.vocabulary import forms

if TYPE_CHECKING:
    from fastapi import FastAPI

OPEN = frozenset({"live", "ready", "metrics", "discover", "readSchema", "readCodes"})
"""Operations that need no key."""
ANSWERING = frozenset({"query", "report"})
"""Tags of the operations that need a purpose."""
SHALLOW = frozenset({"readAccount", "readAccountDifference", "issueAccount", "readEntry", "readSchema", "discover"})
"""Operations whose answers differ below their first level."""
EXAMPLES: dict[str, dict[str, Any]] = orjson.loads(files("api").joinpath("examples.json").read_bytes())
"""Real answers by operation and format, cut short."""
HEADERS: list[dict[str, Any]] = [
    {
        "name": "Whosaw-Purpose",
        "in": "header",
        "required": True,
        "description": "Why you ask: a code. It is recorded.",
        "schema": {"type": "string", "pattern": forms.CODE_PATTERN, "maxLength": 128},
        "example": "whosaw:AccessRequest",
    },
    {
        "name": "Whosaw-Ticket",
        "in": "header",
        "required": False,
        "description": "The case that the question belongs to. It is recorded.",
        "schema": {"type": "string", "pattern": forms.OPAQUE_PATTERN, "maxLength": 128},
        "example": "TKT-1042",
    },
]
PREFER: dict[str, Any] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=N`: wait up to N seconds, at most 30, until the answer has reached `min_position`.",
    "schema": {"type": "string"},
    "example": "wait=5",
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document of an application."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        license_info=app.license_info,
        servers=[{"url": "/"}],
    )
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(documentation.SCHEMAS)
    schemas["NewKey"] = NewKey.model_json_schema()
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": f"An API key. Scopes: {', '.join(sorted(SCOPES))}."}
    }
    found["security"] = [{"key": []}]
    for path in found["paths"].values():
        for operation in path.values():
            _complete(operation)
    return found


def _complete(operation: dict[str, Any]) -> None:
    """Say of an operation what no declaration does: its headers, its problems, whether it needs a key."""
    answers = operation["responses"]
    name = operation["operationId"]
    if name in EXAMPLES:
        (status,) = [each for each in answers if each.startswith("2")]
        answers[status]["content"] = {
            kind: {"schema": _schema(name, kind, example), "example": example}
            for kind, example in EXAMPLES[name].items()
        }
    if "HTTPValidationError" in str(answers.get("422", "")):
        del answers["422"]
        if operation.get("parameters"):
            answers.setdefault("422", documentation.problem_responses("invalid-parameter")[422])
    if operation["tags"][0] in ANSWERING:
        parameters = operation.setdefault("parameters", [])
        parameters.extend(HEADERS)
        if any(each["name"] == "min_position" for each in parameters):
            parameters.append(PREFER)
    if name in OPEN:
        operation["security"] = []
        for status in ("401", "403"):
            answers.pop(status, None)
        for status, answer in documentation.problem_responses("overloaded", "internal").items():
            answers.setdefault(str(status), answer)


def _schema(name: str, kind: str, example: Any) -> dict[str, Any]:
    """Return the schema of an answer in one format."""
    if kind == PDF:
        return {"type": "string", "contentMediaType": PDF}
    if isinstance(example, str):
        return {"type": "string"}
    if name in shapes.PAGES:
        return shapes.page(name)
    if name in SHALLOW:
        return shapes.like(example, 1)
    return shapes.like(example)


def main() -> None:
    """Write the document to standard output; it takes no database."""
    from api.app import create_app  # noqa: PLC0415 - which imports this module
    from api.settings import Settings  # noqa: PLC0415 - likewise

    app = create_app(Settings.model_construct(), dsn="postgresql://")
    text = orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.buffer.write(text)


if __name__ == "__main__":
    main()
