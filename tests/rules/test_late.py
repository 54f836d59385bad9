"""Given when something happened and when it was written down, then whether that was in time."""

from __future__ import annotations

from projections.rules.late import RULE
from tests.projections.given import used
from tests.rules.given import then


def test_what_was_written_down_after_more_than_thirty_days_is_late() -> None:
    fact = used("ann", "2026-05-01T12:00:00Z", "pd:Name")
    assert then(RULE, fact._replace(head={"recordedtime": "2026-05-31T12:00:00Z"})) == [
        (1, "lawful", "whosaw:RecordedInTime", [])
    ]
    assert then(RULE, fact._replace(head={"recordedtime": "2026-06-01T12:00:00Z"})) == [
        (1, "violation", "whosaw:DaysLate", ["31"])
    ]


def test_a_history_that_was_written_down_in_time_and_brought_in_later_is_not_late() -> None:
    assert [each.outcome for each in then(RULE, used("ann", "2019-05-01T12:00:00Z", "pd:Name"))] == ["lawful"]
