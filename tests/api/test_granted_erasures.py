"""A request for erasure that was granted is carried out by the clock: after the grace, unless something holds her."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.forget_clock import ForgetClock
from api.forgetting import Outcome, Terms, carry_out
from api.granted_erasures import GrantedErasures
from tests.api.conftest import event
from tests.api.test_forgetting import HOLD, RELEASE, forget, restore
from tests.api.test_persons import about, correction, merged, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.forget import Revoked
    from tests.api.conftest import Service


def asked(request: str = "R-1", right: str = "whosaw:Erasure", **more: Any) -> dict[str, Any]:
    data = {
        "request_id": request, "regime": "whosaw:PIPEDA", "right": right, "channel": "whosaw:Web",
        "clock_start": "2026-10-01T00:00:00Z", "due": "2026-10-31", "system": None,
    }  # fmt: skip
    return event("request.received", **data | more)


def answered(outcome: str = "dpv:RequestFulfilled", request: str = "R-1", **more: Any) -> dict[str, Any]:
    return event("request.answered", request_id=request, outcome=outcome, channel="whosaw:Web", system=None, **more)


def turn(service: Service, days: int = 0) -> None:
    """Let a clock that was just wound up look once, as after a crash."""
    ledger, forgetting = service.state.ledger, service.state.forgetting
    for log in ledger.logs():
        service.follow(log.size, log.log_id)
    ForgetClock(ledger, forgetting, Terms(35), 60, GrantedErasures(ledger, forgetting, days)).turn()


def begin(service: Service) -> None:
    """Revoke whose request was granted, and no more; without grace."""
    service.follow(service.state.ledger.head(0))
    GrantedErasures(service.state.ledger, service.state.forgetting, 0).begin()


@pytest.fixture
def quiet(start: Callable[..., Service]) -> Service:
    """An application whose own clock stands still."""
    return start(forget_seconds=0)


def test_a_request_that_a_laws_own_paragraph_names_is_carried_out_too(quiet: Service) -> None:
    quiet.record(event(), asked(right="ca-pipeda:4.5.3"), answered())
    turn(quiet)
    assert len(quiet.entries("subject.revoked")) == 1


@pytest.mark.parametrize("outcome", ["dpv:RequestFulfilled", "dpv:RequestAccepted"])
def test_who_was_granted_it_is_revoked_then_forgotten_and_the_receipt_names_the_request(
    quiet: Service, outcome: str
) -> None:
    made, *_ = quiet.record(event(), asked(), answered(outcome))
    path = f"/v1/subjects/{made['stream']}/holdings"
    turn(quiet, days=30)
    turn(quiet, days=30)
    (revoked,) = quiet.entries("subject.revoked")
    assert quiet.ask(path).status_code == 404
    assert quiet.entries("key.destroyed") == []
    quiet.follow(quiet.state.ledger.head(0))
    receipt = quiet.ask(f"/v1/erasures/{revoked['data']['receipt_id']}", "compliance").json()
    assert (receipt["state"], receipt["request"]) == ("revoked", "R-1")
    assert restore(quiet, made["stream"]).status_code == 200
    turn(quiet)
    assert len(quiet.entries("subject.revoked")) == 1, "it was taken back"
    # Asked again, it is another request.
    quiet.record(asked("R-2"), answered(outcome, "R-2"))
    turn(quiet)
    turn(quiet)
    assert [each["data"]["streams"] for each in quiet.entries("key.destroyed")] == [[made["stream"]]]


def test_a_request_has_its_consequence_once_also_before_it_is_folded(quiet: Service) -> None:
    made, *_ = quiet.record(event(), asked(), answered())
    turn(quiet, days=30)
    ledger, forgetting = quiet.state.ledger, quiet.state.forgetting
    assert GrantedErasures(ledger, forgetting, 30).begin() == []
    restore(quiet, made["stream"])
    assert GrantedErasures(ledger, forgetting, 30).begin() == []
    assert len(quiet.entries("subject.revoked")) == 1


@pytest.mark.parametrize(
    "told",
    [
        [asked(), answered("dpv:RequestRejected")],
        [asked(right="whosaw:Access"), answered()],
        [asked(categories=["pd:Name"]), answered()],
        [asked(), answered(request="R-2")],
        [asked(customer="C-2"), answered()],
        [asked(), answered(), answered("dpv:RequestRejected") | {"time": "2026-11-02T10:00:00Z"}],
        [asked(), answered(visibility="sealed")],
    ],
    ids=["refused", "access", "a part", "another", "another's", "refused after all", "sealed"],
)
def test_nothing_else_forgets_anybody(quiet: Service, told: list[dict[str, Any]]) -> None:
    quiet.record(event(), event(customer="C-2"), *told)
    turn(quiet)
    assert quiet.entries("subject.revoked") == []


def test_an_answer_that_was_voided_leads_to_nothing(quiet: Service) -> None:
    answer = answered()
    quiet.record(event(), asked(), answer, correction("event.voided", answer))
    turn(quiet)
    assert quiet.entries("subject.revoked") == []


def test_a_hold_defers_it_and_it_resumes_by_itself(quiet: Service) -> None:
    quiet.record(event(), event("hold.placed", **HOLD), asked(), answered())
    turn(quiet)
    turn(quiet)
    assert len(quiet.entries("erasure.deferred")) == 1
    quiet.record(event("hold.released", **RELEASE))
    turn(quiet)
    assert len(quiet.entries("key.destroyed")) == 1


def test_asked_under_one_name_and_answered_under_another_in_another_log(start: Callable[..., Service]) -> None:
    service = start(logs=3, forget_seconds=0)
    homes: dict[str, str] = {}
    number = 0
    while len(homes) < 2:
        number += 1
        (made,) = service.record(event(customer=f"C-{number}"))
        homes.setdefault(made["log"], f"C-{number}")
    one, other = homes.values()
    service.record(asked(customer=one), answered(customer=other))
    turn(service)
    assert service.entries("subject.revoked") == []
    service.record(merged(one, other))
    turn(service)
    turn(service)
    # Whom the answer names, and not her other name: if the merge was wrong, that is somebody else.
    (named,) = [each["stream"] for each in service.entries("request.answered")]
    assert [each["data"]["streams"] for each in service.entries("key.destroyed")] == [[named]]


def test_a_setting_turns_it_off(start: Callable[..., Service]) -> None:
    service = start(forget_seconds=0.05, forget_on_request=False)
    other = start(forget_seconds=0.05, forget_grace_days=30)
    for each in (service, other):
        each.record(event(), asked(), answered())
    while not other.entries("subject.revoked"):
        other.follow(other.state.ledger.head(0))
    assert service.entries("subject.revoked") == []


def test_of_several_people_each_is_forgotten_by_herself(quiet: Service) -> None:
    both = about("C-1", "C-2")
    quiet.record(event(), event(customer="C-2"), asked(subjects=both), answered(subjects=both))
    turn(quiet)
    turn(quiet)  # What the first turn recorded may not have been folded when it came to the second of them.
    assert len(quiet.entries("key.destroyed")) == 2


def test_an_answer_that_names_all_her_names_forgets_each_whatever_name_she_asked_under(quiet: Service) -> None:
    one, two = quiet.record(event(), event(customer="C-2"))
    quiet.record(merged("C-1", "C-2"), asked(), answered(subjects=about("C-1", "C-2")))
    turn(quiet)
    turn(quiet)
    destroyed = [each["data"] for each in quiet.entries("key.destroyed")]
    assert {each["streams"][0] for each in destroyed} == {one["stream"], two["stream"]}
    assert [each.get("other_names", 0) for each in destroyed] == [0, 0]


def test_a_crash_between_two_names_of_one_answer_forgets_the_other_later(quiet: Service) -> None:
    quiet.record(event(), event(customer="C-2"))
    quiet.record(merged("C-1", "C-2"), asked(), answered(subjects=about("C-1", "C-2")))
    ledger, forgetting = quiet.state.ledger, quiet.state.forgetting
    quiet.follow(ledger.head(0))
    granting = GrantedErasures(ledger, forgetting, 30)
    begun: list[Any] = []

    def stopped(each: Any) -> None:
        if begun:
            raise RuntimeError
        begun.append(GrantedErasures._revoke(granting, each))

    granting._revoke = stopped  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        granting.begin()
    assert len(quiet.entries("subject.revoked")) == 1
    turn(quiet, days=30)
    assert len(quiet.entries("subject.revoked")) == 2


def test_an_answer_that_is_voided_in_the_days_of_grace_forgets_nobody(quiet: Service) -> None:
    answer = answered()
    made, *_ = quiet.record(event(), asked(), answer)
    begin(quiet)
    (revoked,) = quiet.entries("subject.revoked")
    quiet.record(correction("event.voided", answer, reason="whosaw:WrongSubject"))
    turn(quiet)
    turn(quiet)
    assert quiet.entries("key.destroyed") == []
    (back,) = quiet.entries("subject.restored")
    assert back["data"]["reason"] == "whosaw:GroundGone"
    quiet.follow(quiet.state.ledger.head(0))
    assert quiet.ask(f"/v1/subjects/{made['stream']}/holdings").status_code == 200
    receipt = quiet.ask(f"/v1/erasures/{revoked['data']['receipt_id']}", "compliance").json()
    assert [each["state"] for each in receipt["steps"]] == ["revoked", "restored"]


def test_who_never_asked_is_not_forgotten_once_the_merge_is_split(quiet: Service) -> None:
    merge = merged("C-1", "C-2")
    one, two = quiet.record(event(), event(customer="C-2"))
    quiet.record(merge, asked(), answered(subjects=about("C-1", "C-2")))
    begin(quiet)
    assert len(quiet.entries("subject.revoked")) == 2
    quiet.record(split(merge, "C-1", "C-2"))
    turn(quiet)
    turn(quiet)
    assert [each["data"]["streams"] for each in quiet.entries("key.destroyed")] == [[one["stream"]]]
    assert [each["stream"] for each in quiet.entries("subject.restored")] == [two["stream"]]


@pytest.mark.parametrize("parted", [False, True], ids=["one person", "two people"])
def test_who_is_held_longer_than_who_asked_is_forgotten_unless_they_are_two(quiet: Service, parted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    merge = merged("C-1", "C-2")
    one, two = quiet.record(event(), event(customer="C-2"))
    quiet.record(merge, asked(), answered(subjects=about("C-1", "C-2")))
    begin(quiet)
    quiet.follow(quiet.state.ledger.head(0))
    ledger, forgetting = quiet.state.ledger, quiet.state.forgetting
    if parted:
        quiet.record(split(merge, "C-1", "C-2"))
        quiet.follow(ledger.head(0))
    (asker,) = [each for each in forgetting.due() if each.subject.id == one["stream"]]
    assert carry_out(ledger, forgetting, Terms(35), asker).state == "destroyed"
    turn(quiet)
    destroyed = [each["data"]["streams"][0] for each in quiet.entries("key.destroyed")]
    assert (two["stream"] in destroyed) is not parted


def test_an_officers_own_decision_stands_whatever_request_it_names(quiet: Service) -> None:
    answer = answered()
    made, *_ = quiet.record(event(), asked(), answer, correction("event.voided", answer))
    quiet.follow(quiet.state.ledger.head(0))
    assert forget(quiet, made["stream"], grace_days=0, request_ref="R-1").json()["state"] == "destroyed"


def test_what_goes_wrong_with_one_of_them_keeps_nobody_else_waiting_and_is_logged_by_its_type_alone(
    quiet: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = quiet.record(event(), event(customer="C-2"))
    quiet.record(asked(), answered(), asked("R-2", customer="C-2"), answered(request="R-2", customer="C-2"))
    begin(quiet)

    def failing(ledger: Any, forgetting: Any, terms: Terms, revoked: Revoked) -> Outcome:
        if revoked.subject.id == first["stream"]:
            raise ValueError(revoked.subject.id)
        return carry_out(ledger, forgetting, terms, revoked)

    def begun(_: GrantedErasures) -> None:
        raise ValueError(first["stream"])

    monkeypatch.setattr("api.forget_clock.carry_out", failing)
    monkeypatch.setattr(GrantedErasures, "begin", begun)
    turn(quiet)
    assert [each["data"]["streams"] for each in quiet.entries("key.destroyed")] == [[second["stream"]]]
    told = [each for each in caplog.records if each.name == "api.forget_clock"]
    assert [each.__dict__["reason"] for each in told] == ["ValueError", "ValueError"]
    assert first["stream"] not in caplog.text


def test_one_answer_that_can_not_be_carried_out_keeps_no_other_waiting(quiet: Service) -> None:
    quiet.record(event(), event(customer="C-2"))
    quiet.record(asked(), answered(), asked("R-2", customer="C-2"), answered(request="R-2", customer="C-2"))
    ledger, forgetting = quiet.state.ledger, quiet.state.forgetting
    quiet.follow(ledger.head(0))
    granting: Any = GrantedErasures(ledger, forgetting, 30)
    revoke = granting._revoke
    failed: list[Any] = []

    def stopped(each: Any) -> Any:
        if not failed:
            failed.append(each)
            raise RuntimeError
        return revoke(each)

    granting._revoke = stopped
    with pytest.raises(RuntimeError):
        granting.begin()
    assert len(quiet.entries("subject.revoked")) == 1
