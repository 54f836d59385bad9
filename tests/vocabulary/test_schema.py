"""The served schemas: valid, whole, and explained member by member."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ledger.vocabulary import FACTS, event_types, schema, schema_path
from ledger.vocabulary.schema import DIALECT
from tests.vocabulary.events import HUMAN, event


@pytest.mark.parametrize("name", event_types())
def test_each_schema_is_valid_and_served_at_its_own_path(name: str) -> None:
    its = schema(name)
    Draft202012Validator.check_schema(its)
    assert its["$schema"] == DIALECT
    assert its["$id"] == schema_path(name) == f"/v1/schemas/{name}.v1"
    assert schema(f"{name}.v1") is its is FACTS[name].schema
    json.dumps(its)


@pytest.mark.parametrize("name", event_types())
def test_each_schema_admits_the_smallest_event_of_its_type(name: str) -> None:
    Draft202012Validator(schema(name)).validate(event(name))
    Draft202012Validator(schema(name)).validate(event(name, actor=HUMAN))


@pytest.mark.parametrize("name", event_types())
def test_every_member_is_described_and_no_object_is_open(name: str) -> None:
    its = schema(name)
    objects: list[dict[str, Any]] = [its, *its["$defs"].values()]
    for each in objects:
        assert each["description"]
        assert each["additionalProperties"] is False
        for member, value in each["properties"].items():
            assert value.get("description") or member == "kind", member


@pytest.mark.parametrize("name", event_types())
def test_a_schema_holds_only_what_its_type_needs(name: str) -> None:
    text = json.dumps(schema(name))
    for definition in schema(name)["$defs"]:
        assert f'"#/$defs/{definition}"' in text


def test_an_unknown_type_has_no_schema() -> None:
    with pytest.raises(KeyError):
        schema("data.sold")


def test_there_are_sixty_one_types() -> None:
    assert len(event_types()) == 61
