"""Given a fact that was about somebody else, then that it is to be assessed."""

from __future__ import annotations

from projections.rules.wrong_person import RULE
from tests.projections.given import viewed, voided
from tests.rules.given import findings, then

LOOK = viewed("ann", "2026-05-01T12:00:00Z", "pd:Name")
WRONG = voided("ev-1", "ann", reason="whosaw:WrongSubject")


def test_a_look_at_the_wrong_persons_record_may_be_an_incident() -> None:
    (found,) = findings(RULE, LOOK, WRONG)
    assert (found.position, found.outcome, found.codes, found.inputs) == (1, "gap", ["data.viewed"], [[0, 1], [0, 2]])
    nobodys = voided("ev-1", reason="whosaw:WrongSubject")
    assert then(RULE, LOOK, nobodys)[0].reason == "whosaw:AssessIncident"


def test_what_was_voided_for_another_reason_or_turned_out_right_is_none() -> None:
    assert then(RULE, LOOK) == []
    assert then(RULE, LOOK, voided("ev-1", "ann")) == []
    assert then(RULE, LOOK, WRONG, voided("ev-2", "ann")) == []
