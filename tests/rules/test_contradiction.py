"""Given a policy, then whether it is at one with itself."""

from __future__ import annotations

from typing import Any

from projections.rules.contradiction import RULE
from tests.projections.given import published
from tests.rules.given import findings, then


def rule(name: str, *conflicts: str) -> dict[str, Any]:
    return {"id": name, "subject_matter": "security", "effect": "declares", "conflicts": list(conflicts)}


def policy(*rules: dict[str, Any]) -> Any:
    return published("2009", "2009-05-01T00:00:00Z", rules=list(rules))


def test_rules_that_conflict_are_named_once_and_about_nobody() -> None:
    (found,) = findings(RULE, policy(rule("2B", "5.2"), rule("5.1", "5.2"), rule("5.2", "2B", "5.1")))
    assert (found.outcome, found.codes) == ("violation", ["2B / 5.2", "5.1 / 5.2"])
    assert found.nobody


def test_a_policy_without_conflicts_is_lawful_and_one_without_rules_is_not_judged() -> None:
    assert then(RULE, policy(rule("5.1"))) == [(1, "lawful", "whosaw:AtOne", [])]
    assert then(RULE, policy()) == []
