"""Names that are taken away or lead to somebody else, and what was recorded while two people were taken for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.undoing import INSTEAD
from tests.api.conftest import event
from tests.api.test_forgetting import HOLD, RELEASE, forget
from tests.api.test_persons import about, correction, merged, places, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

PHONE = {"kind": "phone", "value": "+15145550100"}
HOW = {"method": "whosaw:Login", "confidence": "certain"}
UNLINK = ("events:write", "names:unlink")


def linked(customer: str = "C-1", name: dict[str, str] = PHONE, **more: Any) -> dict[str, Any]:
    return event("subject.identifier_linked", customer, identifier=name, **HOW, **more)


def unlinked(customer: str = "C-1", name: dict[str, str] = PHONE, **more: Any) -> dict[str, Any]:
    return event("subject.identifier_unlinked", customer, identifier=name, **HOW, **more)


def by_phone(**more: Any) -> dict[str, Any]:
    return event("data.disclosed", subjects=[{"reference": PHONE, "role": "dpv:Customer"}], **more)


def may_unlink(service: Service) -> None:
    service.keys["emitter"] = service.issue(UNLINK)


def listed(service: Service, what: str, query: str = "") -> list[dict[str, Any]]:
    for log in service.state.ledger.logs():
        service.follow(log.size, log.log_id)
    answer = service.ask(f"/v1/identity/{what}{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    following = answer.json()["next"]
    return items + (listed(service, what, following.removeprefix(f"/v1/identity/{what}")) if following else [])


def test_to_take_a_name_from_somebody_needs_a_scope_of_its_own(service: Service) -> None:
    service.record(event(), linked())
    answer = service.send([event("data.viewed"), unlinked()])
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert service.state.ledger.head(0) == 2
    may_unlink(service)
    service.record(unlinked())
    assert service.entries("subject.identifier_unlinked")[0]["data"]["identifier"] == {"kind": "phone"}


def test_a_name_that_was_taken_away_leads_to_nobody_and_new_facts_are_somebody_elses(service: Service) -> None:
    may_unlink(service)
    alice, _, before = service.record(event(), linked(), by_phone())
    service.record(unlinked())
    headers = service.bearer("officer") | {"Whosaw-Purpose": "whosaw:AccessRequest"}
    gone = service.client.post("/v1/subjects/lookup", json={"reference": PHONE}, headers=headers)
    nobody = service.client.post("/v1/subjects/lookup", json={"reference": PHONE | {"value": "+1"}}, headers=headers)
    assert (gone.status_code, gone.json()["code"]) == (nobody.status_code, nobody.json()["code"]) == (404, "not-found")
    (new,) = service.record(by_phone())
    assert before["stream"] == alice["stream"] != new["stream"]
    assert places(service, alice["stream"]) == [before["position"]], "what was hers stays hers"
    assert places(service, service.look_up(PHONE["value"], "phone")) == [new["position"]]


def test_a_link_of_somebody_elses_name_is_recorded_and_listed_until_it_is_settled(service: Service) -> None:
    may_unlink(service)
    alice, bob, link = service.record(event(), by_phone(), linked())
    assert link["stream"] == alice["stream"], "a true event is recorded"
    (conflict,) = listed(service, "conflicts")
    assert (conflict["subject"], conflict["holder"], conflict["state"], conflict["kind"]) == (
        alice["stream"], bob["stream"], "open", "phone",
    )  # fmt: skip
    assert PHONE["value"] not in str(conflict)
    asked = service.entries("ledger.queried")[-1]
    assert (asked["data"]["query"], asked["cohort"]["size"]) == ("whosaw:QueryNameConflicts", 2)
    merge = merged("C-1", "C-2")
    merge["data"]["subjects"] = [*about("C-1"), {"reference": PHONE, "role": "whosaw:Alias"}]
    service.record(merge)
    assert [each["state"] for each in listed(service, "conflicts")] == ["merged"]
    parting = split(merge, "C-1")
    parting["data"]["subjects"] = merge["data"]["subjects"]
    service.record(parting)
    assert [each["state"] for each in listed(service, "conflicts")] == ["open"]
    own = {"subjects": [{"id": bob["stream"], "role": "dpv:Customer"}]}
    service.record(unlinked(**own), linked())
    assert listed(service, "conflicts") == []
    assert service.look_up(PHONE["value"], "phone") == alice["stream"]


def test_a_conflict_names_nobody_who_is_known_by_sealed_facts_alone_or_is_to_be_forgotten(service: Service) -> None:
    service.record(event(), by_phone(visibility="sealed", seal_ref="S-1"), linked())
    assert listed(service, "conflicts") == []
    mail = {"kind": "email", "value": "a@example.com"}
    owner = {"subjects": [{"reference": mail, "role": "dpv:Customer"}]}
    (other, _) = service.record(event(**owner), linked(name=mail))
    assert [each["holder"] for each in listed(service, "conflicts")] == [other["stream"]]
    assert forget(service, other["stream"]).status_code == 202
    assert listed(service, "conflicts") == []


def test_what_was_recorded_between_a_merge_and_its_split_is_listed_until_it_is_corrected(service: Service) -> None:
    merge = merged("C-1", "C-2", "C-3")
    before, _, other = service.record(event("data.disclosed"), event(customer="C-2"), event(customer="C-3"))
    mistaken = event("data.disclosed")
    _, first, second, both, _, _ = service.record(
        merge, mistaken, event("data.disclosed", "C-2"), event("data.viewed", subjects=about("C-1", "C-2")),
        event("data.viewed", "C-3"), event("data.disclosed", visibility="sealed", seal_ref="S-1"),
    )  # fmt: skip
    assert listed(service, "unattributed") == []
    (parting,) = service.record(split(merge, "C-1", "C-2"))
    service.record(event("data.disclosed"))
    one, two = before["stream"], second["stream"]
    expected = [
        (one, first["position"]), (two, second["position"]),
        *sorted([(one, both["position"]), (two, both["position"])]),
    ]  # fmt: skip
    found = listed(service, "unattributed")
    assert [(each["subject"], each["position"]) for each in found] == expected
    assert {(each["split"], each["merge"]) for each in found} == {(parting["position"], merge_at(service))}
    assert found[0]["id"] == mistaken["id"]
    assert other["stream"] not in {each["subject"] for each in found}
    assert [(each["subject"], each["position"]) for each in listed(service, "unattributed", "?limit=1")] == expected
    service.record(correction("event.voided", mistaken, reason="whosaw:WrongSubject"))
    assert [each["position"] for each in listed(service, "unattributed")] == [place for _, place in expected[1:]]
    assert forget(service, two, grace_days=0).json()["state"] == "destroyed"
    assert [each["subject"] for each in listed(service, "unattributed")] == [one]


@pytest.mark.parametrize(
    "kind", ["subject.merged", "subject.split", "subject.identifier_linked", "subject.identifier_unlinked"]
)
def test_what_joins_or_parts_names_is_not_voided_but_undone_by_its_own_event(service: Service, kind: str) -> None:
    may_unlink(service)
    merge = merged("C-1", "C-2")
    target = {
        "subject.merged": merge, "subject.split": split(merge, "C-1", "C-2"),
        "subject.identifier_linked": linked(), "subject.identifier_unlinked": unlinked(),
    }[kind]  # fmt: skip
    service.record(event(), event(customer="C-2"), merge, target)
    before = service.state.ledger.head(0)
    replaced = {"replaced_by": {"source": "/services/billing", "id": "e-right"}}
    sealed = {"visibility": "sealed", "seal_ref": "S-1"}
    for refused in (
        correction("event.voided", target), correction("event.voided", target, customer="C-9"),
        correction("event.corrected", target, **replaced), correction("event.voided", target, **sealed),
        [target | {"id": "with-it"}, correction("event.voided", {"id": "with-it"})],
    ):  # fmt: skip
        answer = service.send(refused)
        assert (answer.status_code, answer.json()["code"]) == (409, "other-event")
        assert answer.json()["errors"][0]["pointer"].endswith("/data/target")
        assert INSTEAD[kind] in answer.json()["errors"][0]["detail"]
    assert service.state.ledger.head(0) == before
    service.record(correction("event.corrected", target))


def test_a_merge_that_a_voiding_came_before_is_undone_by_a_split_and_the_voiding_is_repeated_as_ever(
    service: Service,
) -> None:
    merge = merged("C-1", "C-2")
    voiding = correction("event.voided", merge)
    one, *_ = service.record(event("data.disclosed"), event("data.disclosed", customer="C-2"), voiding)
    service.record(merge)
    assert places(service, one["stream"]) == [2, 1]
    assert service.send(voiding).json()["repeated"]
    service.record(split(merge, "C-1", "C-2"))
    assert places(service, one["stream"]) == [1]


def merge_at(service: Service) -> int:
    return service.entries("subject.merged")[0]["position"]


def test_over_several_logs_each_tells_what_is_in_it(start: Callable[..., Service]) -> None:
    service = start(logs=3)
    names = [f"C-{number}" for number in range(6)]
    service.record(*(event(customer=each) for each in names))
    merge = merged(*names)
    service.record(merge)
    made = service.record(*(event("data.disclosed", each) for each in names))
    service.record(split(merge, *names))
    expected = {(each["stream"], each["position"]) for each in made}
    for query in ("", "?limit=1", "?limit=2"):
        found = listed(service, "unattributed", query)
        assert len(found) == len(names)
        assert {(each["subject"], each["position"]) for each in found} == expected


@pytest.mark.parametrize("together", [True, False])
def test_a_release_for_one_of_two_merged_names_releases_that_one_alone(service: Service, *, together: bool) -> None:
    """After the split, nobody has released what holds the other."""
    one, two = service.record(event(), event(customer="C-2"))
    both = [event("hold.placed", subjects=about("C-1", "C-2"), **HOLD)]
    merge = merged("C-1", "C-2")
    service.record(*(both if together else [event("hold.placed", each, **HOLD) for each in ("C-1", "C-2")]))
    service.record(merge, event("hold.released", **RELEASE))

    def held() -> list[bool]:
        service.follow(service.state.ledger.head(0))
        return [service.ask(f"/v1/subjects/{each['stream']}/holds").json()["held"] for each in (one, two)]

    assert held() == [True, True]
    service.record(split(merge, "C-1", "C-2"))
    assert held() == [False, True]


def test_the_receipt_says_which_other_names_are_left_and_that_a_merge_is_no_erasure(service: Service) -> None:
    one, two, three = service.record(event(), event(customer="C-2"), event(customer="C-3"))
    service.record(merged("C-1", "C-2", "C-3"))
    service.follow(service.state.ledger.head(0))
    assert forget(service, three["stream"]).status_code == 202
    receipt = forget(service, one["stream"]).json()
    assert (receipt["others"]["count"], receipt["others"]["subjects"]) == (1, [two["stream"]])
    assert "no erasure" in receipt["others"]["note"]
    again = service.ask(f"/v1/erasures/{receipt['receipt']}").json()
    assert again["others"] == receipt["others"]
    asked = service.entries("ledger.queried")[-1]
    assert asked["stream"] == two["stream"], "whom the receipt names is told that somebody looked"
    assert service.look_up("C-2") == two["stream"]


def test_at_once_the_others_are_named_and_afterwards_only_counted(service: Service) -> None:
    one, two = service.record(event(), event(customer="C-2"))
    service.record(merged("C-1", "C-2"))
    service.follow(service.state.ledger.head(0))
    receipt = forget(service, one["stream"], grace_days=0).json()
    assert receipt["state"] == "destroyed"
    assert (receipt["others"]["count"], receipt["others"]["subjects"]) == (1, [two["stream"]])
    later = service.ask(f"/v1/erasures/{receipt['receipt']}").json()
    assert (later["others"]["count"], later["others"]["subjects"]) == (1, None)
    (gone,) = service.entries("key.destroyed")
    assert gone["data"]["other_names"] == 1
    assert two["stream"] not in str(gone)
    receipt = forget(service, two["stream"], grace_days=0).json()
    assert receipt["others"] == {"count": 0, "subjects": [], "note": None}
