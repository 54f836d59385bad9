"""One person whose names live in several logs: answers, holds, seals, withdrawals and forgetting see all of her."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.forget_clock import ForgetClock
from api.forgetting import Terms
from tests.api.conftest import event
from tests.api.test_consents import said
from tests.api.test_forgetting import HOLD, forget
from tests.api.test_persons import PATHS, about, correction, merged, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service


class World:
    """A ledger of three logs, and somebody who has a name in each."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.names: list[str] = []
        self.subjects: list[str] = []
        found: dict[int, tuple[str, str]] = {}
        number = 0
        while len(found) < 3:
            number += 1
            (made,) = service.record(event(customer=f"C-{number}"))
            found.setdefault(int(made["log"][-1]), (f"C-{number}", made["stream"]))
        for log_id in range(3):
            self.names.append(found[log_id][0])
            self.subjects.append(found[log_id][1])

    def heads(self) -> str:
        """Wait until everything is folded; return the position of each log."""
        heads = [log.size for log in self.service.state.ledger.logs()]
        for log_id, head in enumerate(heads):
            self.service.follow(head, log_id)
        return ",".join(map(str, heads))

    def ask(self, log_id: int, what: str, query: str = "", role: str = "compliance") -> Any:
        self.heads()
        answer = self.service.ask(f"/v1/subjects/{self.subjects[log_id]}/{what}{query}", role)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def disclosed(self, log_id: int, query: str = "") -> list[tuple[int, int]]:
        return [(each["log_id"], each["position"]) for each in self.ask(log_id, "disclosures", query)["items"]]

    def content(self, log_id: int, query: str) -> dict[str, bytes]:
        return {
            what: self.service.ask(f"/v1/subjects/{self.subjects[log_id]}/{what}?{query}").content
            for what in (*PATHS, "consents")
        }


@pytest.fixture
def world(start: Callable[..., Service]) -> World:
    return World(start(logs=3, forget_seconds=0))


def place(receipt: dict[str, Any]) -> tuple[int, int]:
    return int(receipt["log"][-1]), receipt["position"]


def test_a_merge_joins_over_logs_and_a_split_parts_them(world: World) -> None:
    record = world.service.record
    made = [place(each) for each in record(*(event("data.disclosed", customer=name) for name in world.names))]
    assert [world.disclosed(log_id) for log_id in range(3)] == [[each] for each in made]
    merge = merged(*world.names)
    record(merge)
    for log_id in range(3):
        assert sorted(world.disclosed(log_id)) == made
        assert {each["log"] for each in world.ask(log_id, "timeline")["items"]} == {
            log.origin for log in world.service.state.ledger.logs()
        }
    # Of three, two are parted; the one that no split names stays, alone.
    record(split(merge, *world.names[:2]))
    assert [world.disclosed(log_id) for log_id in range(3)] == [[each] for each in made]


def test_of_a_merge_those_whom_no_split_names_stay_one(world: World) -> None:
    (fourth,) = world.service.record(event(customer="C-four"))
    merge = merged(*world.names, "C-four")
    world.service.record(merge, *(event("data.disclosed", customer=name) for name in (*world.names, "C-four")))
    assert len(world.disclosed(0)) == 4
    world.service.record(split(merge, world.names[0], world.names[1]))
    assert len(world.disclosed(0)) == len(world.disclosed(1)) == 1
    assert len(world.disclosed(2)) == 2
    assert fourth["stream"] not in world.subjects


def test_a_visitor_known_by_a_device_becomes_a_customer_and_can_be_parted_again(world: World) -> None:
    service = world.service
    device = [{"reference": {"kind": "device", "value": "device-0001"}, "role": "whosaw:Visitor"}]
    visit = event("data.disclosed", subjects=device)
    (seen,) = service.record(visit)
    merge = merged(world.names[0])
    merge["data"]["subjects"] += device
    service.record(merge)
    assert world.disclosed(0) == [place(seen)]
    (between,) = service.record(event("data.disclosed", subjects=device))
    assert world.disclosed(0) == [place(between), place(seen)]
    parted = split(merge, world.names[0])
    parted["data"]["subjects"] += device
    service.record(parted)
    # What was recorded meanwhile stays with the name that it was recorded under.
    assert world.disclosed(0) == []
    visitor = service.look_up("device-0001", "device")
    found = service.ask(f"/v1/subjects/{visitor}/disclosures").json()["items"]
    assert [(each["log_id"], each["position"]) for each in found] == [place(between), place(seen)]


def test_earlier_answers_stay_byte_for_byte_whatever_position_is_named(world: World) -> None:
    service = world.service
    service.record(*(event("data.disclosed", customer=name) for name in world.names))
    world.heads()
    alone = service.state.ledger.head(0)
    before = world.content(0, f"as_of={alone}")
    service.record(merged(*world.names))
    world.heads()
    joined = world.heads()
    first = world.ask(0, "disclosures")
    assert len(first["items"]) == 3
    named = ",".join(map(str, first["positions"]))
    by_vector = world.content(0, f"as_of={joined}")
    again = service.ask(f"/v1/subjects/{world.subjects[0]}/disclosures?as_of={named}").json()
    assert again == first
    by_number = world.content(0, f"as_of={first['as_of']}")
    for number in range(3):
        service.record(*(event("data.disclosed", customer=name) for name in world.names), said("given", customer="C-9"))
        world.heads()
        assert world.content(0, f"as_of={alone}") == before, number
        assert world.content(0, f"as_of={joined}") == by_vector, number
        assert world.content(0, f"as_of={first['as_of']}") == by_number, number


def test_pages_over_logs_do_not_move_while_events_arrive(world: World) -> None:
    service = world.service
    for _ in range(3):
        service.record(*(event("data.disclosed", customer=name) for name in world.names))
    service.record(merged(*world.names))
    whole = world.disclosed(1)
    assert len(whole) == 9
    path: str | None = f"/v1/subjects/{world.subjects[1]}/disclosures?limit=2"
    world.heads()
    found: list[tuple[int, int]] = []
    while path:
        page = service.ask(path).json()
        found += [(each["log_id"], each["position"]) for each in page["items"]]
        service.record(*(event("data.disclosed", customer=name) for name in world.names))
        world.heads()
        path = page["next"]
    assert found == whole


def test_a_fact_about_two_of_her_names_is_one_fact(world: World) -> None:
    world.service.record(event("data.disclosed", subjects=about(*world.names)), merged(*world.names))
    assert [log_id for log_id, _ in world.disclosed(2)] == [2]
    assert len(world.ask(2, "account")["disclosures"]) == 1


def test_what_one_name_collected_another_may_erase(world: World) -> None:
    service = world.service
    erased = event("data.erased", customer=world.names[1], categories=["pd:Name"], mode="erase", state="done")
    service.record(merged(*world.names), erased)
    found = world.ask(0, "holdings")["items"]
    assert {(each["category"], each["state"]) for each in found} == {
        ("pd:Name", "deleted"),
        ("pd:EmailAddress", "held"),
    }
    assert {each["log_id"] for each in found} | {place["log_id"] for each in found for place in each["elsewhere"]} == {
        0,
        1,
        2,
    }


def test_an_account_names_every_log_that_it_stands_on_also_as_a_document(world: World) -> None:
    service = world.service
    service.record(*(event("data.disclosed", customer=name) for name in world.names), merged(*world.names))
    account = world.ask(0, "account")
    origins = [log.origin for log in service.state.ledger.logs()]
    assert [each["log"] for each in account["as_of"]["others"]] == origins[1:]
    assert {each.get("log") for each in account["disclosures"]} == {None, *origins[1:]}
    for other in account["proof"]["others"]:
        assert {"data.disclosed", "subject.merged"} <= {each["type"] for each in other["entries"]}
        assert other["checkpoint"].startswith(other["log"])
    answer = service.ask(f"/v1/subjects/{world.subjects[0]}/account", Accept="application/pdf")
    assert answer.content.startswith(b"%PDF")


def test_a_correction_under_one_name_counts_for_a_fact_under_another(world: World) -> None:
    wrong = event("data.disclosed", customer=world.names[2])
    voiding = correction("event.voided", wrong, customer=world.names[0])
    world.service.record(wrong, voiding)
    assert len(world.disclosed(2)) == 1
    world.service.record(merged(*world.names))
    assert world.disclosed(2) == world.disclosed(1) == []
    assert len(world.disclosed(1, "?view=audit")) == 1
    world.service.record(correction("event.voided", voiding, customer=world.names[1]))
    assert len(world.disclosed(1)) == 1


def test_a_withdrawal_under_one_name_is_hers_under_all(world: World) -> None:
    service = world.service
    given = said("given", "2026-03-01T00:00:00Z", subjects=about(world.names[0]))
    withdrawn = said("withdrawn", "2026-02-01T00:00:00Z", subjects=about(world.names[1]))
    service.record(given, withdrawn)
    assert [each["state"] for each in world.ask(0, "consents")["items"]] == ["given"]
    service.record(merged(*world.names))
    for log_id in range(3):
        (found,) = world.ask(log_id, "consents")["items"]
        assert (found["state"], found["log_id"]) == ("withdrawn", 1)
    service.record(said("given", "2026-11-20T00:00:00Z", subjects=about(world.names[2])))
    assert [each["state"] for each in world.ask(0, "consents")["items"]] == ["given"]


def test_a_hold_on_a_name_in_another_log_defers_forgetting_and_the_other_stays_whole(world: World) -> None:
    service, ledger = world.service, world.service.state.ledger
    hold = event("hold.placed", customer=world.names[1], **HOLD)
    service.record(merged(*world.names), hold, event("data.disclosed", customer=world.names[1]))
    assert world.ask(0, "holds")["held"]
    answer = forget(service, world.subjects[0], grace_days=0)
    assert answer.json()["state"] == "deferred", answer.text
    release = event(
        "hold.released", customer=world.names[1], hold_id=HOLD["hold_id"], reason="whosaw:Settled",
        effective_at="2026-11-01T00:00:00Z",
    )  # fmt: skip
    service.record(release)
    world.heads()
    ForgetClock(ledger, service.state.forgetting, Terms(35), 60).turn()
    assert [each["data"]["streams"] for each in service.entries("key.destroyed")] == [[world.subjects[0]]]
    assert len(world.disclosed(1)) == len(world.disclosed(2)) == 1
    assert service.look_up(world.names[1]) == world.subjects[1]


def test_what_is_sealed_under_a_name_in_another_log_is_for_the_cleared(world: World) -> None:
    service = world.service
    sealed = event("data.disclosed", customer=world.names[2], visibility="sealed", seal_ref="S-1")
    service.record(merged(*world.names), sealed)
    assert world.disclosed(0) == []
    service.keys["legal"] = service.issue(("disclosures:read", "seals:read", "seal:*"))
    found = world.ask(0, "disclosures", "?sealed=true", "legal")["items"]
    assert [each["log_id"] for each in found] == [2]
    assert service.entries("ledger.queried")[-1]["data"]["visibility"] == "sealed"


def possible(world: World) -> list[dict[str, Any]]:
    world.heads()
    answer = world.service.ask("/v1/incidents/possible", "compliance")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.parametrize("whose", ["her name in another log", "nobody", "whom it should have been about"])
def test_what_was_voided_in_another_log_is_a_possible_incident(world: World, whose: str) -> None:
    service = world.service
    merge = merged(*world.names[:2])
    wrong = event("data.disclosed", customer=world.names[0])
    service.record(merge)
    (made,) = service.record(wrong)
    issued: list[str] = []
    for log_id in (0, 1, 2):
        world.heads()
        path = f"/v1/subjects/{world.subjects[log_id]}/accounts"
        answer = service.client.post(
            path, headers=service.bearer("officer") | {"Whosaw-Purpose": "whosaw:AccessRequest"}
        )
        assert answer.status_code == 201, answer.text
        issued.append(answer.headers["whosaw-account"])
    customer = world.names[1] if whose.startswith("her") else world.names[2]
    voiding = correction("event.voided", wrong, customer=customer, reason="whosaw:WrongSubject")
    if whose == "nobody":
        # Of several such, some land in another log than what they void.
        voiding["data"].pop("subjects")
    (receipt,) = service.record(voiding)
    (found,) = possible(world)
    assert (found["log_id"], found["position"]) == place(made)
    assert (found["corrected_log"], found["corrected"]) == place(receipt)
    assert found["subjects"] == [world.subjects[0]]
    # Told under both names of hers, and not to the third person.
    assert sorted(found["accounts"]) == sorted(issued[:2])
    assert found["looks"] == 2
    undone = correction("event.voided", voiding, customer=world.names[0])
    service.record(undone)
    assert possible(world) == []


def test_of_a_fact_about_people_of_several_logs_the_one_that_the_voiding_names_is_the_wrong_one(world: World) -> None:
    campaign = event("data.disclosed", subjects=about(*world.names))
    world.service.record(
        campaign, correction("event.voided", campaign, customer=world.names[1], reason="whosaw:WrongSubject")
    )
    assert [each["subjects"] for each in possible(world)] == [[world.subjects[1]]]
    both = correction("event.voided", campaign, reason="whosaw:WrongSubject", subjects=about(*world.names[1:]))
    world.service.record(both)
    assert sorted(each["subjects"] for each in possible(world)) == sorted(
        [[world.subjects[1]], [world.subjects[1]], [world.subjects[2]]]
    )


def test_a_voiding_that_names_the_right_person_counts_in_the_log_of_what_it_voids(world: World) -> None:
    wrong = event("data.disclosed", customer=world.names[0])
    world.service.record(wrong)
    assert len(world.disclosed(0)) == 1
    voiding = correction("event.voided", wrong, customer=world.names[2], reason="whosaw:WrongSubject")
    world.service.record(voiding)
    assert world.disclosed(0) == []
    assert [each["subjects"] for each in possible(world)] == [[world.subjects[0]]]
    assert world.service.send([voiding]).json()["receipts"][0]["repeated"]


def test_a_voiding_that_names_one_who_was_forgotten_takes_nothing_from_people_of_other_logs(world: World) -> None:
    campaign = event("data.disclosed", subjects=about(*world.names[:2]))
    world.service.record(campaign)
    forget(world.service, world.subjects[1], grace_days=0)
    world.service.record(correction("event.voided", campaign, customer=world.names[1], reason="whosaw:WrongSubject"))
    assert len(world.disclosed(0)) == 1


def test_two_merges_of_one_name_that_say_different_things_join_nobody(world: World) -> None:
    # In different logs the same id is no conflict; it must not join what neither of them names.
    one, other = merged(world.names[0], "X-1"), merged(world.names[1], "X-2")
    other["id"] = one["id"]
    service = world.service
    assert service.send([one]).status_code == 201
    service.send([other])
    service.record(*(event("data.disclosed", customer=name) for name in world.names[:2]))
    assert [log_id for log_id, _ in world.disclosed(0)] == [0]
    assert [log_id for log_id, _ in world.disclosed(1)] == [1]


@pytest.mark.parametrize("query", ["as_of=1,2", "as_of=1,2,x", "as_of=-1", "as_of=1,2,99999", "min_position=,"])
def test_positions_that_are_none_are_refused(world: World, query: str) -> None:
    world.heads()
    answer = world.service.ask(f"/v1/subjects/{world.subjects[0]}/disclosures?{query}")
    assert answer.status_code == 422, answer.text


def test_a_reader_waits_for_what_was_recorded_in_another_log(world: World) -> None:
    world.service.record(merged(*world.names))
    world.heads()
    receipts = world.service.record(event("data.disclosed", customer=world.names[2]))
    log_id, position = place(receipts[0])
    wanted = [0, 0, 0]
    wanted[log_id] = position
    path = f"/v1/subjects/{world.subjects[0]}/disclosures?min_position={','.join(map(str, wanted))}"
    assert [(each["log_id"], each["position"]) for each in world.service.ask(path).json()["items"]] == [
        (log_id, position)
    ]
