"""What is past its time, over HTTP."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from api.seal_clock import SealClock
from tests.api.conftest import event
from tests.api.test_persons import merged
from tests.api.test_persons_over_logs import World
from tests.api.test_seals import SEALED, lifted, placed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

RULE: dict[str, Any] = {
    "rule": "whosaw:KeepContact", "categories": ["pd:Name", "pd:EmailAddress"], "purposes": [], "trigger": "collected",
    "length": 1, "unit": "years", "action": "erase", "effective_from": "2020-01-01T00:00:00Z",
}  # fmt: skip


def rule(**more: Any) -> dict[str, Any]:
    made = event("retention.rule_set", **(RULE | more))
    del made["data"]["subjects"]
    return made


def old(customer: str = "C-1") -> dict[str, Any]:
    return event("data.collected", customer) | {"time": "2024-03-01T10:00:00-05:00"}


def test_what_is_past_its_time_is_listed_page_by_page_and_asking_is_recorded(service: Service) -> None:
    service.record(rule(), old(), old("C-2"), event("data.collected", "C-3"))
    service.follow(4)
    first = service.ask("/v1/retention?limit=3").json()
    assert [item["due"] for item in first["items"]] == ["2025-03-01"] * 3
    assert all(item["overdue"] and not item["blocked"] for item in first["items"])
    second = service.ask(first["next"]).json()
    assert (len(second["items"]), second["next"]) == (1, None)
    people = {item["subject"] for item in first["items"] + second["items"]}
    assert people == {service.look_up("C-1"), service.look_up("C-2")}
    asked = [each for each in service.entries("ledger.queried") if each["data"]["query"] == "whosaw:QueryRetention"]
    assert [each["data"]["result_count"] for each in asked] == [3, 1]
    assert service.ask("/v1/retention?state=endless").json()["items"] == []
    assert len(service.ask("/v1/retention?state=due&due_before=2030-01-01").json()["items"]) == 6
    assert service.ask("/v1/retention?due_before=2030-01-01").json()["code"] == "invalid-parameter"


def test_one_persons_is_exact_as_of_any_position(service: Service) -> None:
    first, second = service.record(old(), rule())
    service.follow(second["position"])
    path = f"/v1/subjects/{first['stream']}/retention"
    now = service.ask(path).json()
    assert [item["due"] for item in now["items"]] == ["2025-03-01", "2025-03-01"]
    then = service.ask(f"{path}?as_of={first['position']}").json()
    assert [item["due"] for item in then["items"]] == [None, None]


def test_which_order_holds_is_for_who_may_read_holds_and_that_one_does_for_all(service: Service) -> None:
    order: dict[str, Any] = {
        "hold_id": "H-secret",
        "reason": "whosaw:HoldOrder",
        "scope": {},
        "starts": "2026-01-01T00:00:00Z",
    }
    made, _, placed_at, _ = service.record(
        old(), rule(), event("hold.placed", **order), event("hold.placed", customer="C-2", **order)
    )
    service.record(
        event("hold.released", hold_id="H-secret", reason="whosaw:HoldOrder", effective_at="2099-01-01T00:00:00Z")
    )
    last = service.state.ledger.head(0)
    service.follow(last)
    subject = made["stream"]
    for path in ("/v1/retention", "/v1/retention?blocked=true", f"/v1/subjects/{subject}/retention"):
        openly, told = service.ask(path), service.ask(path, "legal")
        assert "H-secret" not in openly.text
        assert "HoldOrder" not in openly.text
        for item in openly.json()["items"]:
            assert (item["blocked"], item["reason"]) == (True, "dpv:LegalObligation")
            assert not {"holds", "blocked_by"} & set(item)
        assert [item["blocked_by"] for item in told.json()["items"]] == [["H-secret"]] * 2
        assert {hold["reason"] for item in told.json()["items"] for hold in item["holds"]} == {"whosaw:HoldOrder"}
    everything = (
        "holdings", "views", "timeline", "account", "holds", "obligations", "requests", "findings?all=true", "queries",
        "account/difference?known_at=2026-01-01T00:00:00Z", "consents",
    )  # fmt: skip
    for what in everything:
        answer = service.ask(f"/v1/subjects/{subject}/{what}")
        assert answer.status_code == 200, (what, answer.text)
        assert not re.search("H-secret|HoldOrder", answer.text), what
    for path in ("/v1/obligations", "/v1/findings", "/v1/accounts/outdated?since=2026-01-01T00:00:00Z"):
        answer = service.ask(path)
        assert answer.status_code == 200, (path, answer.text)
        assert not re.search("H-secret|HoldOrder", answer.text), path
    entries = service.ask(f"/v1/subjects/{subject}/timeline", "legal").json()["items"]
    assert [each["data"]["hold_id"] for each in entries if each["type"].startswith("hold.")] == ["H-secret"] * 2
    openly = service.ask(f"/v1/subjects/{subject}/timeline").json()["items"]
    assert placed_at["position"] in [each["position"] for each in openly if each["type"] == "hold.placed"]


def test_nobody_is_told_to_destroy_what_a_hold_on_its_kind_holds(service: Service) -> None:
    order: dict[str, Any] = {
        "hold_id": "H-1", "reason": "whosaw:Litigation", "scope": {"categories": ["pd:Contact"]},
        "starts": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    made, _, last = service.record(old(), rule(), event("hold.placed", **order))
    service.follow(last["position"])
    for path in ("/v1/obligations", f"/v1/subjects/{made['stream']}/obligations"):
        items = service.ask(path).json()["items"]
        assert [item["categories"] for item in items if item["kind"] == "destroy"] == [["pd:Name"]], path
    mine = service.ask(f"/v1/subjects/{made['stream']}/retention").json()["items"]
    assert {item["category"]: item["blocked"] for item in mine} == {"pd:EmailAddress": True, "pd:Name": False}


def test_who_is_to_be_forgotten_is_not_listed(service: Service) -> None:
    made, last = service.record(old(), rule())
    service.follow(last["position"])
    assert len(service.ask("/v1/retention").json()["items"]) == 2
    answer = service.client.post(
        f"/v1/subjects/{made['stream']}/forget",
        json={"grace_days": 7},
        headers=service.bearer("compliance") | {"Whosaw-Purpose": "whosaw:Erasure"},
    )
    assert answer.status_code in {200, 202}, answer.text
    assert service.ask("/v1/retention").json()["items"] == []


@pytest.mark.parametrize("known", ["openly", "behind the seal alone"])
def test_what_an_order_hid_is_listed_for_all_once_it_has_ended(start: Callable[..., Service], known: str) -> None:
    service = start(forget_seconds=0)
    sealed = old()
    sealed["data"] |= SEALED | {"system": "archive"}
    facts = [old()] if known == "openly" else []
    service.record(rule(), *facts, placed(), sealed)
    service.follow(service.state.ledger.head(0))
    before = service.ask("/v1/retention").json()["items"]
    assert [item["system"] for item in before] == ["crm"] * 2 * len(facts)
    service.record(lifted(datetime(2026, 9, 1, tzinfo=UTC)))
    service.follow(service.state.ledger.head(0))
    SealClock(service.state.ledger, service.state.forgetting, 60).turn()
    service.follow(service.state.ledger.head(0))
    after = service.ask("/v1/retention").json()["items"]
    assert sorted(item["system"] for item in after) == ["archive"] * 2 + ["crm"] * 2 * len(facts)
    [ended] = service.entries("seal.ended")
    assert {item["subject"] for item in after} == {ended["stream"]}
    owed = service.ask("/v1/obligations?kind=destroy").json()["items"]
    assert {item["subject"] for item in owed} == {ended["stream"]}
    # A correction that names nobody touches what was hidden alone, and is read with all that is hers.
    voided = event("event.voided", target={"source": sealed["source"], "id": sealed["id"]}, reason="whosaw:WrongValue")
    del voided["data"]["subjects"]
    [receipt] = service.record(voided)
    service.follow(receipt["position"])
    left = service.ask("/v1/retention").json()["items"]
    assert [item["system"] for item in left] == ["crm"] * 2 * len(facts)


def test_asked_deleted_and_verified_are_asked_for_one_by_one(service: Service) -> None:
    def gone(customer: str, state: str) -> dict[str, Any]:
        return event("data.erased", customer, categories=["pd:Name", "pd:EmailAddress"], mode="erase", state=state)

    service.record(
        *(old(f"C-{number}") for number in range(4)), gone("C-1", "requested"), gone("C-2", "done"),
        gone("C-3", "verified"),
    )  # fmt: skip
    service.follow(7)
    people = {number: service.look_up(f"C-{number}") for number in range(4)}
    for state, number in (("endless", None), ("asked", 1), ("deleted", 2), ("unverified", 2), ("verified", 3)):
        items = service.ask(f"/v1/retention?state={state}").json()["items"]
        assert {each["subject"] for each in items} == ({people[0], people[1]} if number is None else {people[number]})


def test_a_table_without_rows_has_the_header_of_one_with_rows(service: Service) -> None:
    service.record(old())
    service.follow(1)
    empty = service.ask("/v1/retention?state=verified", Accept="text/csv").text
    assert empty.splitlines() == service.ask("/v1/retention?state=endless", Accept="text/csv").text.splitlines()[:1]
    assert empty.startswith("log_id,subject,")


def test_until_when_what_is_held_may_be_kept_goes_by_all_her_names_in_whatever_logs(
    start: Callable[..., Service],
) -> None:
    world = World(start(logs=3, forget_seconds=0))
    first, second, _ = world.names
    world.service.record(rule(trigger="last_collected", categories=["pd:Name"]))
    world.service.record(
        event("data.collected", first, categories=["pd:Name"]) | {"time": "2026-11-02T10:00:00-05:00"},
        event("data.collected", second, categories=["pd:Name"]) | {"time": "2026-11-03T10:00:00-05:00"},
        merged(first, second),
        event("hold.placed", second, hold_id="H-1", reason="whosaw:Litigation", scope={"categories": ["pd:Name"]},
              starts="2026-01-01T00:00:00Z"),
    )  # fmt: skip
    for log_id in (0, 1):
        found = world.ask(log_id, "holdings", role="legal")["items"]
        (name,) = [each for each in found if each["category"] == "pd:Name"]
        assert (name["last"], name["elsewhere"] != []) == ("2026-11-03T10:00:00-05:00", True)
        limit = name["retention"]
        assert (limit["due"], limit["blocked"], limit["blocked_by"]) == ("2027-11-03", True, ["H-1"])


def test_what_is_not_proven_gone_is_listed_until_somebody_verifies_it_and_as_it_was_known(service: Service) -> None:
    def gone(state: str) -> dict[str, Any]:
        return event("data.erased", categories=["pd:Name", "pd:EmailAddress"], mode="erase", state=state)

    def listed(query: str = "") -> list[tuple[str, str, bool]]:
        service.follow(service.state.ledger.head(0))
        items = service.ask(f"/v1/retention?state=unproven{query}").json()["items"]
        return sorted((each["category"], each["state"], each["overdue"]) for each in items)

    service.record(rule(), old(), event("data.collected", "C-3"), gone("done"))
    before = [("pd:EmailAddress", "deleted", False), ("pd:Name", "deleted", False)]
    assert listed() == before, "what was collected lately is not past its time"
    known = service.entries("data.erased")[-1]["appended"].replace("+", "%2B")
    service.record(gone("verified"))
    assert listed() == []
    assert listed(f"&known_at={known}") == before
