"""Given what was asked for, given and agreed, then whether no more went out."""

from __future__ import annotations

from typing import Any

from projections.rules.wider import RULE
from tests.projections.given import agreement, disclosed
from tests.rules.given import findings, then

NOON = "2026-05-01T12:00:00Z"


def paper(asked: list[str], given: list[str]) -> dict[str, Any]:
    return {"type": "whosaw:ProductionOrder", "issuer": {"name": "A court"}, "asked": asked, "given": given}


def test_no_more_than_was_asked_for_is_lawful() -> None:
    order = paper(["pd:Name", "pd:CallLog"], ["pd:Name"])
    assert then(RULE, disclosed("ann", NOON, "pd:Name", instrument=order)) == [(1, "lawful", "whosaw:WithinLimits", [])]


def test_what_was_given_or_sent_beyond_what_was_asked_for_is_named() -> None:
    order = paper(["pd:Name"], ["pd:Name", "pd:CallLog"])
    (said,) = then(RULE, disclosed("ann", NOON, "pd:Name", instrument=order))
    assert said[1:] == ("violation", "whosaw:BeyondAsked", ["pd:CallLog"])
    (said,) = then(RULE, disclosed("ann", NOON, "pd:Name", "pd:CallLog", instrument=paper(["pd:Name"], [])))
    assert said[1:] == ("violation", "whosaw:BeyondAsked", ["pd:CallLog"])


def test_what_was_sent_beyond_what_the_paper_says_was_given_is_named() -> None:
    order = paper(["pd:Name", "pd:CallLog"], ["pd:Name"])
    (said,) = then(RULE, disclosed("ann", NOON, "pd:Name", "pd:CallLog", instrument=order))
    assert said[1:] == ("violation", "whosaw:BeyondGiven", ["pd:CallLog"])


def test_what_was_asked_for_and_what_was_given_are_told_side_by_side() -> None:
    order = paper(["pd:Name", "pd:Age"], ["pd:Name"])
    (found,) = findings(RULE, disclosed("ann", NOON, "pd:Name", "pd:CallLog", instrument=order))
    assert (found.asked, found.given) == (["pd:Name", "pd:Age"], ["pd:Name", "pd:CallLog"])
    (found,) = findings(RULE, disclosed("ann", NOON, "pd:Name", instrument=paper([], ["pd:Name"])))
    assert (found.asked, found.given) == ([], ["pd:Name"]), "nobody wrote down what was asked for"


def test_a_paper_that_does_not_say_what_it_asks_for_is_a_gap() -> None:
    (said,) = then(RULE, disclosed("ann", NOON, "pd:Name", instrument=paper([], ["pd:Name"])))
    assert said[1:3] == ("gap", "whosaw:AskedUnknown")


def test_an_agreement_limits_what_is_sent_on_it() -> None:
    known = agreement("collections-north", "2026-01-01T00:00:00Z", categories=["pd:Name"])
    facts = disclosed("ann", NOON, "pd:Name"), disclosed("ann", NOON, "pd:Name", "pd:CallLog")
    assert then(RULE, known, *facts) == [
        (2, "lawful", "whosaw:WithinLimits", []),
        (3, "violation", "whosaw:BeyondAgreement", ["pd:CallLog"]),
    ]
    assert then(RULE, *facts) == [], "nothing limits it"
