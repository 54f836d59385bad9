"""Given the register of recipients and agreements, then whether this one may work for the company."""

from __future__ import annotations

import pytest

from projections.rules.recipient import RULE
from tests.projections.given import COLLECTOR, agreement, disclosed, registered
from tests.rules.given import then

MAY = disclosed("ann", "2026-05-01T12:00:00Z", "pd:Name")
NORTH = "collections-north"


def test_a_recipient_that_nobody_registered_is_a_gap() -> None:
    assert then(RULE, MAY) == [(1, "gap", "whosaw:RecipientUnknown", [NORTH])]


def test_who_acts_for_the_company_needs_an_agreement_and_who_does_not_needs_none() -> None:
    other = disclosed("ann", "2026-05-01T12:00:00Z", "pd:Name", recipient=COLLECTOR | {"role": "dpv:DataController"})
    assert then(RULE, registered(), MAY, other) == [
        (2, "violation", "whosaw:NoAgreement", [NORTH]),
        (3, "lawful", "whosaw:RecipientKnown", []),
    ]


@pytest.mark.parametrize(
    ("starts", "until", "outcome", "reason"),
    [
        ("2026-01-01T00:00:00Z", None, "lawful", "whosaw:AgreementStands"),
        ("2026-01-01T00:00:00Z", "2026-05-01T12:00:00Z", "violation", "whosaw:AgreementEnded"),
        ("2026-05-01T12:00:01Z", None, "violation", "whosaw:AgreementLater"),
    ],
)
def test_an_agreement_counts_while_it_stands(starts: str, until: str | None, outcome: str, reason: str) -> None:
    (said,) = then(RULE, registered(), agreement(NORTH, starts, until), MAY)
    assert said[1:3] == (outcome, reason)


def test_a_disclosure_that_names_an_agreement_rests_on_that_one() -> None:
    named = disclosed("ann", "2026-05-01T12:00:00Z", "pd:Name", agreement_ref="AG-2")
    (said,) = then(RULE, registered(), agreement(NORTH, "2026-01-01T00:00:00Z"), named)
    assert said[1:] == ("gap", "whosaw:AgreementUnknown", ["AG-2"])


def test_a_natural_person_is_in_no_register() -> None:
    kin = {"id": "rec-1", "kind": "whosaw:NextOfKin", "role": "dpv:ThirdParty"}
    assert then(RULE, disclosed("ann", "2026-05-01T12:00:00Z", "pd:Name", recipient=kin)) == []
