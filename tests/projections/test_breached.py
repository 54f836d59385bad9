"""What an incident obliges to: to judge it, to tell, to keep its record, by each law."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from projections.breached import of_incidents
from projections.deadlines import standing
from tests.projections.rights import (
    happened,
    history,
)

if TYPE_CHECKING:
    from tests.projections.given import Happened


def detected(**more: Any) -> Happened:
    data = {
        "incident_id": "I-1", "categories": ["pd:Name"], "circumstances": ["whosaw:Loss"], "since": None, "until": None,
        "aware_at": "2026-03-06T15:30:00+01:00", "jurisdiction": "loc:CA-QC",
    }  # fmt: skip
    return happened("incident.detected", "alice", "2026-03-06T15:30:00+01:00", **data | more)


def judged(*, serious: bool, **more: Any) -> Happened:
    return happened("incident.assessed", "alice", "2026-03-07T10:00:00Z", incident_id="I-1", serious=serious,
                    factors=["whosaw:SensitiveData"], **more)  # fmt: skip


def notified(whom: str, **more: Any) -> Happened:
    return happened("incident.notified", "alice", "2026-03-08T10:00:00Z", incident_id="I-1", whom=whom,
                    channel="whosaw:Email", **more)  # fmt: skip


def incident(*facts: Happened, now: datetime = datetime(2026, 4, 1, tzinfo=UTC)) -> set[tuple[str, str | None, str]]:
    return {(each.kind, each.deadline.pack, each.state) for each in of_incidents(history(*facts).facts, now)}


def test_an_incident_is_judged_first_and_its_record_is_kept() -> None:
    assert incident(detected()) == {
        ("assess_incident", "ca-qc-p39.1", "open"), ("keep_record", "ca-qc-p39.1", "standing"),
        ("keep_record", "ca-pipeda", "standing"),
    }  # fmt: skip


def test_one_that_is_serious_is_told_to_each_regulator_and_to_the_persons() -> None:
    facts = [detected(), judged(serious=True)]
    assert incident(*facts) >= {
        (kind, law, "open") for kind in ("notify_regulator", "notify_persons") for law in ("ca-qc-p39.1", "ca-pipeda")
    }
    quebec = notified("regulator", authority={"id": "cai", "name": "CAI", "country": "loc:CA-QC"})
    assert incident(*facts, quebec, notified("persons")) >= {
        ("notify_regulator", "ca-qc-p39.1", "discharged"), ("notify_regulator", "ca-pipeda", "open"),
        ("notify_persons", "ca-pipeda", "discharged"),
    }  # fmt: skip
    assert not [kind for kind, *_ in incident(detected(), judged(serious=False)) if kind.startswith("notify")]


def test_the_gdpr_counts_72_hours_from_awareness_across_a_change_of_clocks() -> None:
    # Friday 6 March, 15:30 in Paris; the clocks in Quebec go forward on Sunday 8 March.
    found = of_incidents(history(detected(jurisdiction="loc:FR")).facts, datetime(2026, 3, 7, tzinfo=UTC))
    (its,) = [each for each in found if each.kind == "notify_regulator"]
    assert its.deadline.moment == datetime(2026, 3, 9, 14, 30, tzinfo=UTC)
    assert standing(its.deadline, datetime(2026, 3, 9, 14, 30, tzinfo=UTC)) == "due_today"
    assert standing(its.deadline, datetime(2026, 3, 9, 14, 30, 1, tzinfo=UTC)) == "overdue"


@pytest.mark.parametrize(
    ("serious", "risk", "owed"),
    [
        (False, None, {"notify_regulator"}),
        (False, "unlikely", set[str]()),
        (True, "unlikely", set[str]()),
        (False, "likely", {"notify_regulator"}),
        (True, "likely", {"notify_regulator"}),
        (False, "high", {"notify_regulator", "notify_persons"}),
        (True, None, {"notify_regulator", "notify_persons"}),
    ],
)
def test_the_gdpr_notifies_unless_a_risk_is_unlikely_whatever_another_law_calls_serious(
    *, serious: bool, risk: str | None, owed: set[str]
) -> None:
    found = incident(detected(jurisdiction="loc:FR"), judged(serious=serious, risk=risk))
    assert {kind for kind, *_ in found if kind.startswith("notify")} == owed


def test_a_notice_to_a_regulator_who_is_not_named_is_nobodys_where_there_are_two() -> None:
    found = incident(detected(), judged(serious=True), notified("regulator"))
    assert {state for kind, _, state in found if kind == "notify_regulator"} == {"open"}
    alone = incident(detected(jurisdiction="loc:FR"), notified("regulator"))
    assert {state for kind, _, state in alone if kind == "notify_regulator"} == {"discharged"}


def test_records_are_kept_24_months_and_5_years() -> None:
    found = of_incidents(history(detected(), judged(serious=False)).facts, datetime(2026, 4, 1, tzinfo=UTC))
    days = {each.deadline.pack: each.due for each in found if each.kind == "keep_record"}
    assert days == {"ca-pipeda": date(2028, 3, 7), "ca-qc-p39.1": date(2031, 3, 6)}
    later = {("keep_record", "ca-pipeda", "discharged"), ("keep_record", "ca-qc-p39.1", "standing")}
    assert incident(detected(), judged(serious=False), now=datetime(2029, 1, 1, tzinfo=UTC)) >= later


def test_what_was_judged_and_never_detected_is_an_incident_too() -> None:
    found = incident(judged(serious=True, jurisdiction="loc:CA-ON"))
    assert found == {
        ("assess_incident", "ca-pipeda", "discharged"), ("notify_regulator", "ca-pipeda", "open"),
        ("notify_persons", "ca-pipeda", "open"), ("keep_record", "ca-pipeda", "standing"),
    }  # fmt: skip
