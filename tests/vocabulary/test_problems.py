"""What is said of a wrong event: everything, by pointer, and nothing that the event said itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.vocabulary import InvalidEvent, event_types, parse_event, parse_events
from ledger.vocabulary.problems import MOST_PROBLEMS
from tests.vocabulary.events import CUSTOMER, HUMAN, RECIPIENT, event
from tests.vocabulary.strategies import wrong_events


def problems(document: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(json.dumps(document).encode())
    return [tuple(problem) for problem in caught.value.errors]  # pyright: ignore[reportReturnType]


def test_every_error_of_an_event_is_listed_by_pointer() -> None:
    document = event(
        "data.disclosed",
        mode="transmited",
        categories=["pd:Name", "not a code"],
        actor={"kind": "humn"},
    )
    del document["data"]["basis"]
    document["time"] = "2026-02-30T00:00:00Z"
    document["tpye"] = 1
    assert {(pointer, code) for pointer, code, _ in problems(document)} == {
        ("/time", "wrong-form"),
        ("/tpye", "unknown-member"),
        ("/data/basis", "missing"),
        ("/data/mode", "not-allowed"),
        ("/data/categories/1", "wrong-form"),
        ("/data/actor/kind", "not-allowed"),
    }


def test_a_batch_lists_the_errors_of_each_event_by_its_place() -> None:
    right, wrong = event("data.used"), event("data.viewed", view="details")
    with pytest.raises(InvalidEvent) as caught:
        parse_events(json.dumps([right, wrong, 7, {"type": "data.uesd"}]).encode())
    found = [(problem.pointer, problem.code) for problem in caught.value.errors]
    assert found == [
        ("/1/data/view", "not-allowed"),
        ("/2", "wrong-type"),
        ("/3/type", "unknown-type"),
    ]


def test_a_wrong_form_is_told_the_right_one() -> None:
    expected = "expected a code, prefix:Local, such as dpv:DirectMarketing: no space, no @, no run of seven digits"
    found = problems(event("data.rectified", reason="because", categories=["because"]))
    assert [each[:2] for each in found] == [
        ("/data/categories/0", "wrong-form"),
        ("/data/reason", "wrong-form"),
    ]
    assert all(detail == f"{expected}; found text of another form" for _, _, detail in found)


def test_a_misspelt_word_gets_a_hint() -> None:
    assert "did you mean data.disclosed?" in problems({"type": "data.discolsed"})[0][2]
    assert "did you mean purposes?" in problems(event("data.used", purpose="dpv:Marketing"))[0][2]
    assert "did you mean transmitted?" in problems(event("data.disclosed", mode="transmited"))[0][2]
    assert "did you mean human?" in problems(event("data.used", actor={**HUMAN, "kind": "humna"}))[0][2]


def test_a_member_whose_name_could_be_a_value_is_not_repeated() -> None:
    for name in ("5145550199", "jo@example.org", "Jo Tremblay", "x" * 41):
        ((pointer, code, detail),) = problems(event("data.used", **{name: 1}))
        assert (pointer, code) == ("/data", "unknown-member")
        assert name not in detail


def test_a_subject_has_exactly_one_name() -> None:
    for subject in ({"role": "dpv:Customer"}, {**CUSTOMER, "id": "0f" * 16}):
        assert [found[:2] for found in problems(event("data.used", subjects=[subject]))] == [
            ("/data/subjects/0", "one-of")
        ]


def test_a_recipient_who_is_a_person_is_named_in_private_only() -> None:
    person = {"id": "rec-9", "kind": "whosaw:NextOfKin", "role": "dpv:ThirdParty"}
    private = {"recipient": {"name": "Luc Exemple", "address": "2, rue Exemple"}}
    parse_event(json.dumps(event("data.disclosed", recipient=person, private=private)).encode())
    found = problems(event("data.disclosed", recipient={**person, "name": "Luc Exemple"}))
    assert [each[0] for each in found] == ["/data/recipient/name"]
    assert "private.recipient" in found[0][2]


def test_an_organisation_that_received_is_named() -> None:
    nameless = {member: its for member, its in RECIPIENT.items() if member != "name"}
    assert [found[:2] for found in problems(event("data.disclosed", recipient=nameless))] == [
        ("/data/recipient/name", "missing")
    ]


def test_an_organisation_s_name_is_no_e_mail_address() -> None:
    found = problems(event("data.disclosed", recipient={**RECIPIENT, "name": "jo@example.org"}))
    assert [each[:2] for each in found] == [("/data/recipient/name", "wrong-form")]


def test_a_document_that_is_no_event_says_what_it_is() -> None:
    assert problems([1])[0] == ("", "wrong-type", "expected an object, found an array")
    assert problems({})[0][:2] == ("/type", "missing")
    assert problems({"type": 7})[0] == ("/type", "wrong-type", "expected a string, found a number")


def test_the_schema_that_an_event_names_is_its_own() -> None:
    right = {**event("data.used"), "dataschema": "https://ledger.example/v1/schemas/data.used.v1"}
    parse_event(json.dumps(right).encode())
    assert problems({**right, "dataschema": "https://ledger.example/v1/schemas/data.viewed.v1"})[0][:2] == (
        "/dataschema",
        "wrong-form",
    )


@pytest.mark.parametrize("item", ["", "dpv:Marketing", {"a": [1]}])
def test_a_list_of_far_too_many_items_is_described_without_looking_at_each(item: object) -> None:
    found = problems(event("data.used", purposes=[item] * 300_000))
    assert len(found) <= MOST_PROBLEMS
    assert {pointer.split("/")[2] for pointer, _, _ in found} == {"purposes"}
    assert ("/data/purposes", "wrong-length") in {each[:2] for each in found}


def test_a_deep_value_in_a_wrong_place_is_one_problem() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    assert [each[:2] for each in problems(event("data.used", basis=deep))] == [("/data/basis", "wrong-type")]


SPOILT = "Zyx5145550199"


def spoilt(value: Any) -> Any:
    """Replace each text by one that can be told from every word of a message."""
    if isinstance(value, dict):
        return {member: spoilt(its) for member, its in value.items()}
    if isinstance(value, list):
        return [spoilt(its) for its in value]
    return SPOILT + "@\n" if isinstance(value, str) else value


@pytest.mark.parametrize("name", event_types())
def test_no_problem_repeats_a_value(name: str) -> None:
    document = event(name, private={"note": 7, SPOILT: SPOILT})
    document = {
        **document,
        "data": spoilt(document["data"]),
        "source": SPOILT + "@",
        SPOILT: SPOILT,
    }
    for pointer, code, detail in problems(document):
        assert SPOILT not in pointer + code + detail


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_each_pointer_leads_into_the_event(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(event_types()).flatmap(wrong_events))
    try:
        parse_event(json.dumps(document).encode())
    except InvalidEvent as invalid:
        for problem in invalid.errors:
            found: Any = document
            *way, last = problem.pointer.split("/")[1:] or [""]
            for step in way:
                found = found[int(step) if isinstance(found, list) else step]
            assert problem.pointer == "" or isinstance(found, (dict, list))
            assert last is not None
