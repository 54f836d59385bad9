"""Recording over HTTP: every form of CloudEvents, repeats, conflicts, batches."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.api.conftest import RECIPIENT, SOURCE, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


def cloud_event(document: dict[str, Any]) -> CloudEvent:
    """Return an event as the CloudEvents project's own package has it."""
    attributes = {name: value for name, value in document.items() if name != "data"}
    attributes["time"] = datetime.fromisoformat(attributes["time"])
    attributes["datacontenttype"] = "application/json"
    return CloudEvent(attributes, document["data"])


def test_events_in_binary_mode_are_those_of_the_reference_package(service: Service) -> None:
    document = event()
    message = http.to_binary_event(cloud_event(document))
    answer = service.client.post(
        "/v1/events", content=message.body, headers=service.bearer("emitter") | message.headers
    )
    assert answer.status_code == 201, answer.text
    (entry,) = service.entries()
    assert (entry["id"], entry["source"], entry["type"]) == (document["id"], SOURCE, "data.collected")


def test_events_in_structured_mode_are_those_of_the_reference_package(service: Service) -> None:
    document = event()
    message = http.to_structured_event(cloud_event(document))
    answer = service.client.post(
        "/v1/events", content=message.body, headers=service.bearer("emitter") | message.headers
    )
    assert answer.status_code == 201, answer.text
    assert service.entries()[0]["id"] == document["id"]


def test_a_batch_is_what_the_reference_package_writes_one_after_the_other(service: Service) -> None:
    documents = [event(customer=f"C-{number}") for number in range(3)]
    body = b"[" + b",".join(bytes(JSONFormat().write(cloud_event(each))) for each in documents) + b"]"
    answer = service.send(body, BATCHED)
    assert answer.status_code == 201, answer.text
    assert [receipt["id"] for receipt in answer.json()["receipts"]] == [each["id"] for each in documents]


def forms(document: dict[str, Any]) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Return one event in each form that we read."""
    attributes = {f"ce-{name}": str(value) for name, value in document.items() if name != "data"}
    whole = orjson.dumps(document)
    pretty = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    plain = {name: value for name, value in document.items() if name != "specversion"}
    return {
        "structured": (whole, {"Content-Type": STRUCTURED}),
        "structured, charset stated": (pretty, {"Content-Type": f"{STRUCTURED}; charset=UTF-8"}),
        "binary": (orjson.dumps(document["data"]), attributes | {"Content-Type": "application/json"}),
        "batched": (b"[" + whole + b"]", {"Content-Type": BATCHED}),
        "plain JSON": (orjson.dumps(plain), {"Content-Type": "application/json"}),
        "plain JSON array": (b" [" + whole + b"]\n", {"Content-Type": "application/json"}),
        "lines": (whole + b"\r\n\n", {"Content-Type": "application/x-ndjson"}),
    }


@pytest.mark.parametrize("first", sorted(forms(event())))
def test_one_event_is_the_same_in_every_form(service: Service, first: str) -> None:
    found = forms(event() | {"sequence": 7, "correlationid": "c-1"})
    key = service.bearer("emitter")
    body, headers = found.pop(first)
    answer = service.client.post("/v1/events", content=body, headers=key | headers)
    assert answer.status_code == 201, answer.text
    receipt = (answer.json().get("receipts") or [answer.json()])[0]
    for form, (again, named) in found.items():
        repeat = service.client.post("/v1/events", content=again, headers=key | named)
        assert repeat.status_code == 200, f"{form}: {repeat.text}"
        assert repeat.headers["idempotent-replay"] == "true"
        assert (repeat.json().get("receipts") or [repeat.json()])[0] == receipt | {"repeated": True}
    assert len(service.entries()) == 1


def test_header_values_in_binary_mode_are_percent_encoded(service: Service) -> None:
    document = event()
    headers = {f"ce-{name}": str(value) for name, value in document.items() if name != "data"}
    headers |= {"ce-source": "%2Fservices%2Fbilling", "ce-type": '"data.collected"', "Content-Type": "application/json"}
    answer = service.client.post(
        "/v1/events", content=orjson.dumps(document["data"]), headers=service.bearer("emitter") | headers
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"ce-id": None}, 422),
        ({"ce-type": "data.unheard"}, 422),
        ({"ce-sequence": "%C2%B2"}, 422),
        ({"ce-sequence": "9" * 5_000}, 422),
        ({"ce-sequence": "9" * 30}, 422),
        ({"ce-sequence": "-1"}, 422),
        ({"ce-time": "yesterday"}, 422),
        ({"ce-surprise": "x"}, 422),
        ({"ce-data": "{}"}, 400),
        ({"ce-id": "%ff"}, 400),
        ({"ce-no_name": "x"}, 400),
        ({"ce-datacontenttype": "text/plain"}, 400),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
    ],
)
def test_wrong_headers_in_binary_mode_are_refused(standing: Service, change: dict[str, Any], status: int) -> None:
    document = event()
    headers = {f"ce-{name}": str(value) for name, value in document.items() if name != "data"}
    headers = {**headers, "Content-Type": "application/json", **change}
    sent = {name: value for name, value in headers.items() if value is not None}
    before = len(standing.entries())
    answer = standing.client.post(
        "/v1/events", content=orjson.dumps(document["data"]), headers=standing.bearer("emitter") | sent
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(standing.entries()) == before


def test_an_attribute_given_twice_is_refused(standing: Service) -> None:
    document = event()
    headers = [(f"ce-{name}", str(value)) for name, value in document.items() if name != "data"]
    headers += [("ce-id", "another"), ("content-type", "application/json"), *standing.bearer("emitter").items()]
    answer = standing.client.post("/v1/events", content=orjson.dumps(document["data"]), headers=headers)
    assert answer.status_code == 400


def test_a_receipt_says_where_the_fact_stands(service: Service) -> None:
    answer = service.send(event())
    receipt = answer.json()
    assert answer.headers["location"] == f"/v1/logs/0/entries/{receipt['position']}"
    assert answer.headers["ledger-position"] == f"0:{receipt['position']}"
    (entry,) = service.entries()
    for member in ("source", "id", "log", "position", "stream", "sequence", "appended"):
        assert receipt[member] == entry[member]
    assert receipt["repeated"] is False


@pytest.mark.parametrize("logs", [1, 3])
def test_a_batch_sent_again_gets_its_first_receipts(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    batch = [event(customer=f"C-{number}") for number in range(20)]
    first = service.send(batch)
    again = service.send(batch)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    assert [receipt | {"repeated": False} for receipt in again.json()["receipts"]] == first.json()["receipts"]
    mixed = service.send([*batch, event()])
    assert mixed.status_code == 201
    assert [receipt["repeated"] for receipt in mixed.json()["receipts"]] == [True] * 20 + [False]
    assert len(service.entries()) == 21


def test_an_id_used_for_another_event_is_a_conflict(service: Service) -> None:
    first = event()
    service.record(first)
    other = {**first, "data": {**first["data"], "categories": ["pd:Age"]}}
    alone = service.send(other)
    assert alone.status_code == 409
    assert [(each["pointer"], each["code"]) for each in alone.json()["errors"]] == [("", "event-conflict")]
    batch = service.send([event(), other, event()])
    assert batch.status_code == 409
    assert [each["pointer"] for each in batch.json()["errors"]] == ["/1"]
    assert len(service.entries()) == 1


def test_one_batch_may_not_use_an_id_twice_for_different_events(service: Service) -> None:
    first = event()
    other = {**first, "data": {**first["data"], "categories": ["pd:Age"]}}
    answer = service.send([first, other])
    assert answer.status_code == 409
    assert service.entries() == []
    twice = service.send([first, first])
    assert twice.status_code == 201
    one, two = twice.json()["receipts"]
    assert one["position"] == two["position"]
    assert len(service.entries()) == 1


def test_every_error_of_a_batch_is_listed_and_nothing_is_recorded(service: Service) -> None:
    right = event()
    wrong = event(recipient=RECIPIENT)
    wrong["time"] = "2026-02-30T00:00:00Z"
    missing = {name: value for name, value in event().items() if name != "id"}
    answer = service.send([right, wrong, missing, 7])
    assert answer.status_code == 422
    pointers = {each["pointer"] for each in answer.json()["errors"]}
    assert {"/1/time", "/1/data/recipient", "/2/id", "/3"} <= pointers
    assert not [pointer for pointer in pointers if pointer.startswith("/0")]
    assert service.entries() == []


def test_an_entry_that_would_be_too_large_is_named(service: Service) -> None:
    large = event("data.disclosed", private={"note": "x" * 4_000}, categories=[f"pd:Category{'x' * 90}"] * 600)
    answer = service.send([event(), large])
    assert answer.status_code == 422, answer.text
    assert all(each["pointer"].startswith("/1/") for each in answer.json()["errors"])
    assert service.entries() == []


def test_a_batch_of_nothing_is_answered_with_nothing(standing: Service) -> None:
    answer = standing.send([])
    assert answer.status_code in {200, 422}


def test_more_events_than_a_request_may_hold_are_refused_in_every_form(start: Callable[..., Service]) -> None:
    service = start(max_batch_events=3)
    four = [event() for _ in range(4)]
    lines = b"\n".join(orjson.dumps(each) for each in four)
    for answer in (service.send(four), service.send(four, BATCHED), service.send(lines, "application/x-ndjson")):
        assert answer.status_code == 413
        assert answer.json()["code"] == "too-large"
    assert service.entries() == []


def test_a_disclosure_about_many_is_one_call_and_each_ones_answer_shows_it(service: Service) -> None:
    many = [{"reference": {"kind": "customer", "value": f"C-{n}"}, "role": "dpv:Customer"} for n in range(100_000)]
    answer = service.send(event("data.disclosed", subjects=many))
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    (entry,) = service.entries()
    assert entry["cohort"]["size"] == 100_000
    for customer in ("C-0", "C-777", "C-99999"):
        subject = service.look_up(customer)
        path = f"/v1/subjects/{subject}/disclosures?min_position={receipt['position']}"
        (given,) = service.ask(path).json()["items"]
        assert given["leaf"] == receipt["leaf"]
    assert service.send(event("data.disclosed", subjects=many) | {"id": entry["id"]}).status_code == 200
