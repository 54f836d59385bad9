"""Given what is held and until when it may be, then from when it is kept too long."""

from __future__ import annotations

from typing import Any

import pytest

from projections.history import moment
from projections.law.calendar import TORONTO
from projections.rules.retention import RULE
from tests.projections.given import AGENT, Happened, collected, erased
from tests.rules.given import findings, then

HELD = collected("ann", "2026-01-01T00:00:00-05:00", "pd:CallLog")
AGAIN = collected("ann", "2026-01-15T00:00:00-05:00", "pd:CallLog")


def rule(**more: Any) -> Happened:
    data = {
        "actor": AGENT, "rule": "whosaw:KeepCalls", "categories": ["pd:CallLog"], "purposes": [],
        "trigger": "last_collected", "length": 1, "unit": "months", "action": "erase",
        "effective_from": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    return Happened("retention.rule_set", ("ledger/retention",), "2020-01-01T00:00:00Z", data | more)


def placed(starts: str, until: str | None = None, *categories: str) -> Happened:
    scope = {"categories": list(categories)}
    data = {"actor": AGENT, "hold_id": "H-1", "reason": "whosaw:Litigation", "scope": scope, "starts": starts}
    return Happened("hold.placed", ("ann",), starts, data | ({"until": until} if until else {}))


def released(at: str) -> Happened:
    data = {"actor": AGENT, "hold_id": "H-1", "reason": "whosaw:Settled", "effective_at": at}
    return Happened("hold.released", ("ann",), at, data)


def test_what_is_held_after_its_last_day_is_found_from_the_next_one_on_the_last_collection() -> None:
    (found,) = findings(RULE, rule(), HELD, AGAIN)
    assert (found.position, found.outcome, found.reason) == (3, "violation", "whosaw:PastRetention")
    assert found.codes == ["pd:CallLog", "whosaw:KeepCalls"]
    assert found.since == moment("2026-02-16T00:00:00-05:00"), "the 15th is its last day"
    assert found.inputs == [[0, 3], [0, 2], [0, 1]]


def test_what_is_gone_is_no_finding_and_what_was_only_asked_for_is() -> None:
    gone = erased("ann", "2026-03-01T00:00:00Z", "pd:CallLog")
    assert then(RULE, rule(), HELD, gone) == [(2, "lawful", "whosaw:DeletionEvidenced", [])]
    asked = erased("ann", "2026-03-01T00:00:00Z", "pd:CallLog", state="requested")
    assert [each.outcome for each in then(RULE, rule(), HELD, asked)] == ["violation"]


def test_an_order_to_keep_it_counts_while_it_stands() -> None:
    assert then(RULE, rule(), HELD, placed("2026-01-20T00:00:00Z")) == [(2, "lawful", "whosaw:HeldBack", [])]
    (found,) = findings(RULE, rule(), HELD, placed("2026-01-20T00:00:00Z"), released("2026-05-01T00:00:00Z"))
    assert found.since == moment("2026-05-01T00:00:00Z")
    (found,) = findings(RULE, rule(), HELD, placed("2026-01-20T00:00:00Z", "2026-04-01T00:00:00Z"))
    assert found.since == moment("2026-04-01T00:00:00Z")
    (found,) = findings(RULE, rule(), HELD, placed("2026-03-01T00:00:00Z"))
    assert found.since == moment("2026-02-02T00:00:00-05:00"), "it came too late"


def test_a_rule_of_retention_speaks_of_every_kind_of_what_it_names() -> None:
    mail = collected("ann", "2026-01-01T00:00:00-05:00", "pd:EmailAddress")
    (found,) = findings(RULE, rule(categories=["pd:Contact"]), mail)
    assert (found.outcome, found.codes) == ("violation", ["pd:EmailAddress", "whosaw:KeepCalls"])


def test_an_order_holds_every_kind_of_what_it_names_and_what_may_contain_it() -> None:
    ordered = placed("2026-01-20T00:00:00Z", None, "pd:EmailAddress")
    held_as = [collected("ann", "2026-01-01T00:00:00-05:00", each) for each in ("pd:Contact", "pd:TelephoneNumber")]
    assert [each.outcome for each in then(RULE, rule(categories=[]), *held_as, ordered)] == ["lawful", "violation"]
    ordered = placed("2026-01-20T00:00:00Z", None, "pd:Contact")
    assert [each.outcome for each in then(RULE, rule(categories=[]), *held_as, ordered)] == ["lawful", "lawful"]


def test_what_she_was_told_counts_without_a_rule() -> None:
    told = collected("ann", "2026-01-01T00:00:00-05:00", "pd:Name", until="2026-06-30T00:00:00-04:00")
    (found,) = findings(RULE, told)
    assert (found.codes, found.since) == (["pd:Name", "stated"], moment("2026-07-01T00:00:00-04:00"))


@pytest.mark.parametrize("rules", [(), (rule(action="review"),), (rule(trigger="relationship_ended"),)])
def test_what_has_no_last_day_is_not_judged(rules: tuple[Happened, ...]) -> None:
    assert then(RULE, *rules, HELD) == []


JUNE, LATER = "2026-06-01T00:00:00-04:00", "2026-09-01T00:00:00-04:00"


def spans(*facts: Happened) -> list[tuple[str, str | None, list[str]]]:
    """From when to when it is a finding, by Montreal's clock, and by which rules."""
    return [
        (each.since.astimezone(TORONTO).isoformat()[:10],
         None if each.until is None else each.until.astimezone(TORONTO).isoformat()[:10], each.codes[1:])
        for each in findings(RULE, *facts)
    ]  # fmt: skip


def test_a_later_rule_that_keeps_longer_ends_the_finding_on_its_own_date_and_begins_it_anew_after_its_last_day() -> (
    None
):
    """Kept to 1 February by the first rule; from June on a year is allowed."""
    longer = rule(length=1, unit="years", effective_from=JUNE)
    assert spans(rule(), longer, HELD) == [
        ("2026-02-02", "2026-06-01", ["whosaw:KeepCalls"]), ("2027-01-02", None, ["whosaw:KeepCalls"]),
    ]  # fmt: skip
    (first, second) = findings(RULE, rule(), longer, HELD)
    assert first.finding == second.finding
    assert (first.stands(moment("2026-05-31T00:00:00Z")), first.stands(moment(JUNE))) == (True, False)
    # Whatever was recorded since changes nothing of when it is one.
    other = collected("ann", "2026-08-01T00:00:00Z", "pd:Name")
    assert spans(rule(), longer, HELD, other) == spans(rule(), longer, HELD)


def test_a_later_rule_that_keeps_shorter_begins_it_on_its_own_date() -> None:
    assert spans(rule(length=1, unit="years"), rule(effective_from=JUNE), HELD) == [
        ("2026-06-01", None, ["whosaw:KeepCalls"]),
    ]
    for_ever = rule(trigger="relationship_ended", effective_from=LATER)
    assert spans(rule(length=1, unit="years"), rule(effective_from=JUNE), for_ever, HELD) == [
        ("2026-06-01", "2026-09-01", ["whosaw:KeepCalls"]),
    ]


def test_what_is_late_under_one_rule_and_the_next_is_one_finding_and_an_order_in_between_cures_nothing() -> None:
    shorter = rule(length=10, unit="days", effective_from=JUNE)
    assert spans(rule(), shorter, HELD) == [("2026-02-02", None, ["whosaw:KeepCalls"])]
    assert spans(rule(), shorter, HELD, placed("2026-04-01T00:00:00Z")) == spans(rule(), shorter, HELD)


def test_an_order_that_stands_when_a_shorter_rule_comes_holds_it_back() -> None:
    long, short = rule(length=1, unit="years"), rule(effective_from=JUNE)
    order = placed("2026-04-01T00:00:00Z", "2026-07-01T04:00:00Z")
    assert spans(long, short, HELD, order) == [("2026-07-01", None, ["whosaw:KeepCalls"])]


def test_two_things_that_one_fact_collected_are_one_finding_while_one_of_them_is_late() -> None:
    both = collected("ann", "2026-01-01T00:00:00-05:00", "pd:CallLog", "pd:Name")
    name = rule(rule="whosaw:KeepName", categories=["pd:Name"], length=3)
    ended = rule(trigger="relationship_ended", effective_from=JUNE)
    assert [each[:2] for each in spans(rule(), name, ended, both)] == [("2026-02-02", None)]
    longer = rule(
        rule="whosaw:KeepName", categories=["pd:Name"], length=9, unit="months", effective_from="2026-03-01T00:00:00Z"
    )
    assert [each[:2] for each in spans(rule(), name, longer, ended, both)] == [
        ("2026-02-02", "2026-06-01"), ("2026-10-02", None),
    ]  # fmt: skip
