"""Given how often one person at work looked, then which look was one too many."""

from __future__ import annotations

from typing import Any

from projections.rules.volume import MOST, RULE
from tests.projections.given import AGENT, SERVICE, viewed
from tests.rules.given import findings, then


def looks(days: range, **more: Any) -> list[Any]:
    return [viewed("ann", f"2026-{5 + day // 28:02}-{1 + day % 28:02}T20:00:00Z", "pd:Name", **more) for day in days]


def unusual(*facts: Any) -> list[int]:
    return [each.position for each in then(RULE, *facts) if each.outcome == "violation"]


def test_the_look_that_makes_it_too_many_is_the_finding_and_the_next_ones_are_not() -> None:
    (found,) = [each for each in findings(RULE, *looks(range(25))) if each.outcome == "violation"]
    assert (found.position, found.codes) == (MOST + 1, [str(MOST + 1), "whosaw:SupportAgent"])
    assert sorted(place for _, place in found.inputs) == list(range(1, MOST + 2))


def test_ten_in_thirty_days_are_not_too_many_and_eleven_in_longer_neither() -> None:
    assert unusual(*looks(range(10))) == []
    assert unusual(*looks(range(0, 140, 7))) == []


def test_two_people_are_not_one() -> None:
    other = looks(range(6), actor=AGENT | {"key": "aa" * 8})
    assert unusual(*looks(range(6)), *other) == []


def test_a_service_and_somebody_unknown_are_not_counted() -> None:
    assert then(RULE, *looks(range(20), actor=SERVICE)) == []
    assert then(RULE, *looks(range(20), actor={"kind": "human", "role": "whosaw:SupportAgent"})) == []


def test_it_is_found_again_once_it_had_come_down() -> None:
    assert unusual(*looks(range(11)), *looks(range(90, 101))) == [11, 22]
