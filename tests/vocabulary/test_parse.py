"""Parsing: right events pass whole, wrong ones are refused, and the served schema says the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from ledger.vocabulary import (
    FACTS,
    InvalidEvent,
    event_types,
    parse_event,
    parse_events,
    references,
    schema,
)
from ledger.vocabulary.forms import CODE_PATTERN, Day, Known, Time
from tests.vocabulary.events import REQUIRED, event
from tests.vocabulary.strategies import ANYTHING, right_events, wrong_events

NAMES = st.sampled_from(event_types())
SLOW = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
)


def raw(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def parses(document: Any) -> bool:
    try:
        parse_event(raw(document))
    except InvalidEvent as invalid:
        return not invalid.errors
    return True


def is_a(form: Any) -> Any:
    def check(text: object) -> bool:
        if isinstance(text, str):
            msgspec.convert(text, form)
        return True

    return check


def schema_admits(name: str, document: Any) -> bool:
    formats = FormatChecker(formats=())
    formats.checks("date-time", raises=msgspec.ValidationError)(is_a(Time))
    formats.checks("date", raises=msgspec.ValidationError)(is_a(Day))
    return Draft202012Validator(schema(name), format_checker=formats).is_valid(document)


@pytest.mark.parametrize("name", event_types())
def test_the_smallest_event_of_each_type_is_parsed(name: str) -> None:
    parsed = parse_event(raw(event(name)))
    assert parsed.type == name
    assert type(parsed) is FACTS[name].event
    assert type(parsed.data) is FACTS[name].struct


@pytest.mark.parametrize("name", event_types())
def test_each_required_member_is_required(name: str) -> None:
    for member in ("actor", *REQUIRED[name]):
        document = event(name)
        del document["data"][member]
        with pytest.raises(InvalidEvent) as caught:
            parse_event(raw(document))
        assert [(problem.pointer, problem.code) for problem in caught.value.errors] == [(f"/data/{member}", "missing")]


@SLOW
@given(st.data())
def test_any_right_event_is_parsed_and_encodes_to_what_parses_to_it(data: st.DataObject) -> None:
    document = data.draw(NAMES.flatmap(right_events))
    parsed = parse_event(raw(document))
    assert parse_event(msgspec.json.encode(parsed)) == parsed
    assert parse_events(raw([document, document])) == [parsed, parsed]
    assert schema_admits(document["type"], document)


@SLOW
@given(st.data())
def test_decoder_and_served_schema_agree_on_changed_events(data: st.DataObject) -> None:
    name = data.draw(NAMES)
    document = data.draw(wrong_events(name))
    kept = isinstance(document, dict) and document.get("type") == name
    assert parses(document) == (kept and schema_admits(name, document))


@SLOW
@given(st.binary(max_size=200) | ANYTHING.map(raw))
def test_parsing_raises_nothing_but_invalid_event(data: bytes) -> None:
    for parse in (parse_event, parse_events):
        try:
            parse(data)
        except InvalidEvent as invalid:
            assert invalid.errors  # noqa: PT017 - raising is one of two right outcomes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nul",
        b'{"type":"data.used","time":NaN}',
        b"\xff\xfe",
        b'"\xff"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"type":"data.used","sequence":' + b"9" * 400 + b"}",
        b'{"type":"data.used","sequence":1e999}',
        b'{"type":"data.used","id":"\\ud800"}',
    ],
)
def test_bytes_that_are_no_json_are_refused(data: bytes) -> None:
    for parse in (parse_event, parse_events):
        with pytest.raises(InvalidEvent):
            parse(data)


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30T00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01",
        "2026-13-01T00:00:00Z",
        "25:00",
        "",
        1767225600,
        None,
    ],
)
def test_a_time_that_names_no_moment_is_refused(value: object) -> None:
    document = event("data.used")
    document["time"] = value
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw(document))
    assert [problem.pointer for problem in caught.value.errors] == ["/time"]


@pytest.mark.parametrize("value", [-1, 2**53, 2**64, 10**30, 1.5, True, "1"])
def test_a_count_out_of_range_is_refused(value: object) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw(event("data.viewed", result_count=value)))
    assert [problem.pointer for problem in caught.value.errors] == ["/data/result_count"]


@pytest.mark.parametrize(
    "value",
    [
        "jo@example.org",
        "+15145550199",
        "514-555-0199",
        "5145550199",
        "a b",
        "a\n",
        "",
        "é1",
        "x" * 129,
    ],
)
def test_a_personal_value_does_not_pass_as_an_opaque_reference(value: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw(event("data.viewed", ticket=value)))
    assert {problem.pointer for problem in caught.value.errors} == {"/data/ticket"}


@pytest.mark.parametrize("value", ["TKT-4512", "4512", "2026-11-01", "01JDCZ8V3Q", "a_b/c#d:e.f", "7d9f-ab"])
def test_an_opaque_reference_passes(value: str) -> None:
    parse_event(raw(event("data.viewed", ticket=value)))


@pytest.mark.parametrize(
    "value",
    [
        "Direct marketing",
        "dpv",
        "dpv:",
        ":X",
        "DPV:X",
        "dpv:a@b",
        "tel:5145550199",
        "x:a1234567b",
        "dpv:X\n",
        "dpv:é",
    ],
)
def test_an_ill_formed_code_is_refused(value: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw(event("data.used", purposes=["dpv:DirectMarketing", value])))
    assert {problem.pointer for problem in caught.value.errors} == {"/data/purposes/1"}


def test_a_code_that_nobody_knows_is_accepted() -> None:
    parsed = parse_event(raw(event("data.used", purposes=["acme:SomethingNew"])))
    assert parsed.data.purposes == ["acme:SomethingNew"]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_campaign_of_a_hundred_thousand_subjects_is_one_event() -> None:
    subjects = [
        {"reference": {"kind": "customer", "value": f"C-{number}"}, "role": "dpv:Customer"} for number in range(100_000)
    ]
    parsed = parse_event(raw(event("data.used", subjects=subjects)))
    assert len(references(parsed)) == 100_000
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw(event("data.used", subjects=[*subjects, subjects[0]])))
    assert [problem.pointer for problem in caught.value.errors] == ["/data/subjects"]


def test_the_wrong_ones_of_many_subjects_are_found_without_describing_the_right_ones() -> None:
    subjects: list[dict[str, Any]] = [
        {"reference": {"kind": "customer", "value": f"C-{number}"}, "role": "dpv:Customer"} for number in range(50_000)
    ]
    subjects[7] = {"role": "dpv:Customer"}
    subjects[49_999] = {**subjects[49_999], "role": "not a code"}
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw(event("data.used", subjects=subjects, basis=7)))
    pointers = [problem.pointer for problem in caught.value.errors]
    assert pointers == ["/data/basis", "/data/subjects/7", "/data/subjects/49999/role"]


def test_what_is_known_of_a_form_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Known, "MOST", 2)
    form = Known(CODE_PATTERN)
    assert form.admits(["dpv:A", "dpv:B", "dpv:C"])
    assert form.texts == {None, "dpv:A"}
    assert form.admits(("dpv:C", None, "dpv:A"))
    assert not form.admits(["dpv:A", "dpv B"])
