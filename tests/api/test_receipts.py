"""Who else was told: what forgetting waits for, and every recipient on the receipt, with how that stood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.api.conftest import RECIPIENT, event
from tests.api.test_forgetting import forget, turn

if TYPE_CHECKING:
    from tests.api.conftest import Service


def erased(**more: Any) -> dict[str, Any]:
    data = {"categories": ["pd:Name"], "mode": "erase", "state": "done", "request_ref": None, "reason": None}
    return event("data.erased", **data | more)


def steps(service: Service, receipt: dict[str, Any]) -> list[str]:
    service.follow(service.state.ledger.head(0))
    return [each["state"] for each in service.ask(f"/v1/erasures/{receipt['receipt']}").json()["steps"]]


def test_it_waits_until_every_recipient_was_told_of_what_was_erased_and_resumes_by_itself(
    service: Service, subject: str
) -> None:
    """GDPR, Art. 19: to tell a recipient needs to know of whom."""
    gone = erased()
    service.record(gone)
    service.follow(service.state.ledger.head(0))
    receipt = forget(service, subject, grace_days=0).json()
    assert (receipt["state"], receipt["deferred"]["reason"]["code"]) == ("deferred", "whosaw:RecipientsUntold")
    turn(service)
    assert steps(service, receipt) == ["revoked", "deferred"]
    path = "/v1/obligations?kind=tell_recipient&state=open"
    (owed,) = service.ask(path).json()["items"]
    assert (owed["recipient"], owed["subject"], owed["categories"]) == ("collections-north", None, ["pd:Name"])
    assert subject not in service.ask(path).text
    trigger = {"source": gone["source"], "id": gone["id"]}
    service.record(
        event("recipient.notification_due", notification_id="N-1", trigger=trigger, change="erased",
              recipient_id="collections-north", categories=["pd:Name"], due=None),
        event("recipient.notification_sent", notification_id="N-1", recipient_id="collections-north",
              channel="whosaw:Email"),
    )  # fmt: skip
    turn(service)
    assert steps(service, receipt) == ["revoked", "deferred", "destroyed"]
    found = service.ask(f"/v1/erasures/{receipt['receipt']}")
    (told,) = found.json()["recipients"]["items"]
    assert (told["recipient_id"], told["state"], told["answered_at"]) == ("collections-north", "told", None)
    assert told["told_at"] == "2026-11-01T10:00:00-05:00"
    assert "N-1" not in found.text, "the company's name for the notice leads to her"
    # What is still to be answered outlives her.
    (owed,) = service.ask("/v1/obligations?kind=tell_recipient").json()["items"]
    assert (owed["state"], owed["subject"], owed["notification"]) == ("sent", None, "N-1")


def test_it_does_not_wait_when_the_officer_says_why_a_recipient_will_not_be_told(
    service: Service, subject: str
) -> None:
    service.record(erased())
    service.follow(service.state.ledger.head(0))
    assert forget(service, subject, grace_days=0, untold="because").status_code == 422
    receipt = forget(service, subject, grace_days=0, untold="impossible").json()
    assert (receipt["state"], receipt["recipients"]) == ("destroyed", {
        "items": [{
            "recipient_id": "collections-north", "name": "Collections North Inc.", "change": "erased",
            "categories": ["pd:Name"], "state": "untold", "label": "Not told", "because": "impossible",
            "told_at": None, "answered_at": None,
        }],
        "more": 0,
    })  # fmt: skip
    service.follow(service.state.ledger.head(0))
    (owed,) = service.ask("/v1/obligations?kind=tell_recipient").json()["items"]
    assert (owed["state"], owed["subject"], owed["recipient"]) == ("impossible", None, "collections-north")


def returned(**more: Any) -> dict[str, Any]:
    return erased(holder="collections-north", state="verified", **more)


def test_who_received_her_data_is_named_also_if_nothing_obliged_to_tell_it(service: Service) -> None:
    """Q6 "who else was told?": whoever still has her data, told or not."""
    bank = RECIPIENT | {"id": "bank-1", "name": "Bank One"}
    onward = event("disclosure.onward_reported", recipient_id="bank-1", onward=RECIPIENT | {"id": "archive-1"},
                   categories=["pd:Name"])  # fmt: skip
    first, *_ = service.record(
        event(), event("data.disclosed", categories=["pd:Name", "pd:EmailAddress"]),
        event("data.disclosed", recipient=bank, categories=["pd:Name"]), onward,
        event("data.disclosed", recipient=bank | {"id": "police-1"}, visibility="sealed", seal_ref="S-1"),
        returned(categories=["pd:EmailAddress"]) | {"time": "2026-11-03T00:00:00Z"},
    )  # fmt: skip
    service.follow(service.state.ledger.head(0))
    receipt = forget(service, first["stream"], grace_days=0).json()
    assert [(each["recipient_id"], each["categories"]) for each in receipt["recipients"]["items"]] == [
        ("archive-1", ["pd:Name"]), ("bank-1", ["pd:Name"]), ("collections-north", ["pd:Name"]),
    ]  # fmt: skip
    bank_row = receipt["recipients"]["items"][1]
    assert bank_row == {
        "recipient_id": "bank-1", "name": "Bank One", "change": None, "categories": ["pd:Name"], "state": "not_owed",
        "label": "Received it; nothing on record obliged to tell it", "because": None, "told_at": None,
        "answered_at": None,
    }  # fmt: skip
    french = service.ask(f"/v1/erasures/{receipt['receipt']}", **{"Accept-Language": "fr"}).json()["recipients"]
    assert {each["label"] for each in french["items"]} == {"L’a reçu; rien au dossier n’obligeait à l’en aviser"}


def test_who_gave_everything_back_is_not_among_those_who_have_it(service: Service) -> None:
    gone = returned(categories=["pd:Name", "pd:EmailAddress"]) | {"time": "2026-11-03T00:00:00Z"}
    first, *_ = service.record(event(), event("data.disclosed", categories=["pd:Name", "pd:EmailAddress"]), gone)
    service.follow(service.state.ledger.head(0))
    receipt = forget(service, first["stream"], grace_days=0).json()
    assert (receipt["state"], receipt["recipients"]) == ("destroyed", {"items": [], "more": 0})


def test_who_is_told_of_a_part_received_the_rest_with_nothing_owed(service: Service) -> None:
    given = event("data.disclosed", categories=["pd:Name", "pd:EmailAddress"]) | {"time": "2026-10-01T00:00:00Z"}
    later = event("data.disclosed", categories=["pd:Name"]) | {"time": "2026-11-20T00:00:00Z"}
    first, *_ = service.record(event(), given, erased())
    service.follow(service.state.ledger.head(0))
    assert states(forget(service, first["stream"], grace_days=0, untold="impossible").json()) == [
        ("not_owed", ["pd:EmailAddress"]), ("untold", ["pd:Name"]),
    ]  # fmt: skip
    first, *_ = service.record(event(), given | {"id": "again-1"}, erased(), later)
    service.follow(service.state.ledger.head(0))
    assert states(forget(service, first["stream"], grace_days=0, untold="impossible").json()) == [
        ("not_owed", ["pd:EmailAddress", "pd:Name"]), ("untold", ["pd:Name"]),
    ]  # fmt: skip


def states(receipt: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return sorted((each["state"], each["categories"]) for each in receipt["recipients"]["items"])


def test_as_many_who_received_her_data_are_named_as_there_is_room_for_and_the_others_counted(service: Service) -> None:
    names = [f"recipient-{number:03}-{'x' * 40}" for number in range(110)]
    given = [event("data.disclosed", recipient=RECIPIENT | {"id": name, "name": "Y" * 190}) for name in names]
    first, *_ = service.record(event(), *given)
    service.follow(service.state.ledger.head(0))
    found = forget(service, first["stream"], grace_days=0).json()["recipients"]
    assert len(found["items"]) + found["more"] == 110
    assert 0 < len(found["items"]) < 100


def test_what_an_order_forbids_to_tell_makes_it_wait_for_no_recipient_and_names_none(service: Service) -> None:
    sealed = event("data.disclosed", visibility="sealed", seal_ref="S-1")
    gone = erased()
    first, *_ = service.record(event(), sealed, gone)
    notice: dict[str, Any] = {"notification_id": "N-1", "recipient_id": "collections-north", "visibility": "sealed",
                              "seal_ref": "S-1"}  # fmt: skip
    service.record(
        event("recipient.notification_due", trigger={"source": gone["source"], "id": gone["id"]}, change="erased",
              categories=["pd:Name"], due=None, **notice),
        event("recipient.notification_sent", channel="whosaw:Email", **notice),
    )  # fmt: skip
    service.follow(service.state.ledger.head(0))
    receipt = forget(service, first["stream"], grace_days=0).json()
    assert (receipt["state"], receipt["recipients"]) == ("destroyed", {"items": [], "more": 0})
    assert {"told", "untold"}.isdisjoint(service.entries("key.destroyed")[-1]["data"])


def test_an_entry_names_as_many_recipients_as_it_has_room_for_and_counts_the_others(service: Service) -> None:
    names = [f"recipient-{number}-{'x' * 40}" for number in range(110)]
    gone = erased()
    service.record(
        event(), gone,
        *(event("data.disclosed", recipient=RECIPIENT | {"id": name, "name": "Y" * 190}, categories=["pd:Name"]) | {
            "time": "2026-10-01T10:00:00-04:00"} for name in names),
        *(event("recipient.notification_due", notification_id=f"N-{name}", recipient_id=name, due=None,
                trigger={"source": gone["source"], "id": gone["id"]}, change="erased", categories=["pd:Name"])
          for name in names),
        *(event("recipient.notification_sent", notification_id=f"N-{name}", recipient_id=name, channel="whosaw:Email")
          for name in names),
    )  # fmt: skip
    service.follow(service.state.ledger.head(0))
    receipt = forget(service, service.look_up("C-1"), grace_days=0).json()
    told = receipt["recipients"]
    assert (receipt["state"], len(told["items"]) + told["more"]) == ("destroyed", 110)
    assert 0 < len(told["items"]) < 100
