"""Forgetting as the compliance officer does it: decided, held, taken back, carried out, shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.forget_clock import ForgetClock
from api.forgetting import Terms
from ledger import WrongLedger
from tests.api.conftest import PURPOSE, event

if TYPE_CHECKING:
    from httpx2 import Response

    from tests.api.conftest import Service

HOLD: dict[str, Any] = {
    "hold_id": "H-1", "reason": "whosaw:Litigation", "scope": {}, "starts": "2026-01-01T00:00:00Z",
}  # fmt: skip
RELEASE = {"hold_id": "H-1", "reason": "whosaw:LegalClaim", "effective_at": "2026-02-01T00:00:00Z"}


def forget(service: Service, subject: str, role: str = "compliance", **wanted: Any) -> Response:
    return service.client.post(f"/v1/subjects/{subject}/forget", json=wanted, headers=service.bearer(role) | PURPOSE)


def restore(service: Service, subject: str) -> Response:
    return service.client.delete(f"/v1/subjects/{subject}/forget", headers=service.bearer("compliance") | PURPOSE)


def clock(service: Service) -> ForgetClock:
    state = service.state
    return ForgetClock(state.ledger, state.forgetting, Terms(35), 60)


def turn(service: Service) -> None:
    """Let the clock look once, when everything that was recorded is folded."""
    service.follow(service.state.ledger.head(0))
    clock(service).turn()


def test_answers_stop_at_once_and_can_be_had_back(service: Service, subject: str) -> None:
    service.follow(service.state.ledger.head(0))
    before = service.ask(f"/v1/subjects/{subject}/holdings").json()["items"]
    answer = forget(service, subject, request_ref="REQ-1")
    assert answer.status_code == 202, answer.text
    receipt = answer.json()
    assert (receipt["state"], receipt["request"], receipt["destroyed"]) == ("revoked", "REQ-1", None)
    stranger = service.ask(f"/v1/subjects/{'0' * 32}/holdings")
    for path in ("holdings", "disclosures", "views", "timeline", "account", "holds"):
        found = service.ask(f"/v1/subjects/{subject}/{path}")
        assert (found.status_code, found.json()["detail"]) == (404, stranger.json()["detail"])
    again = forget(service, subject)
    assert again.status_code == 409
    assert receipt["receipt"] in again.json()["detail"]
    assert restore(service, subject).json()["state"] == "restored"
    assert service.ask(f"/v1/subjects/{subject}/holdings").json()["items"] == before
    assert restore(service, subject).status_code == 409


def test_at_once_if_there_is_no_grace_and_the_receipt_stays(service: Service, subject: str) -> None:
    answer = forget(service, subject, grace_days=0, reason="whosaw:AccountClosed")
    receipt = answer.json()
    assert receipt["state"] == "destroyed", receipt
    assert receipt["scope"]["references"] == 1
    assert receipt["scope"]["entries"] >= 4
    assert receipt["systems"]["open"] == ["crm"]
    assert {each["what"]["code"] for each in receipt["survives"]} >= {"whosaw:PseudonymousEntries"}
    assert receipt["backups_until"] is not None
    later = service.ask(f"/v1/erasures/{receipt['receipt']}").json()
    assert later == receipt
    assert forget(service, subject).status_code == 404
    # The same reference is somebody new.
    (new,) = service.record(event())
    assert new["stream"] != subject
    assert new["sequence"] == 1


def test_a_receipt_says_what_is_done_and_no_more(service: Service, subject: str) -> None:
    service.record(event("data.disclosed", customer="C-2"))
    service.follow(service.state.ledger.head(0))
    path = "/v1/recipients/collections-north/disclosures"
    before = len(service.ask(path).json()["items"])
    receipt = forget(service, subject, grace_days=0, mode="dpv:Erase").json()
    assert (receipt["state"], receipt["mode"]["code"]) == ("destroyed", "dpv:Erase")
    assert service.entries("key.destroyed")[-1]["data"]["mode"] == "dpv:Erase"
    (counts,) = [each["what"] for each in receipt["survives"] if each["what"]["code"] == "whosaw:Statistics"]
    assert "later ones leave out" in counts["label"]
    service.follow(service.state.ledger.head(0))
    assert len(service.ask(path).json()["items"]) == before - 1


def test_nothing_derived_is_left(service: Service, subject: str) -> None:
    forget(service, subject, grace_days=0)
    service.follow(service.state.ledger.head(0))
    for table in ("holding_change", "disclosure", "look", "assent", "hold_change", "request", "obligation"):
        assert service.rows(f"SELECT 1 FROM projections.{table} WHERE subject = '{subject}'") == []


def test_a_hold_defers_it_for_the_ordinary_reason_and_it_resumes_by_itself(service: Service, subject: str) -> None:
    service.record(event("hold.placed", **HOLD))
    service.follow(service.state.ledger.head(0))
    receipt = forget(service, subject, grace_days=0).json()
    assert receipt["state"] == "deferred"
    assert receipt["deferred"]["reason"]["code"] == "dpv:LegalObligation"
    assert "Litigation" not in str(receipt)
    turn(service)
    turn(service)
    steps = service.ask(f"/v1/erasures/{receipt['receipt']}").json()["steps"]
    assert [each["state"] for each in steps] == ["revoked", "deferred"]
    service.record(event("hold.released", **RELEASE))
    turn(service)
    service.follow(service.state.ledger.head(0))
    assert service.ask(f"/v1/erasures/{receipt['receipt']}").json()["state"] == "destroyed"


@pytest.mark.parametrize("right", ["whosaw:Access", "ca-qc-p39.1:27", "ca-pipeda:4.9.1"])
def test_a_request_for_access_defers_it_by_whichever_paragraph_it_is_named(
    service: Service, subject: str, right: str
) -> None:
    service.record(
        event("request.received", request_id="R-1", regime="whosaw:P39.1", right=right, channel="whosaw:Web",
              clock_start="2026-11-01T00:00:00Z", due=None, identity="verified")
    )  # fmt: skip
    service.follow(service.state.ledger.head(0))
    assert service.ask(f"/v1/subjects/{subject}/holds").json()["held"] is True
    assert forget(service, subject, grace_days=0).json()["state"] == "deferred"


def test_a_list_of_whose_data_somebody_got_does_not_name_her(service: Service, subject: str) -> None:
    both = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in ("C-1", "C-2")]
    made, _ = service.record(event(customer="C-2"), event("data.disclosed", subjects=both))
    forget(service, subject)
    service.follow(service.state.ledger.head(0))
    found = service.ask("/v1/recipients/collections-north/disclosures?limit=1").json()
    assert ([each["subject"] for each in found["items"]], found["next"]) == ([made["stream"]], None)


@pytest.mark.parametrize("over", ["her", "everybody"])
def test_a_voided_release_releases_nothing_and_a_voided_hold_holds_nothing(
    service: Service, subject: str, over: str
) -> None:
    placed, released = event("hold.placed", **HOLD), event("hold.released", **RELEASE)
    for each in (placed, released) if over == "everybody" else ():
        del each["data"]["subjects"]
    void = voided(released)
    if over == "everybody":
        del void["data"]["subjects"]
    service.record(placed, released, void)
    service.follow(service.state.ledger.head(0))
    receipt = forget(service, subject, grace_days=0).json()
    assert receipt["state"] == "deferred"
    void = voided(placed)
    if over == "everybody":
        del void["data"]["subjects"]
    service.record(void)
    turn(service)
    service.follow(service.state.ledger.head(0))
    assert service.ask(f"/v1/erasures/{receipt['receipt']}").json()["state"] == "destroyed"


def voided(target: dict[str, Any]) -> dict[str, Any]:
    named = {"source": target["source"], "id": target["id"]}
    return event("event.voided", target=named, reason="whosaw:WrongContent", system=None)


def merge(*customers: str, **more: Any) -> dict[str, Any]:
    people = [{"reference": {"kind": "customer", "value": each}, "role": "whosaw:Alias"} for each in customers]
    return event(
        "subject.merged", subjects=people, method="whosaw:StaffMatch", confidence="certain", system=None, **more
    )


@pytest.mark.parametrize("order", [("C-2",), ("C-2", "C-3"), ("C-3", "C-2")])
def test_a_hold_holds_through_names_that_were_forgotten_and_is_told_to_nobody(
    service: Service, order: tuple[str, ...]
) -> None:
    receipts = service.record(*(event(customer=f"C-{each}") for each in range(1, 5)))
    streams = {f"C-{number}": each["stream"] for number, each in enumerate(receipts, 1)}
    service.record(merge("C-1", "C-2"), merge("C-2", "C-3"), merge("C-3", "C-4"))
    for each in order:
        assert forget(service, streams[each], grace_days=0).json()["state"] == "destroyed"
    service.record(event("hold.placed", customer="C-4", **HOLD))
    service.follow(service.state.ledger.head(0))
    assert service.ask(f"/v1/subjects/{streams['C-1']}/holds").json()["held"] is False
    assert forget(service, streams["C-1"], grace_days=0).json()["state"] == "deferred"
    service.record(event("hold.released", customer="C-4", **RELEASE))
    turn(service)
    assert service.ask(f"/v1/subjects/{streams['C-1']}/holds").status_code == 404
    assert service.rows("SELECT 1 FROM ledger.subject WHERE subject = '" + streams["C-1"] + "'") == []


def test_a_name_that_was_split_from_the_one_who_was_forgotten_is_not_held_through_her(service: Service) -> None:
    first, second, _ = service.record(event(), event(customer="C-2"), event(customer="C-3"))
    early = merge("C-1", "C-2", "C-4")
    undoes = {"source": early["source"], "id": early["id"]}
    split = merge("C-2", "C-4", undoes=undoes) | {"type": "subject.split"}
    service.record(early, split, merge("C-2", "C-3"))
    forget(service, second["stream"], grace_days=0)
    service.record(event("hold.placed", customer="C-3", **HOLD))
    service.follow(service.state.ledger.head(0))
    assert forget(service, first["stream"], grace_days=0).json()["state"] == "destroyed"


@pytest.mark.parametrize("hold", [{}, {"visibility": "sealed", "seal_ref": "S-1"}])
def test_a_hold_holds_through_a_merge_that_an_order_seals_and_is_told_to_nobody(
    service: Service, hold: dict[str, Any]
) -> None:
    first, _ = service.record(event(), event(customer="C-2"))
    service.record(
        merge("C-1", "C-2", visibility="sealed", seal_ref="S-1"), event("hold.placed", customer="C-2", **HOLD | hold)
    )
    service.follow(service.state.ledger.head(0))
    assert service.ask(f"/v1/subjects/{first['stream']}/holds").json()["held"] is False
    receipt = forget(service, first["stream"], grace_days=0).json()
    assert (receipt["state"], receipt["deferred"]["reason"]["code"]) == ("deferred", "dpv:LegalObligation")


@pytest.mark.parametrize("over", ["her", "everybody"])
def test_a_sealed_hold_defers_it_like_any_other_and_is_told_to_nobody(
    service: Service, subject: str, over: str
) -> None:
    placed = event("hold.placed", **HOLD, visibility="sealed", seal_ref="S-1")
    if over == "everybody":
        del placed["data"]["subjects"]
    service.record(placed)
    service.follow(service.state.ledger.head(0))
    for role in ("officer", "legal"):
        told = service.ask(f"/v1/subjects/{subject}/holds", role).json()
        assert (told["held"], told["reason"], told.get("holds", [])) == (False, None, [])
    for path in ("/v1/retention?state=endless", f"/v1/subjects/{subject}/retention"):
        assert not any(each["blocked"] for each in service.ask(path).json()["items"])
        kept = service.ask(path, "legal").json()["items"]
        assert kept
        assert [each["holds"] for each in kept] == [[]] * len(kept)
    receipt = forget(service, subject, grace_days=0).json()
    assert receipt["state"] == "deferred"
    assert receipt["deferred"]["reason"]["code"] == "dpv:LegalObligation"


def test_holds_are_told_in_full_to_the_legal_desk_alone(service: Service, subject: str) -> None:
    (made,) = service.record(event("hold.placed", **HOLD))
    path = f"/v1/subjects/{subject}/holds?min_position={made['position']}"
    plain = service.ask(path).json()
    assert (plain["held"], plain["reason"], "holds" in plain) == (True, "dpv:LegalObligation", False)
    [told] = service.ask(path, "legal").json()["holds"]
    assert (told["hold"], told["reason"]) == ("H-1", "whosaw:Litigation")


@pytest.mark.parametrize("role", ["officer", "regulator", "emitter", "auditor", "legal"])
def test_only_a_key_with_the_scope_may(service: Service, subject: str, role: str) -> None:
    assert forget(service, subject, role).status_code == 403


@pytest.mark.parametrize(
    "wanted",
    [
        {"grace_days": -1},
        {"grace_days": "30"},
        {"reason": "because"},
        {"why": "x"},
        {"mode": "dpv:Delete"},
        {"mode": "dpv:Destruct"},
        {"mode": "whosaw:Foo"},
        {"request_ref": "a b@c"},
    ],
)
def test_a_wrong_wish_is_refused_and_nothing_stops(service: Service, subject: str, wanted: dict[str, Any]) -> None:
    assert forget(service, subject, **wanted).status_code == 422
    assert service.ask(f"/v1/subjects/{subject}/holdings").status_code == 200


def test_a_restored_database_is_not_served_until_they_are_forgotten_again(service: Service, subject: str) -> None:
    service.state.forgetting.tombstones.add(0, subject, "erasure-0123456789abcdef")
    with (
        pytest.raises(WrongLedger, match="whosaw restore"),
        TestClient(create_app(service.state.settings, dsn=service.dsn)),
    ):
        pass
