"""Given a fact and when the ledger recorded it, then whether it had happened by then."""

from __future__ import annotations

from projections.rules.future import RULE
from tests.projections.given import used
from tests.rules.given import then


def test_what_is_dated_later_than_it_was_recorded_is_found() -> None:
    """Everything is recorded on 2026-11-23 at 20:04:44 UTC."""
    assert then(RULE, used("ann", "2026-11-26T20:05:00Z", "pd:Name")) == [(1, "violation", "whosaw:DaysAhead", ["3"])]


def test_clocks_differ_and_a_day_is_not_a_moment() -> None:
    assert [each.outcome for each in then(RULE, used("ann", "2026-11-23T20:09:00Z", "pd:Name"))] == ["lawful"]
    day = used("ann", "2026-11-24T12:00:00Z", "pd:Name", occurred={"precision": "day"})
    assert [each.outcome for each in then(RULE, day)] == ["lawful"]
