"""What only many people's facts show: raised by the ledger once, about nobody, and settled when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.rule_clock import ON_THEIR_WAY, RuleClock
from projections import together
from projections.together import FILES, MOST_FILES, SEQUENCE
from tests.api.conftest import SOURCE, event
from tests.api.test_findings import settle

if TYPE_CHECKING:
    from tests.api.conftest import Service

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOON = NOW + ON_THEIR_WAY


def looks(number: int, **more: Any) -> list[dict[str, Any]]:
    return [event("data.viewed", f"C-{each}", ticket="TKT-1", **more) for each in range(number)]


def found(service: Service, rule: str) -> list[dict[str, Any]]:
    service.follow(service.state.ledger.head(0))
    return service.ask(f"/v1/findings?rule={rule}").json()["items"]


@pytest.fixture
def still(start: Any) -> Service:
    """A service whose own clock does not look."""
    service: Service = start(rules_seconds=0)
    return service


def test_somebody_who_opens_many_files_in_one_day_is_found_once(still: Service) -> None:
    still.record(*looks(MOST_FILES))
    still.follow(still.state.ledger.head(0))
    clock = RuleClock(still.state.ledger, 600)
    clock.turn(NOW)
    assert found(still, "whosaw:RuleFiles") == []
    still.record(*looks(200))
    still.follow(still.state.ledger.head(0))
    for each in (clock, RuleClock(still.state.ledger, 600), clock):
        each.turn(NOW)
    (one,) = found(still, "whosaw:RuleFiles")
    assert (one["subject"], one["outcome"], one["reason"]) == (None, "violation", "whosaw:TooManyFiles")
    assert one["codes"] == ["whosaw:SupportAgent", "200"]
    raised = still.entries("finding.raised")
    assert len(raised) == 1, "by several processes, and again and again"
    assert len(raised[0]["data"]["inputs"]) == 100
    assert "emp-017" not in str(raised), "nobody at work is named"


def test_lists_services_other_days_and_what_an_order_hides_are_not_counted(still: Service) -> None:
    service = {"actor": {"kind": "service", "id": "crm", "role": "whosaw:BillingService"}}
    still.record(*looks(MOST_FILES), *looks(MOST_FILES + 9, **service))
    still.record(*({**each, "time": "2026-11-02T10:00:00-05:00"} for each in looks(MOST_FILES)))
    still.record(*looks(MOST_FILES + 9, visibility="sealed", seal_ref="S-1"))
    still.follow(still.state.ledger.head(0))
    RuleClock(still.state.ledger, 600).turn(NOW)
    assert found(still, "whosaw:RuleFiles") == []


def numbered(*numbers: int) -> list[dict[str, Any]]:
    return [{**event(), "sequence": number} for number in numbers]


def test_numbers_that_do_not_arrive_are_found_and_settled_when_they_do(still: Service) -> None:
    still.record(*numbered(1, 2, 5, 9))
    still.follow(still.state.ledger.head(0))
    clock = RuleClock(still.state.ledger, 600)
    clock.turn(NOW)
    assert found(still, "whosaw:RuleSequence") == [], "they may be on their way"
    clock.turn(SOON)
    clock.turn(SOON)
    missing = found(still, "whosaw:RuleSequence")
    assert [each["codes"] for each in missing] == [[SOURCE, "3", "4"], [SOURCE, "6", "8"]]
    assert [each["reason"] for each in missing] == ["whosaw:NumbersMissing"] * 2
    still.record(*numbered(3, 4))
    still.follow(still.state.ledger.head(0))
    clock.turn(SOON + timedelta(hours=2))
    settled = found(still, "whosaw:RuleSequence")
    assert [each["state"] for each in settled] == ["resolved", "open"]
    assert settled[0]["resolution"] == "whosaw:NumbersArrived"


def test_over_several_logs_it_is_one_person_at_work_and_one_count(start: Any) -> None:
    service: Service = start(logs=3, rules_seconds=0)
    service.record(*looks(MOST_FILES + 1), *numbered(1, 3))
    for log_id in range(3):
        service.follow(service.state.ledger.head(log_id), log_id)
    clock = RuleClock(service.state.ledger, 600)
    clock.turn(NOW)
    clock.turn(SOON)
    for log_id in range(3):
        service.follow(service.state.ledger.head(log_id), log_id)
    items = service.ask("/v1/findings?outcome=violation").json()["items"]
    assert {each["rule"] for each in items} >= {"whosaw:RuleFiles", "whosaw:RuleSequence"}


def another_version(monkeypatch: pytest.MonkeyPatch, number: int, most: int) -> None:
    monkeypatch.setattr(together, "MOST_FILES", most)
    monkeypatch.setattr(together, "VERSIONS", {FILES: number, SEQUENCE: number})


def look_anew(service: Service, now: datetime = NOW) -> None:
    """Look once, as a process does that has just begun, after everything was followed."""
    service.follow(service.state.ledger.head(0))
    RuleClock(service.state.ledger, 600).turn(now)


def test_another_version_of_the_rule_judges_again_whatever_was_raised(
    still: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """103 and 105 files in a day: the first version finds both, the second the latter, the third 50 more."""
    days = {"2026-03-02": 103, "2026-03-03": 105, "2026-03-04": 50}
    for day, number in days.items():
        still.record(*({**each, "time": f"{day}T10:00:00-05:00"} for each in looks(number)))
    still.follow(still.state.ledger.head(0))

    def judged(version: int, most: int) -> dict[str, tuple[str, str, str | None]]:
        another_version(monkeypatch, version, most)
        look_anew(still)
        items = found(still, "whosaw:RuleFiles")
        return {each["codes"][1]: (each["version"], each["state"], each["resolution"]) for each in items}

    assert judged(1, 100) == {"103": ("1", "open", None), "105": ("1", "open", None)}
    again = "whosaw:JudgedAgain"
    assert judged(1, 104) == {"103": ("1", "open", None), "105": ("1", "open", None)}, "the same version judges once"
    assert judged(2, 104) == {"103": ("1", "resolved", again), "105": ("1", "open", None)}
    third = {"103": ("1", "open", again), "105": ("1", "open", None), "50": ("3", "open", None)}
    assert judged(3, 40) == third
    assert judged(3, 40) == third
    entries = len(still.entries("finding.raised")), len(still.entries("finding.resolved"))
    assert (*entries, len(still.entries("finding.reopened"))) == (3, 1, 1)
    assert judged(2, 104)["50"] == ("3", "open", None), "an older process changes nothing of a newer version"
    assert judged(4, 200) == {each: (version, "resolved", again) for each, (version, _, _) in third.items()}


def test_what_people_settled_stays_settled_by_whatever_version(still: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    still.record(*looks(MOST_FILES + 1))
    still.follow(still.state.ledger.head(0))
    RuleClock(still.state.ledger, 600).turn(NOW)
    (one,) = found(still, "whosaw:RuleFiles")
    decision = event("finding.resolved", finding_id=one["finding"], reason="whosaw:Remedied", system=None)
    del decision["data"]["subjects"]
    settle(still, decision)
    another_version(monkeypatch, 2, 50)
    look_anew(still)
    assert [each["resolution"] for each in found(still, "whosaw:RuleFiles")] == ["whosaw:Remedied"]
    another_version(monkeypatch, 3, 500)
    look_anew(still)
    assert [each["resolution"] for each in found(still, "whosaw:RuleFiles")] == ["whosaw:Remedied"]


def test_nothing_is_judged_again_before_everything_was_followed(
    still: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    still.record(*looks(MOST_FILES + 1))
    still.follow(still.state.ledger.head(0))
    RuleClock(still.state.ledger, 600).turn(NOW)
    still.follow(still.state.ledger.head(0))
    still.record(event())
    another_version(monkeypatch, 2, 500)
    clock = RuleClock(still.state.ledger, 600)
    clock.turn(NOW)
    assert still.entries("finding.resolved") == []
    still.follow(still.state.ledger.head(0))
    clock.turn(NOW)
    assert len(still.entries("finding.resolved")) == 1
    clock.turn(NOW)
    assert len(still.entries("finding.resolved")) == 1


def test_a_gap_that_another_version_does_not_know_is_settled_with_that_reason(
    still: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    still.record(*numbered(1, 3))
    still.follow(still.state.ledger.head(0))
    clock = RuleClock(still.state.ledger, 600)
    clock.turn(NOW)
    clock.turn(SOON)
    assert [each["state"] for each in found(still, "whosaw:RuleSequence")] == ["open"]
    another_version(monkeypatch, 2, MOST_FILES)
    monkeypatch.setattr(together, "gaps", lambda *_: ([], True))
    look_anew(still, SOON)
    (settled,) = found(still, "whosaw:RuleSequence")
    assert (settled["state"], settled["resolution"]) == ("resolved", "whosaw:JudgedAgain")
