"""One person under several names, and facts that do not count any more: what every answer makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import PURPOSE, SOURCE, event
from tests.api.test_forgetting import forget

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

PATHS = ("holdings", "disclosures", "views", "timeline", "account")


def about(*customers: str) -> list[dict[str, Any]]:
    return [{"reference": {"kind": "customer", "value": each}, "role": "whosaw:Alias"} for each in customers]


def merged(*customers: str) -> dict[str, Any]:
    return event(
        "subject.merged", subjects=about(*customers), method="whosaw:StaffMatch", confidence="certain", system=None
    )


def split(merge: dict[str, Any], *customers: str) -> dict[str, Any]:
    undoes = {"source": SOURCE, "id": merge["id"]}
    return event(
        "subject.split", subjects=about(*customers), undoes=undoes, method="whosaw:StaffMatch", confidence="certain"
    )


def answers(
    service: Service, subject: str, at: int, paths: tuple[str, ...] = PATHS, view: str = "current"
) -> dict[str, Any]:
    return {
        path: service.ask(f"/v1/subjects/{subject}/{path}?as_of={at}&view={view}", "compliance").content
        for path in paths
    }


def places(service: Service, subject: str, what: str = "disclosures", view: str = "current") -> list[int]:
    head = service.state.ledger.head(0)
    answer = service.ask(f"/v1/subjects/{subject}/{what}?min_position={head}&view={view}", "compliance")
    assert answer.status_code == 200, answer.text
    return [each["position"] for each in answer.json()["items"]]


def test_a_merge_joins_answers_and_earlier_ones_stay_byte_for_byte(service: Service) -> None:
    one, two = service.record(event("data.disclosed", customer="C-1"), event("data.disclosed", customer="C-2"))
    service.follow(2)
    before = answers(service, one["stream"], 2)
    merge = merged("C-1", "C-2")
    service.record(merge)
    assert places(service, one["stream"]) == places(service, two["stream"]) == [2, 1]
    assert answers(service, one["stream"], 2) == before
    head = service.state.ledger.head(0)
    account = service.ask(f"/v1/subjects/{two['stream']}/account?min_position={head}").json()
    assert len(account["disclosures"]) == 2
    service.record(split(merge, "C-1", "C-2"))
    assert places(service, one["stream"]) == [1]
    assert places(service, two["stream"]) == [2]


def test_a_chain_of_merges_is_one_person_and_pages_go_through_all_of_it(service: Service) -> None:
    made = service.record(*(event("data.disclosed", customer=f"C-{number % 3}") for number in range(9)))
    service.record(merged("C-0", "C-1"), merged("C-1", "C-2"))
    subject, head = made[2]["stream"], service.state.ledger.head(0)
    path: str | None = f"/v1/subjects/{subject}/disclosures?limit=2&min_position={head}"
    found: list[int] = []
    while path:
        page = service.ask(path).json()
        found += [each["position"] for each in page["items"]]
        path = page.get("next")
    assert found == list(range(9, 0, -1))


def test_a_split_takes_whom_it_names_out_of_a_merge_seen_from_either_side(service: Service) -> None:
    made = service.record(*(event("data.disclosed", customer=f"C-{number}") for number in (1, 2, 3)))
    merge = merged("C-1", "C-2", "C-3")
    service.record(merge, split(merge, "C-1", "C-4"))
    assert [places(service, each["stream"]) for each in made] == [[1], [3, 2], [3, 2]]


def test_forgetting_one_after_a_wrong_merge_leaves_the_other_whole(service: Service) -> None:
    one, two = service.record(event("data.disclosed", customer="C-1"), event("data.disclosed", customer="C-2"))
    service.follow(2)
    before = answers(service, two["stream"], 2)
    service.record(merged("C-1", "C-2"))
    service.follow(service.state.ledger.head(0))
    assert forget(service, one["stream"], grace_days=0).json()["state"] == "destroyed"
    assert places(service, two["stream"]) == [2]
    assert answers(service, two["stream"], 2) == before
    assert service.look_up("C-2") == two["stream"]


def test_a_revoked_alias_is_nobody_in_the_answers_of_the_other(service: Service) -> None:
    one, two = service.record(event("data.disclosed", customer="C-1"), event("data.disclosed", customer="C-2"))
    service.record(merged("C-1", "C-2"))
    service.follow(service.state.ledger.head(0))
    assert forget(service, one["stream"]).json()["state"] == "revoked"
    assert places(service, two["stream"]) == [2]


def test_a_revoked_alias_is_nobody_in_answers_about_everybody_and_takes_nobody_with_her(service: Service) -> None:
    one, two = service.record(event(customer="C-1"), event("data.collected", customer="C-2"))
    service.record(merged("C-1", "C-2"))

    def kept() -> list[tuple[str, tuple[int, ...]]]:
        service.follow(service.state.ledger.head(0))
        items = service.ask("/v1/retention?state=endless").json()["items"]
        return sorted({(each["subject"], tuple(each["positions"])) for each in items})

    ((_, both),) = kept()
    assert both == (1, 2)
    for gone, there in ((one, two), (two, one)):
        assert forget(service, gone["stream"]).json()["state"] == "revoked"
        assert kept() == [(there["stream"], (there["position"],))]
        path = f"/v1/subjects/{gone['stream']}/forget"
        assert service.client.delete(path, headers=service.bearer("compliance") | PURPOSE).status_code == 200
        assert [each for _, each in kept()] == [(1, 2)]


def test_who_was_one_through_somebody_forgotten_stands_alone_again(service: Service) -> None:
    one, *_ = service.record(*(event(customer=each) for each in ("C-1", "C-2", "C-3")))
    service.record(merged("C-1", "C-2"), merged("C-1", "C-3"))

    def kept() -> set[tuple[int, ...]]:
        service.follow(service.state.ledger.head(0))
        return {tuple(each["positions"]) for each in service.ask("/v1/retention?state=endless").json()["items"]}

    assert kept() == {(1, 2, 3)}
    assert forget(service, one["stream"]).json()["state"] == "revoked"
    assert kept() == {(2, 3)}
    path = f"/v1/subjects/{one['stream']}/forget"
    assert service.client.delete(path, headers=service.bearer("compliance") | PURPOSE).status_code == 200
    assert forget(service, one["stream"], grace_days=0).json()["state"] == "destroyed"
    assert kept() == {(2,), (3,)}


def test_a_hold_on_an_alias_holds_her_too(service: Service) -> None:
    one, _two = service.record(event("data.disclosed", customer="C-1"), event("data.disclosed", customer="C-2"))
    hold = {"hold_id": "H-1", "reason": "whosaw:Litigation", "scope": {}, "starts": "2026-01-01T00:00:00Z"}
    service.record(event("hold.placed", customer="C-2", **hold), merged("C-1", "C-2"))
    service.follow(service.state.ledger.head(0))
    assert service.ask(f"/v1/subjects/{one['stream']}/holds").json()["held"] is True
    assert forget(service, one["stream"], grace_days=0).json()["state"] == "deferred"


def correction(kind: str, target: dict[str, Any], customer: str = "C-1", **more: Any) -> dict[str, Any]:
    wanted = {"target": {"source": SOURCE, "id": target["id"]}, "reason": "whosaw:WrongContent", "system": None}
    if kind == "event.corrected":
        wanted["changed"] = ["/categories"]
    return event(kind, customer=customer, **wanted | more)


def test_what_is_voided_is_gone_by_default_and_there_as_it_was_stated(service: Service) -> None:
    wrong, right = event("data.disclosed"), event("data.disclosed")
    made, *_ = service.record(wrong, right)
    service.follow(2)
    before = answers(service, made["stream"], 2)
    service.record(correction("event.voided", wrong))
    assert places(service, made["stream"]) == [2]
    assert places(service, made["stream"], view="stated") == [2, 1]
    assert places(service, made["stream"], view="audit") == [2, 1]
    assert answers(service, made["stream"], 2) == before


def test_a_services_series_counts_what_counts_and_each_look_once(service: Service) -> None:
    used = {"categories": ["pd:Name"], "purposes": ["dpv:PaymentManagement"], "basis": None, "automated": False}
    wrong = event("data.used", **used)
    made, *_ = service.record(event("data.used", **used), wrong, event("data.used", **used))
    both = event("data.used", subjects=about("C-1", "C-2"), **used)
    service.record(correction("event.voided", wrong), both, event("data.used", **used), merged("C-1", "C-2"))
    service.follow(service.state.ledger.head(0))
    found = service.ask(f"/v1/subjects/{made['stream']}/views?view=current").json()["items"]
    assert [(each["act"], each["facts"]) for each in found] == [("data.used", 4)]


def test_a_correction_with_a_replacement_shows_the_replacement(service: Service) -> None:
    wrong, right = event("data.disclosed"), event("data.disclosed", categories=["pd:EmailAddress"])
    made, *_ = service.record(wrong, right)
    service.record(correction("event.corrected", wrong, replaced_by={"source": SOURCE, "id": right["id"]}))
    assert places(service, made["stream"]) == [2]


def test_a_sealed_correction_about_nobody_shows_in_no_open_answer(service: Service) -> None:
    right = event("data.disclosed")
    hidden = correction("event.voided", right, visibility="sealed", seal_ref="S-1")
    del hidden["data"]["subjects"]
    made, _ = service.record(right, hidden)
    assert places(service, made["stream"]) == [1]
    service.follow(2)
    assert {each["position"] for each in service.ask("/v1/findings").json()["items"]} == {1}
    received = service.ask("/v1/recipients/collections-north/disclosures").json()["items"]
    assert [each["position"] for each in received] == [1]


def test_voiding_the_correction_brings_the_fact_back(service: Service) -> None:
    wrong = event("data.disclosed")
    voiding = correction("event.voided", wrong)
    made, *_ = service.record(wrong, voiding, correction("event.voided", voiding))
    assert places(service, made["stream"]) == [1]


def test_a_correction_that_came_before_its_target_counts(service: Service) -> None:
    late = event("data.disclosed")
    made, *_ = service.record(correction("event.voided", late), late)
    assert places(service, made["stream"]) == []


def test_a_correction_about_somebody_else_does_nothing(service: Service) -> None:
    fact = event("data.disclosed")
    made, *_ = service.record(fact, correction("event.voided", fact, customer="C-2"))
    assert places(service, made["stream"]) == [1]


def test_a_fact_about_the_wrong_person_is_gone_as_stated_too_and_is_not_exported(service: Service) -> None:
    wrong = event("data.disclosed")
    made, *_ = service.record(event(), wrong)
    service.record(correction("event.voided", wrong, reason="whosaw:WrongSubject"))
    assert places(service, made["stream"]) == places(service, made["stream"], view="stated") == []
    assert places(service, made["stream"], view="audit") == [2]
    path = f"/v1/subjects/{made['stream']}/exports"
    answer = service.client.post(path, headers=service.bearer("officer") | PURPOSE)
    assert (answer.status_code, answer.json()["code"]) == (409, "not-exportable")
    assert "at 2; a bundle can be made as of 1" in answer.json()["detail"]
    # What it says to do instead can be done.
    headers = service.bearer("officer") | PURPOSE
    assert service.client.post(f"{path}?as_of=1", headers=headers).status_code == 201
    issued = service.client.post(
        f"/v1/subjects/{made['stream']}/accounts", headers=headers | {"Accept": "application/json"}
    )
    assert issued.status_code == 201
    entries = [each["position"] for each in issued.json()["proof"]["entries"]]
    assert 1 in entries
    assert 2 not in entries
    for position in entries:
        proof = service.client.get(
            f"/v1/logs/0/proofs/inclusion?position={position}", headers=service.bearer("officer")
        )
        assert proof.status_code == 200, proof.text


def test_a_voiding_of_what_was_never_hers_keeps_no_export_from_her(service: Service) -> None:
    hers, other = event(), event(customer="C-2")
    made, *_ = service.record(hers, other, correction("event.voided", other, reason="whosaw:WrongSubject"))
    mistaken = correction("event.voided", hers, reason="whosaw:WrongSubject")
    service.record(mistaken, correction("event.voided", mistaken))
    service.follow(service.state.ledger.head(0))
    path = f"/v1/subjects/{made['stream']}/exports"
    answer = service.client.post(path, headers=service.bearer("officer") | PURPOSE)
    assert answer.status_code == 201, answer.text


def test_a_correction_that_names_nobody_counts(service: Service) -> None:
    wrong = event("data.disclosed")
    voiding = correction("event.voided", wrong)
    del voiding["data"]["subjects"]
    made, *_ = service.record(wrong, voiding)
    assert places(service, made["stream"]) == []


@pytest.mark.parametrize("together", [True, False])
def test_a_voiding_that_names_the_right_person_takes_it_from_the_wrong_one_at_once(
    service: Service, *, together: bool
) -> None:
    wrong = event("data.disclosed")
    voiding = correction("event.voided", wrong, reason="whosaw:WrongSubject", customer="C-2")
    if together:
        made, *_ = service.record(wrong, voiding)
    else:
        (made,) = service.record(wrong)
        assert places(service, made["stream"]) == [1]
        service.record(voiding)
    assert places(service, made["stream"]) == places(service, made["stream"], view="stated") == []
    assert places(service, made["stream"], view="audit") == [1]
    assert [each["subjects"] for each in incidents(service)] == [[made["stream"]]]
    assert service.send(voiding).json()["repeated"], "sent again, it is the same"
    # Whoever takes it back, and whomever she names: it counts again, and is no incident.
    service.record(correction("event.voided", voiding, customer="C-3"))
    assert places(service, made["stream"]) == [1]
    assert incidents(service) == []


def test_a_voiding_for_another_reason_or_behind_a_seal_counts_for_whom_it_names_alone(service: Service) -> None:
    fact = event("data.disclosed")
    made, *_ = service.record(
        fact, event(customer="C-2"), correction("event.voided", fact, customer="C-2"),
        correction("event.voided", fact, reason="whosaw:WrongSubject", customer="C-2", visibility="sealed"),
    )  # fmt: skip
    assert places(service, made["stream"]) == [1]


def test_a_voiding_that_names_one_who_was_forgotten_takes_it_from_nobody_else(service: Service) -> None:
    campaign = event("data.disclosed", subjects=about("C-1", "C-2"))
    one, two, *_ = service.record(event(), event(customer="C-2"), campaign)
    forget(service, two["stream"], grace_days=0)
    service.record(correction("event.voided", campaign, reason="whosaw:WrongSubject", customer="C-2"))
    assert places(service, one["stream"]) == [3]


def incidents(service: Service, role: str = "compliance", query: str = "") -> list[dict[str, Any]]:
    service.follow(service.state.ledger.head(0))
    answer = service.ask(f"/v1/incidents/possible{query}", role)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_a_fact_about_the_wrong_person_is_a_possible_incident_until_it_turns_out_right(service: Service) -> None:
    wrong = event("data.disclosed")
    made, *_ = service.record(wrong, event("data.disclosed"))
    assert incidents(service) == []
    path = f"/v1/subjects/{made['stream']}/accounts"
    issued = service.client.post(path, headers=service.bearer("officer") | PURPOSE)
    service.record(correction("event.voided", wrong))
    assert incidents(service) == [], "voided, but for another reason"
    mistaken = correction("event.voided", wrong, reason="whosaw:WrongSubject")
    (voided,) = service.record(mistaken)
    (found,) = incidents(service)
    assert (found["position"], found["type"], found["corrected"]) == (1, "data.disclosed", voided["position"])
    assert found["subjects"] == [made["stream"]]
    assert found["accounts"] == [issued.headers["whosaw-account"]]
    assert found["looks"] == 1
    service.record(correction("event.voided", mistaken))
    assert incidents(service) == []


def test_of_several_people_the_one_that_the_voiding_names_is_the_wrong_one(service: Service) -> None:
    campaign = event("data.disclosed", subjects=about("C-1", "C-2"))
    mistaken = correction("event.voided", campaign, reason="whosaw:WrongSubject", customer="C-2")
    one, two, *_ = service.record(event(), event(customer="C-2"), campaign, mistaken)
    assert [each["subjects"] for each in incidents(service)] == [[two["stream"]]]
    assert places(service, one["stream"]) == [3]
    assert places(service, two["stream"]) == []


@pytest.mark.parametrize("days", [7, 0])
def test_a_possible_incident_names_nobody_who_was_forgotten_or_is_to_be(
    start: Callable[..., Service], days: int
) -> None:
    service = start(forget_seconds=0)
    lone, campaign = event("data.disclosed"), event("data.disclosed", subjects=about("C-1", "C-2"))
    target = {"source": SOURCE, "id": lone["id"]}
    nobodys = event("event.voided", target=target, reason="whosaw:WrongSubject", system=None)
    nobodys["data"].pop("subjects")
    made, other, *_ = service.record(
        lone, event(customer="C-2"), campaign, nobodys, correction("event.voided", lone, reason="whosaw:WrongSubject"),
        correction("event.voided", campaign, reason="whosaw:WrongSubject", subjects=about("C-1", "C-2")),
    )  # fmt: skip
    one, two = made["stream"], other["stream"]
    assert [sorted(each["subjects"]) for each in incidents(service)] == [[one], [one], sorted([one, two])]
    forget(service, one, grace_days=days)
    assert [each["subjects"] for each in incidents(service)] == [[two]]
    forget(service, two, grace_days=days)
    assert incidents(service) == []


def test_a_possible_incident_behind_a_seal_is_for_the_cleared_alone(service: Service) -> None:
    sealed = {"visibility": "sealed", "seal_ref": "S-1"}
    wrong = event("data.disclosed", **sealed)
    service.record(event(), wrong, correction("event.voided", wrong, reason="whosaw:WrongSubject", **sealed))
    assert incidents(service) == []
    service.keys["legal"] = service.issue(("disclosures:read", "seals:read", "seal:*"))
    (found,) = incidents(service, "legal", "?sealed=true")
    assert (found["position"], found["seals"]) == (2, ["S-1"])
    assert service.ask("/v1/incidents/possible?sealed=true", "officer").status_code == 403


@pytest.mark.parametrize(
    ("role", "view", "status"), [("legal", "audit", 403), ("legal", "stated", 200), ("legal", "all", 422)]
)
def test_a_view_is_one_that_the_key_may_have(service: Service, role: str, view: str, status: int) -> None:
    (made,) = service.record(event())
    assert service.ask(f"/v1/subjects/{made['stream']}/timeline?view={view}", role).status_code == status


def voiding(source: str) -> dict[str, Any]:
    target = {"source": source, "id": "e-1"}
    return event("event.voided", target=target, reason="whosaw:NeverHappened", system=None)


def test_nobody_corrects_anothers_event_without_the_scope_and_nobody_the_ledgers_own(service: Service) -> None:
    own, foreign, ledgers = (voiding(source) for source in (SOURCE, "/services/crm", "/whosaw/api"))
    assert service.send(own).status_code == 201
    answer = service.send([own, foreign])
    assert (answer.status_code, answer.json()["code"]) == (403, "not-yours")
    assert answer.json()["errors"][0]["pointer"] == "/1/data/target/source"
    assert service.send(foreign).json()["errors"][0]["pointer"] == "/data/target/source"
    service.keys["emitter"] = service.issue(("events:write", "events:correct"))
    assert service.send(foreign).status_code == 201
    assert service.send(ledgers).status_code == 403
    assert len(service.entries("event.voided")) == 2
