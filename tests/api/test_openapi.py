"""The OpenAPI document is good enough to generate a client from."""

from __future__ import annotations

from pathlib import Path
from subprocess import run
from sys import executable
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from api import access
from api.app import create_app
from api.problems import KINDS, MEDIA_TYPE
from api.settings import Settings
from ledger.vocabulary import parse_event
from tests.api.conftest import event

if TYPE_CHECKING:
    from tests.api.conftest import Service

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = create_app(Settings.model_construct(), dsn="postgresql://").openapi()
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation for path in DOCUMENT["paths"].values() for operation in path.values()
}


def test_the_file_is_the_document() -> None:
    """If not: python -m api.openapi > docs/openapi.json."""
    made = run([executable, "-m", "api.openapi"], capture_output=True, check=True, cwd=ROOT).stdout
    assert (ROOT / "docs" / "openapi.json").read_bytes() == made


def test_operation_ids_are_names_and_each_is_given_once() -> None:
    count = sum(len(path) for path in DOCUMENT["paths"].values())
    assert len(OPERATIONS) == count > 15
    assert all(name.isalnum() and name[0].islower() for name in OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_says_what_it_takes_and_gives(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    given = [status for status in operation["responses"] if status.startswith("2")]
    assert given
    for status in given:
        if status == "204":
            continue
        for kind, content in operation["responses"][status]["content"].items():
            assert "example" in content or "examples" in content, f"{name}: {status} {kind}"
            assert content.get("schema"), f"{name}: {status} {kind}"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        assert "example" in content, kind
        assert content["schema"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_names_its_problems(name: str) -> None:
    operation = OPERATIONS[name]
    named: set[str] = set()
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            continue
        if name == "ready" and status == "503":
            assert answer["content"]["application/json"]["example"]["reasons"]
            continue
        for code, example in answer["content"][MEDIA_TYPE]["examples"].items():
            assert KINDS[code].status == int(status)
            assert example["value"]["code"] == code
            Draft202012Validator(DOCUMENT["components"]["schemas"]["Problem"]).validate(example["value"])
            named.add(code)
    assert {"internal", "overloaded"} <= named
    assert ("unauthenticated" in named) == (operation.get("security") != [])
    if operation["tags"][0] in {"query", "report"}:
        assert "purpose-required" in named
        assert [each for each in operation["parameters"] if each["name"] == "Whosaw-Purpose" and each["required"]]


def test_every_problem_is_named_by_some_operation_or_is_the_servers_own() -> None:
    named = {
        code
        for operation in OPERATIONS.values()
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
    }
    # No operation has it: it is the answer to a method that none of them has.
    assert set(KINDS) - named == {"method-not-allowed"}


def test_examples_are_right() -> None:
    body = OPERATIONS["recordEvents"]["requestBody"]["content"]
    assert parse_event(orjson.dumps(body["application/json"]["example"]))
    for line in body["application/x-ndjson"]["example"].splitlines():
        assert parse_event(line.encode())
    schemas = DOCUMENT["components"]["schemas"]
    receipt = OPERATIONS["recordEvents"]["responses"]["201"]["content"]["application/json"]["examples"]
    validator = Draft202012Validator({**schemas["Receipt"], "components": {"schemas": schemas}})
    validator.validate(receipt["one"]["value"])


def test_real_answers_are_of_the_shapes_that_are_promised(standing: Service) -> None:
    first, last = standing.record(event(), event("data.disclosed"))
    standing.record(event("data.viewed"))
    subject, seen = first["stream"], last["position"]
    paths = {
        "readHoldings": f"/v1/subjects/{subject}/holdings?min_position={seen}",
        "readDisclosures": f"/v1/subjects/{subject}/disclosures?min_position={seen}",
        "readViews": f"/v1/subjects/{subject}/views?min_position={seen}",
        "readTimeline": f"/v1/subjects/{subject}/timeline?min_position={seen}",
        "readAccount": f"/v1/subjects/{subject}/account?min_position={seen}",
        "readRecipientDisclosures": "/v1/recipients/collections-north/disclosures",
        "readLogs": "/v1/logs",
        "readCodes": "/v1/codes",
        "discover": "/v1",
        "live": "/livez",
        "ready": "/readyz",
    }
    for name, path in paths.items():
        (schema,) = [
            content["schema"]
            for kind, content in OPERATIONS[name]["responses"]["200"]["content"].items()
            if kind == "application/json"
        ]
        answer = standing.ask(path)
        assert answer.status_code == 200, answer.text
        Draft202012Validator(schema).validate(answer.json())


def test_every_reference_leads_somewhere() -> None:
    text = orjson.dumps(DOCUMENT).decode()
    for part in text.split('"$ref":"')[1:]:
        target: Any = DOCUMENT
        for step in part.partition('"')[0].removeprefix("#/").split("/"):
            target = target[step]
        assert target


def test_the_security_scheme_names_every_scope() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert all(scope in scheme["description"] for scope in access.SCOPES)
