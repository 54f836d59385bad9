"""Debts, withdrawals, inferences and recipients of one person: pages, times, merges, and what an order seals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import RECIPIENT, SOURCE, event
from tests.api.test_persons import merged
from tests.api.test_persons_over_logs import World
from tests.api.test_seals import SEALED, ask, cleared, placed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

QUESTIONS = ("debts", "withdrawals", "inferences", "recipients")
WITHDRAWN: dict[str, Any] = {
    "purposes": ["dpv:DirectMarketing"], "categories": [], "channel": "whosaw:Email", "notice_ref": None,
    "state": "withdrawn", "effective_at": "2026-11-02T10:00:00-05:00",
}  # fmt: skip
USED: dict[str, Any] = {
    "categories": ["pd:Name"], "purposes": ["dpv:DirectMarketing"], "basis": "dpv:Consent", "automated": False,
}  # fmt: skip


def on(day: int, kind: str, customer: str = "C-1", **data: Any) -> dict[str, Any]:
    return event(kind, customer, **data) | {"time": f"2026-11-{day:02}T12:00:00-05:00"}


def known(service: Service, customer: str = "C-1", **more: Any) -> str:
    """Record something that each of the questions is about; return whose it is."""
    calls = on(1, "data.collected", customer, categories=["pd:CallLog"], origin="observed", **more)
    score = on(3, "data.collected", customer, categories=["pd:Interest"], origin="derived", **more,
               derived_from=[{"source": SOURCE, "id": calls["id"]}])  # fmt: skip
    first, *_ = service.record(
        calls, score,
        on(1, "data.disclosed", customer, categories=["whosaw:DebtRecord"], **more),
        on(2, "challenge.recorded", customer, categories=["whosaw:DebtRecord"], request_id=None, **more),
        on(3, "data.disclosed", customer, categories=["whosaw:DebtRecord"], **more,
           recipient=RECIPIENT | {"id": "buyer", "kind": "whosaw:DebtBuyer", "role": "dpv:DataController"}),
        on(2, "consent.recorded", customer, **WITHDRAWN, **more), on(3, "data.used", customer, **USED, **more),
    )  # fmt: skip
    service.follow(service.state.ledger.head(0))
    subject: str = first["stream"]
    return subject


@pytest.mark.parametrize("question", QUESTIONS)
def test_pages_give_every_row_once_and_stay_at_their_position(service: Service, question: str) -> None:
    subject = known(service)
    path = f"/v1/subjects/{subject}/{question}"
    whole = service.ask(path).json()
    assert whole["items"]
    service.record(on(9, "data.disclosed", categories=["whosaw:DebtRecord"]))
    following, seen = f"{path}?limit=1&as_of={whole['as_of']}", list[Any]()
    while following:
        page = service.ask(following).json()
        assert (len(page["items"]), page["as_of"]) == (1, whole["as_of"])
        seen += page["items"]
        following = page["next"]
    assert seen == whole["items"]


def test_what_had_not_happened_by_a_time_is_not_there(service: Service) -> None:
    subject = known(service)

    def steps(question: str, day: int, member: str) -> list[Any]:
        path = f"/v1/subjects/{subject}/{question}?valid_at=2026-11-{day:02}T23:00:00Z"
        return [each[member] for each in service.ask(path).json()["items"]]

    assert steps("debts", 1, "step") == ["disclosed"]
    assert steps("debts", 2, "step") == ["disclosed", "disputed", "owed"]
    assert steps("withdrawals", 2, "step") == ["withdrawn"]
    assert steps("withdrawals", 3, "step") == ["withdrawn", "used"]
    assert steps("inferences", 2, "id") == []
    assert len(steps("inferences", 3, "id")) == 1
    assert steps("recipients", 2, "recipient") == [RECIPIENT["id"]]


def test_one_person_of_several_logs_has_one_answer(start: Callable[..., Service]) -> None:
    world = World(start(logs=3, forget_seconds=0))
    first, second, _ = world.names
    calls = on(1, "data.collected", first, categories=["pd:CallLog"], origin="observed")
    made = [{"source": SOURCE, "id": calls["id"]}]
    world.service.record(
        calls, on(3, "data.collected", second, categories=["pd:Interest"], origin="derived", derived_from=made),
        on(1, "data.disclosed", first, categories=["whosaw:DebtRecord"]),
        on(4, "data.disclosed", second, categories=["whosaw:DebtRecord"]),
        on(2, "consent.recorded", first, **WITHDRAWN), on(3, "data.used", second, **USED), merged(first, second),
    )  # fmt: skip
    for log_id in (0, 1):
        (inferred,) = world.ask(log_id, "inferences")["items"]
        assert [(each["known"], each["categories"]) for each in inferred["lineage"]] == [(True, ["pd:CallLog"])]
        steps = world.ask(log_id, "debts")["items"]
        assert [(each["step"], each["log_id"]) for each in steps] == [("disclosed", 0), ("disclosed", 1)]
        steps = world.ask(log_id, "withdrawals")["items"]
        assert [(each["step"], each["log_id"]) for each in steps] == [("withdrawn", 0), ("used", 1)]


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_an_order_seals_is_for_the_cleared_alone(service: Service, question: str) -> None:
    first, *_ = service.record(event(), placed())
    known(service, **SEALED)
    path, key = f"/v1/subjects/{first['stream']}/{question}", cleared(service, "city-police")
    assert ask(service, path, key).json()["items"] == []
    assert ask(service, f"{path}?sealed=true", key).json()["items"] != []
    assert ask(service, f"{path}?sealed=true", cleared(service, "another")).json()["items"] == []
    looks = [each for each in service.entries("ledger.queried") if each["data"].get("visibility") == "sealed"]
    assert len(looks) == 2


def test_an_inference_from_what_an_order_hides_is_as_one_from_what_nobody_knows(service: Service) -> None:
    hidden = on(1, "data.collected", categories=["pd:CallLog"], **SEALED)
    made = [{"source": SOURCE, "id": hidden["id"]}]
    first, *_ = service.record(
        event(), placed(), hidden,
        on(3, "data.collected", categories=["pd:Interest"], origin="derived", derived_from=made),
    )  # fmt: skip
    path = f"/v1/subjects/{first['stream']}/inferences"
    (source,) = ask(service, path, cleared(service, "city-police")).json()["items"][0]["lineage"]
    assert (source["known"], source["categories"], source["position"]) == (False, [], None)
    (source,) = ask(service, f"{path}?sealed=true", cleared(service, "city-police")).json()["items"][0]["lineage"]
    assert (source["known"], source["categories"]) == (True, ["pd:CallLog"])
