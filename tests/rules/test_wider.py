"""Given what was asked for, given and agreed, then whether no more went out."""

from __future__ import annotations

from typing import Any

import pytest

from projections.rules.wider import RULE
from tests.projections.given import agreement, disclosed
from tests.rules.given import findings, then

NORTH = "collections-north"
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
    known = agreement(NORTH, "2026-01-01T00:00:00Z", categories=["pd:Name"])
    facts = disclosed("ann", NOON, "pd:Name"), disclosed("ann", NOON, "pd:Name", "pd:CallLog")
    assert then(RULE, known, *facts) == [
        (2, "lawful", "whosaw:WithinLimits", []),
        (3, "violation", "whosaw:BeyondAgreement", ["pd:CallLog"]),
    ]
    assert then(RULE, *facts) == [], "nothing limits it"


def test_what_names_a_kind_of_data_covers_each_kind_of_it_and_not_the_other_way_round() -> None:
    mail, contact = disclosed("ann", NOON, "pd:EmailAddress"), disclosed("ann", NOON, "pd:Contact")
    for asked, given, sent, outcome in (
        (["pd:Contact"], ["pd:EmailAddress"], mail, "lawful"),
        (["pd:Contact"], ["pd:Contact"], mail, "lawful"),
        (["pd:EmailAddress"], [], contact, "violation"),
        (["pd:Contact"], ["pd:EmailAddress"], contact, "violation"),
    ):
        told = then(RULE, sent._replace(data=sent.data | {"instrument": paper(asked, given)}))
        assert [each.outcome for each in told] == [outcome], (asked, given)
    wide, narrow = (
        agreement(NORTH, "2026-01-01T00:00:00Z", categories=each) for each in (["pd:Contact"], ["pd:EmailAddress"])
    )
    assert [each.outcome for each in then(RULE, wide, mail, contact)] == ["lawful", "lawful"]
    assert [each.outcome for each in then(RULE, narrow, mail, contact)] == ["lawful", "violation"]


def test_several_agreements_cover_together_what_each_covers() -> None:
    names, calls = (
        agreement(NORTH, "2026-01-01T00:00:00Z", name=name, categories=[category])
        for name, category in (("AG-1", "pd:Name"), ("AG-2", "pd:CallLog"))
    )
    both = disclosed("ann", NOON, "pd:Name", "pd:CallLog")
    (found,) = findings(RULE, names, calls, both)
    assert (found.outcome, found.inputs) == ("lawful", [[0, 3], [0, 1], [0, 2]])
    more = disclosed("ann", NOON, "pd:Name", "pd:CallLog", "pd:Age")
    (found,) = findings(RULE, names, calls, more)
    assert (found.codes, found.asked) == (["pd:Age"], ["pd:Name", "pd:CallLog"])
    named = disclosed("ann", NOON, "pd:Name", "pd:CallLog", agreement_ref="AG-1")
    (said,) = then(RULE, names, calls, named)
    assert said[1:] == ("violation", "whosaw:BeyondAgreement", ["pd:CallLog"])
    open_to_all = agreement(NORTH, "2026-01-01T00:00:00Z", name="AG-3")
    assert [each.outcome for each in then(RULE, names, open_to_all, more)] == ["lawful"]
    ended = agreement(NORTH, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", name="AG-2", categories=["pd:CallLog"])
    assert [each.outcome for each in then(RULE, names, ended, both)] == ["violation"]


@pytest.mark.parametrize(
    ("purposes", "purpose", "outcome", "reason"),
    [
        (["dpv:CustomerClaimsManagement"], "dpv:CustomerClaimsManagement", "lawful", "whosaw:WithinLimits"),
        (["dpv:CustomerManagement"], "dpv:CustomerClaimsManagement", "lawful", "whosaw:WithinLimits"),
        (["dpv:CustomerClaimsManagement"], "dpv:CustomerManagement", "violation", "whosaw:PurposeBeyondAgreement"),
        (["dpv:CustomerClaimsManagement"], "dpv:DirectMarketing", "violation", "whosaw:PurposeBeyondAgreement"),
        (["xx:Ours"], "xx:Ours", "lawful", "whosaw:WithinLimits"),
        (["xx:Ours"], "xx:Other", "gap", "whosaw:CodeUnknown"),
    ],
)
def test_an_agreement_is_for_the_purposes_that_it_names(
    purposes: list[str], purpose: str, outcome: str, reason: str
) -> None:
    known = agreement(NORTH, "2026-01-01T00:00:00Z", purposes=purposes)
    (said,) = then(RULE, known, disclosed("ann", NOON, "pd:Name", purpose=purpose))
    assert said[1:] == (outcome, reason, [] if outcome == "lawful" else [purpose])


def test_an_agreement_for_one_purpose_covers_no_data_for_another() -> None:
    claims = agreement(NORTH, "2026-01-01T00:00:00Z", categories=["pd:Name"], purposes=["dpv:CustomerClaimsManagement"])
    care = agreement(
        NORTH, "2026-01-01T00:00:00Z", name="AG-2", categories=["pd:CallLog"], purposes=["dpv:CustomerCare"]
    )
    for category, purpose, outcome in (
        ("pd:Name", "dpv:CustomerClaimsManagement", "lawful"),
        ("pd:CallLog", "dpv:CustomerCare", "lawful"),
        ("pd:CallLog", "dpv:CustomerClaimsManagement", "violation"),
    ):
        told = then(RULE, claims, care, disclosed("ann", NOON, category, purpose=purpose))
        assert [each.outcome for each in told] == [outcome]
    any_purpose = agreement(NORTH, "2026-01-01T00:00:00Z", name="AG-3", categories=["pd:CallLog"])
    sent = disclosed("ann", NOON, "pd:CallLog", purpose="dpv:DirectMarketing")
    assert [each.outcome for each in then(RULE, claims, any_purpose, sent)] == ["lawful"]


def test_an_agreement_that_names_nothing_limits_nothing() -> None:
    assert then(RULE, agreement(NORTH, "2026-01-01T00:00:00Z"), disclosed("ann", NOON, "pd:Name")) == []
