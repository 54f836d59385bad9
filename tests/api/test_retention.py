"""What is past its time, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.api.conftest import event

if TYPE_CHECKING:
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
    assert all(item["overdue"] and item["blocked_by"] == [] for item in first["items"])
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
