"""Given a debt and a dispute, then whether the debt was free to be sold."""

from __future__ import annotations

from typing import Any

from projections.rules.disputed_debt import RULE
from tests.projections.given import COLLECTOR, SERVICE, Happened, disclosed
from tests.rules.given import then

BUYER = COLLECTOR | {"id": "debt-buyer", "kind": "whosaw:DebtBuyer", "role": "dpv:DataController"}
NOON = "2026-05-01T12:00:00Z"
SALE = disclosed("ann", NOON, "pd:Name", "whosaw:DebtRecord", recipient=BUYER)


def held(reason: str = "whosaw:DisputedDebt", starts: str = "2026-04-01T00:00:00Z", **more: Any) -> Happened:
    data = {"actor": SERVICE, "hold_id": "H-1", "reason": reason, "scope": {}, "starts": starts}
    return Happened("hold.placed", ("ann",), starts, data | more)


def released(time: str) -> Happened:
    data = {"actor": SERVICE, "hold_id": "H-1", "reason": "whosaw:Withdrawn", "effective_at": time}
    return Happened("hold.released", ("ann",), time, data)


def test_a_disputed_debt_is_not_sold() -> None:
    assert then(RULE, held(), SALE) == [(2, "violation", "whosaw:DebtDisputed", ["debt-buyer"])]


def test_before_and_after_the_dispute_it_may_be() -> None:
    for dispute in (
        [],
        [held(starts="2026-05-02T00:00:00Z")],
        [held(until="2026-04-30T00:00:00Z")],
        [held(), released("2026-04-30T00:00:00Z")],
        [held(reason="whosaw:Litigation")],
    ):
        assert [each[1:3] for each in then(RULE, *dispute, SALE)] == [("lawful", "whosaw:NotDisputed")]
    assert then(RULE, held(), released("2026-05-02T00:00:00Z"), SALE)[0].outcome == "violation"


def test_a_collector_that_acts_for_the_company_may_go_on() -> None:
    assert then(RULE, held(), disclosed("ann", NOON, "whosaw:DebtRecord")) == []
