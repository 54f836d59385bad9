"""Given somebody who looked, then whether she said why."""

from __future__ import annotations

from projections.rules.lookup import RULE
from tests.projections.given import SERVICE, viewed
from tests.rules.given import then

NOON = "2026-05-01T12:00:00Z"
CARE = "dpv:CommunicationForCustomerCare"


def test_a_person_states_a_purpose_and_a_ticket() -> None:
    assert then(RULE, viewed("ann", NOON, "pd:Name", purpose=CARE)) == [(1, "lawful", "whosaw:TicketStated", [])]
    assert then(RULE, viewed("ann", NOON, "pd:Name", purpose=CARE, ticket=None)) == [
        (1, "violation", "whosaw:NoTicket", [CARE])
    ]
    assert then(RULE, viewed("ann", NOON, "pd:Name", purpose="xx:Because")) == [
        (1, "gap", "whosaw:CodeUnknown", ["xx:Because"])
    ]


def test_who_says_no_purpose_is_found_with_or_without_a_ticket() -> None:
    for ticket in ("TKT-1", None):
        look = viewed("ann", NOON, "pd:Name", purpose=None, ticket=ticket)
        assert then(RULE, look) == [(1, "violation", "whosaw:NoPurpose", [])]
        del look.data["purpose"]
        assert then(RULE, look) == [(1, "violation", "whosaw:NoPurpose", [])]


def test_a_service_needs_no_ticket() -> None:
    assert then(RULE, viewed("ann", NOON, "pd:Name", actor=SERVICE, ticket=None)) == []
