"""Obligations over HTTP: what is owed, why, and nothing of what an order forbids to tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import PURPOSE, RECIPIENT, SOURCE, event
from tests.api.test_requests import POLICE, ask, asked, consulted, placed
from tests.api.test_seals import cleared

if TYPE_CHECKING:
    from tests.api.conftest import Service

BANK = RECIPIENT | {"id": "national-bank", "name": "National Bank"}
RECTIFIED = {"categories": ["pd:Name"], "reason": "whosaw:Outdated", "request_ref": None}


def due(trigger: dict[str, Any], recipient: str = "collections-north", **more: Any) -> dict[str, Any]:
    data = {
        "notification_id": "N-1", "trigger": {"source": SOURCE, "id": trigger["id"]}, "change": "rectified",
        "recipient_id": recipient, "categories": ["pd:Name"], "due": "2026-11-15",
    }  # fmt: skip
    return event("recipient.notification_due", **data | more)


def owed(service: Service, query: str = "", role: str = "officer") -> list[tuple[Any, ...]]:
    answer = ask(service, f"/v1/obligations{query}", role)
    assert answer.status_code == 200, answer.text
    return [(each["kind"], each["state"], each["recipient"]) for each in answer.json()["items"]]


@pytest.fixture
def desk(service: Service) -> Service:
    corrected = event("data.rectified", **RECTIFIED)
    service.record(
        event("data.disclosed"),
        event("data.disclosed", recipient=BANK),
        corrected,
        due(corrected),
        asked("soon", datetime.now(UTC) - timedelta(days=20), "C-2"),
    )
    return service


def test_what_is_owed_comes_by_due_date_with_its_history(desk: Service) -> None:
    answer = ask(desk, "/v1/obligations").json()
    silent, told, request = answer["items"]
    assert (told["kind"], told["recipient"], told["due"], told["standing"]) == (
        "tell_recipient", "collections-north", "2026-11-15", "overdue",
    )  # fmt: skip
    assert (told["positions"], told["notification"], len(told["id"])) == ([1, 3, 4], "N-1", 16)
    assert (request["kind"], request["standing"], request["positions"]) == ("answer_request", "running", [5])
    assert (silent["recipient"], silent["standing"], silent["deadline"]["pack"]) == (
        "national-bank", "watched", "ca-pipeda",
    )  # fmt: skip
    assert owed(desk, "?recipient=national-bank&state=open") == [("tell_recipient", "open", "national-bank")]
    assert owed(desk, f"?due_before={request['due']}&kind=tell_recipient") == [
        ("tell_recipient", "open", "national-bank"), ("tell_recipient", "open", "collections-north"),
    ]  # fmt: skip
    # What is due without delay is in every day's queue.
    assert owed(desk, "?due_before=2099-01-01") == owed(desk)
    assert owed(desk, "?at=2020-01-01T00:00:00Z") == []
    assert ask(desk, "/v1/obligations?kind=lost").status_code == 422
    pages, path = list[Any](), "/v1/obligations?limit=1"
    while path:
        page = ask(desk, path).json()
        pages += page["items"]
        path = page["next"]
    assert [each["id"] for each in pages] == [each["id"] for each in answer["items"]]
    assert ask(desk, "/v1/obligations", Accept="text/csv").text.startswith("id,kind,state,standing,")
    assert len(ask(desk, "/v1/obligations", Accept="application/x-ndjson").text.splitlines()) == 3


def test_about_one_person_as_of_any_position(desk: Service) -> None:
    path = f"/v1/subjects/{desk.look_up('C-1')}/obligations"
    assert [each["recipient"] for each in ask(desk, path).json()["items"]] == ["collections-north", "national-bank"]
    (first, second) = ask(desk, f"{path}?as_of=3").json()["items"]
    assert {first["notification"], second["notification"]} == {None}
    assert ask(desk, f"{path}?as_of=2").json()["items"] == []
    assert ask(desk, f"{path}?as_of=3").content == ask(desk, f"{path}?as_of=3").content


def test_a_notice_is_told_without_a_name_once_she_is_to_be_forgotten(desk: Service) -> None:
    subject = desk.look_up("C-1")
    forget = {**desk.bearer("compliance"), **PURPOSE}
    assert desk.client.post(f"/v1/subjects/{subject}/forget", headers=forget, json={}).status_code < 300
    answer = ask(desk, "/v1/obligations?kind=tell_recipient")
    # And whom nobody was told of yet, which her forgetting waits for.
    assert [(each["subject"], each["recipient"], each["notification"]) for each in answer.json()["items"]] == [
        (None, "national-bank", None), (None, "collections-north", "N-1"),
    ]  # fmt: skip
    assert subject not in answer.text
    assert ask(desk, f"/v1/subjects/{subject}/obligations").status_code == 404


def test_an_incident_about_nobody_obliges_too(service: Service) -> None:
    found = event(
        "incident.detected", incident_id="I-1", categories=["pd:Name"], circumstances=["whosaw:Loss"], since=None,
        until=None, aware_at="2026-11-01T10:00:00-05:00", jurisdiction="loc:CA-QC",
    )  # fmt: skip
    del found["data"]["subjects"]
    judged = event("incident.assessed", incident_id="I-1", serious=True, factors=["whosaw:SensitiveData"])
    del judged["data"]["subjects"]
    service.record(found, judged)
    assert {kind for kind, *_ in owed(service)} == {
        "assess_incident", "notify_regulator", "notify_persons", "keep_record",
    }  # fmt: skip
    assert owed(service, "?kind=assess_incident") == [("assess_incident", "discharged", None)]


def test_an_objection_obliges_to_tell_the_commissioner_and_to_withhold_what_she_could_still_read(
    service: Service,
) -> None:
    """PIPEDA, s. 9(2.4)."""
    police = RECIPIENT | POLICE
    now = datetime.now(UTC).replace(microsecond=0)
    shown = event("data.disclosed", recipient=police) | {"time": (now - timedelta(days=60)).isoformat()}
    asked_first = asked("first", now - timedelta(days=20))
    objected = event("institution.answered", request_id="first", institution=POLICE, objection=True,
                     ground="ca-pipeda:9-2.3", seal_ref="S-1") | {"time": now.isoformat()}  # fmt: skip
    first, *_ = service.record(event(), placed(), asked_first, shown, consulted("first", now - timedelta(days=9)))
    her, path = f"/v1/subjects/{first['stream']}/obligations", "/v1/obligations"
    before = [ask(service, each).json()["items"] for each in (path, her)]
    service.record(objected)
    assert [ask(service, each).json()["items"] for each in (path, her)] == before

    def kinds(path: str, authority: str) -> set[tuple[str, str, str]]:
        service.follow(service.state.ledger.head(0))
        answer = service.client.get(f"{path}?sealed=true", headers=cleared(service, authority))
        assert service.entries("ledger.queried")[-1]["data"]["visibility"] == "sealed"
        found = answer.json()["items"]
        assert path == her or {each["subject"] for each in found} <= {first["stream"]}
        return {(each["kind"], each["state"], each["recipient"]) for each in found if each["recipient"]}

    open_one = ("tell_commissioner", "open", "city-police")
    assert kinds(path, "city-police") == {open_one}
    assert kinds(path, "*") == {open_one}
    assert kinds(path, "another") == set()
    assert kinds(her, "city-police") == {open_one, ("withhold_disclosure", "open", "city-police")}
    # It is told, and what stood open is voided, and stands behind the order.
    told = objected | {"id": "again", "data": objected["data"] | {"commissioner_told_at": now.isoformat()}}
    target = {"source": shown["source"], "id": shown["id"]}
    service.record(told, event("event.voided", target=target, reason="whosaw:WrongContent", system=None))
    assert kinds(her, "city-police") == {("tell_commissioner", "discharged", "city-police")}


def test_what_a_sealed_fact_obliges_to_is_told_to_the_cleared_alone(service: Service) -> None:
    sealed = event("data.disclosed", basis="ca-pipeda:7-3-e", visibility="sealed", seal_ref="S-1", recipient=BANK)
    first, *_ = service.record(event(), placed(), sealed, event("data.rectified", **RECTIFIED))
    path = f"/v1/subjects/{first['stream']}/obligations"
    assert owed(service) == []
    assert ask(service, path).json()["items"] == []
    for authority, expected in (("city-police", {"inform_person", "tell_recipient"}), ("another", set[str]())):
        answer = service.client.get(f"{path}?sealed=true", headers=cleared(service, authority))
        assert {each["kind"] for each in answer.json()["items"]} == expected
        assert service.entries("ledger.queried")[-1]["data"]["visibility"] == "sealed"
    assert service.ask("/v1/obligations?sealed=true").status_code == 403
