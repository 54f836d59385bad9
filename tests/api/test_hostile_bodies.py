"""Bad input of every kind gets a problem that says what is wrong, and nothing is recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import strict_json
from api.problems import MEDIA_TYPE, Problem
from tests.api.conftest import PURPOSE, event
from tests.vocabulary.strategies import wrong_events

if TYPE_CHECKING:
    from httpx2 import Response

    from tests.api.conftest import Service

GOOD = orjson.dumps(event())
MEGA = 1 << 20
FORMS = (
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/x-ndjson",
)
SECRET = "Zoltan.Exemple+514@example.org"


def put(old: bytes, new: bytes) -> bytes:
    """Return a good event with something in it replaced."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)


NOT_JSON: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n ",
    "truncated": GOOD[: len(GOOD) // 2],
    "truncated in a string": GOOD[: GOOD.index(b"pd:Name") + 3],
    "two values": GOOD + GOOD,
    "trailing comma": GOOD[:-1] + b",}",
    "single quotes": GOOD.replace(b'"', b"'"),
    "comment": b"/* hello */" + GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-32": GOOD.decode().encode("utf-32-le"),
    "Latin-1": put(b"crm", b"caf\xe9"),
    "overlong UTF-8": put(b"crm", b"\xc0\xaf"),
    "surrogate in UTF-8": put(b"crm", b"\xed\xa0\x80"),
    "lone surrogate escaped": put(b"crm", b"\\ud800"),
    "control character": put(b"crm", b"c\x00rm"),
    "line feed in a string": put(b"crm", b"c\nrm"),
    "NaN": put(b"true", b"NaN"),
    "Infinity": put(b"true", b"-Infinity"),
    "leading zero": put(b"true", b"01"),
    "plus": put(b"true", b"+1"),
    "hexadecimal": put(b"true", b"0x10"),
    "huge integer": put(b"true", b"1" + b"0" * 5_000),
    "integer over 64 bits": put(b"true", b"18446744073709551616"),
    "many decimals": put(b"true", b"0." + b"1" * 30),
    "duplicate member": put(b'"system":"crm"', b'"system":"crm","system":"crm"'),
    "duplicate member, escaped": put(b'"system":"crm"', b'"system":"crm","syst\\u0065m":"crm"'),
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep inside": put(b"true", b"[" * 40 + b"]" * 40),
    "half a million opened": b"[" * 500_000,
    "unterminated string": b'["' + b"a" * MEGA,
    "unterminated string of quotes": b'["' + b'\\"' * (MEGA // 2),
    "many unterminated": b'"\\' * (MEGA // 2),
    "eight thousand members, one twice": b"{%s}" % b",".join(b'"m%d":1' % (each % 7_999) for each in range(8_000)),
}
WRONG: dict[str, bytes] = {
    "null": b"null",
    "number": b"7",
    "string": b'"event"',
    "array of numbers": b"[1,2]",
    "empty object": b"{}",
    "impossible date": put(b"2026-11-01T10", b"2026-02-30T10"),
    "date without offset": put(b"10:00:00-05:00", b"10:00:00"),
    "day 0": put(b"2026-11-01T10", b"2026-11-00T10"),
    "hour 25": put(b"T10:00:00-05:00", b"T25:00:00-05:00"),
    "time as a number": put(b'"2026-11-01T10:00:00-05:00"', b"1761998400"),
    "wrong type": put(b"true", b'"true"'),
    "number for a list": put(b'["dpv:ServiceProvision"]', b"7"),
    "null for a list": put(b'["dpv:ServiceProvision"]', b"null"),
    "smuggled member": put(b'"system"', b'"customer_email":"%s","system"' % SECRET.encode()),
    "smuggled name": put(b'"system"', b'"%s":1,"system"' % SECRET.encode()),
    "e-mail as an id": put(b'"id":"', b'"id":"%s' % SECRET.encode()),
    "e-mail as a code": put(b"dpv:ServiceProvision", SECRET.encode()),
    "e-mail as a type": put(b"data.collected", SECRET.encode()),
    "e-mail as a system": put(b'"crm"', b'"%s"' % SECRET.encode()),
    "other specversion": put(b'"1.0"', b'"0.3"'),
    "exponent": put(b"true", b"1e400"),
    "a million numbers": b"[" + b"1," * 500_000 + b"1]",
}


def refused(service: Service, body: bytes, content_type: str = "application/json") -> Response:
    """Send a body, and check that it was turned away in one piece."""
    before = len(service.entries())
    answer = service.send(body, content_type)
    assert 400 <= answer.status_code < 500, answer.text[:500]
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert SECRET not in answer.text
    assert "Zoltan" not in answer.text
    assert len(service.entries()) == before
    return answer


@pytest.mark.parametrize("levels", [17, 18, 40, 254, 300, 1_000])
@pytest.mark.parametrize(
    ("before", "after"),
    [(b'["]xxxxxxxxxxxx",', b',"[xxxxxxxxxxxx"]'), (b'{"}axxxxxxxxxxxx":1,"bxxxxxxxxxxxx":', b',"{cxxxxxxxxxxxx":1}')],
)
def test_brackets_in_strings_do_not_hide_how_deep_a_body_is(before: bytes, after: bytes, levels: int) -> None:
    """They match the real ones up, for whoever does not tell strings from structure."""
    with pytest.raises(Problem, match="not-json"):
        strict_json.check(before * levels + b"1" + after * levels)
    strict_json.check(before * 16 + b"1" + after * 16)


@pytest.mark.parametrize("name", sorted(NOT_JSON))
def test_what_is_not_strict_json_is_refused(standing: Service, name: str) -> None:
    answer = refused(standing, NOT_JSON[name])
    assert answer.json()["code"] in {"not-json", "invalid-event"}
    assert answer.json().get("detail") or answer.json()["errors"]


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_is_no_event_is_refused(standing: Service, name: str) -> None:
    answer = refused(standing, WRONG[name])
    assert answer.json()["code"] in {"invalid-event", "too-large", "not-json"}
    assert len(answer.content) < 200_000


@pytest.mark.parametrize("content_type", FORMS)
@pytest.mark.parametrize("name", ["truncated", "byte order mark", "NaN", "duplicate member", "deep arrays"])
def test_it_is_refused_in_every_form(standing: Service, name: str, content_type: str) -> None:
    body = NOT_JSON[name]
    refused(standing, b"[" + body + b"]" if "batch" in content_type else body, content_type)


@pytest.mark.parametrize("name", ["truncated", "byte order mark", "duplicate member", "null", "empty"])
def test_it_is_refused_as_the_data_of_binary_mode(standing: Service, name: str) -> None:
    before = len(standing.entries())
    headers = {f"ce-{each}": str(value) for each, value in event().items() if each != "data"}
    answer = standing.client.post(
        "/v1/events",
        content=NOT_JSON.get(name, b"null"),
        headers=standing.bearer("emitter") | headers | {"Content-Type": "application/json"},
    )
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert len(standing.entries()) == before


@pytest.mark.parametrize(
    "body",
    [
        b"[" * (16 * MEGA),
        b"[" * (8 * MEGA) + b"]" * (8 * MEGA),
        b"{}," * (5 * MEGA),
        b'["' + b'\\"' * (8 * MEGA - 1),
        b'"' * (16 * MEGA),
        b"1\n" * (8 * MEGA),
        b"\n" * (16 * MEGA),
        b" " * (16 * MEGA),
        b"9" * (16 * MEGA),
    ],
    ids=["opened", "nested", "objects", "quotes escaped", "quotes", "lines", "line feeds", "blanks", "digits"],
)
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_sixteen_megabytes_of_nothing_are_refused(standing: Service, body: bytes, content_type: str) -> None:
    before = len(standing.entries())
    answer = standing.send(body, content_type)
    blank_lines = content_type.endswith("ndjson") and not body.strip()
    assert answer.status_code == 200 if blank_lines else 400 <= answer.status_code < 500
    assert len(answer.content) < 200_000
    assert len(standing.entries()) == before


def test_a_body_over_the_limit_is_refused_whatever_it_says_of_its_length(standing: Service) -> None:
    limit = standing.state.settings.max_body_bytes
    over = b" " * (limit + 1)
    assert refused(standing, over).status_code == 413

    def pieces() -> Any:
        for _ in range(limit // MEGA + 1):
            yield b" " * MEGA

    answer = standing.client.post(
        "/v1/events", content=pieces(), headers=standing.bearer("emitter") | {"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/v1/subjects/lookup", "/v1/keys"])
def test_small_bodies_have_a_small_limit(standing: Service, path: str) -> None:
    role = "admin" if path.endswith("keys") else "officer"
    answer = standing.client.post(
        path,
        content=b" " * MEGA,
        headers=standing.bearer(role) | PURPOSE | {"Content-Type": "application/json"},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("name", sorted(NOT_JSON))
def test_a_look_up_is_as_strict(standing: Service, name: str) -> None:
    answer = standing.client.post(
        "/v1/subjects/lookup", content=NOT_JSON[name], headers=standing.bearer("officer") | PURPOSE
    )
    assert answer.status_code in {400, 413, 422}
    assert answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reference": SECRET},
        {"reference": {"kind": "email"}},
        {"reference": {"kind": "email", "value": SECRET, SECRET: 1}},
        {"reference": {"kind": "email", "value": SECRET}, SECRET: 1},
        {"reference": {"kind": SECRET, "value": SECRET}},
        {"reference": {"kind": "email", "value": 7}},
        [],
        None,
    ],
)
def test_a_wrong_look_up_repeats_no_value(standing: Service, body: Any) -> None:
    answer = standing.client.post(
        "/v1/subjects/lookup", content=orjson.dumps(body), headers=standing.bearer("officer") | PURPOSE
    )
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "Zoltan" not in answer.text


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "x-unknown"])
def test_a_compressed_body_is_refused_unread(standing: Service, encoding: str) -> None:
    answer = standing.send(GOOD, **{"Content-Encoding": encoding})
    assert answer.status_code == 415


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused(standing: Service, content_type: str) -> None:
    assert refused(standing, GOOD, content_type).status_code == 415


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(body=st.binary(max_size=300) | st.text(max_size=200).map(str.encode), content_type=st.sampled_from(FORMS))
def test_any_bytes_get_a_problem_and_nothing_is_recorded(standing: Service, body: bytes, content_type: str) -> None:
    blank = not body.strip(b" \t\r\n")
    if blank and content_type.endswith("ndjson"):
        return
    refused(standing, body, content_type)


@SLOW
@given(data=st.data())
def test_an_event_with_one_thing_wrong_is_recorded_as_it_stands_or_not_at_all(
    standing: Service, data: st.DataObject
) -> None:
    document = data.draw(wrong_events("data.disclosed"))
    before = len(standing.entries())
    answer = standing.send(json.dumps(document).encode())  # It writes integers of any size.
    recorded = len(standing.entries()) - before
    assert answer.status_code < 500, answer.text
    assert answer.status_code not in {200, 201} or isinstance(document, dict | list)
    assert recorded == (answer.status_code == 201)


@SLOW
@given(cut=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_an_event_with_one_byte_wrong_never_breaks_the_server(standing: Service, cut: int, byte: int) -> None:
    answer = standing.send(GOOD[:cut] + bytes([byte]) + GOOD[cut + 1 :])
    assert answer.status_code < 500
    assert answer.status_code in {200, 201} or answer.headers["content-type"] == MEDIA_TYPE
