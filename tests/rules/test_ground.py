"""Given a disclosure, then whether it rests on consent or on an exception."""

from __future__ import annotations

from typing import Any

import pytest

from projections.rules.ground import RULE
from tests.projections.given import COLLECTOR, consent, disclosed, published
from tests.rules.given import findings, then

PROMOTE = "dpv:DirectMarketing"
NOON = "2026-05-01T12:00:00Z"
ORDERS = {
    "id": "6.3", "subject_matter": "disclosure", "effect": "permits", "purposes": ["dpv:CustomerOrderManagement"],
    "recipients": ["whosaw:ShippingCompany"], "bases": ["dpv:ContractPerformance"],
    "requires": ["whosaw:RequiresOrderReference", "whosaw:RequiresMinimisation"],
}  # fmt: skip
POLICY = published("2026", "2026-01-01T00:00:00Z", rules=[ORDERS])
COURIER = COLLECTOR | {"id": "courier", "kind": "whosaw:ShippingCompany"}


def order(**more: Any) -> Any:
    more = {"recipient": COURIER, "purpose": "dpv:CustomerOrderManagement", "basis": "dpv:ContractPerformance"} | more
    return disclosed("ann", NOON, "pd:Name", **more)


def test_an_exception_of_the_law_needs_no_consent() -> None:
    assert then(RULE, disclosed("ann", NOON, "pd:Name")) == [
        (1, "lawful", "whosaw:ExceptionOfLaw", ["ca-qc-p39.1:18-9"])
    ]
    assert [each.law_pack for each in findings(RULE, disclosed("ann", NOON, "pd:Name"))] == ["ca-qc-p39.1/2024-09"]


def test_nobody_can_tell_by_a_law_that_no_pack_knows_as_it_was_then() -> None:
    old = disclosed("ann", "1993-05-01T12:00:00Z", "pd:Name")
    assert then(RULE, old) == [(1, "gap", "whosaw:LawUnknown", ["ca-qc-p39.1:18-9"])]
    later = disclosed("ann", "2010-05-01T12:00:00Z", "pd:Name")
    assert [(each.outcome, each.law_pack) for each in findings(RULE, later)] == [("lawful", "ca-qc-p39.1/2006-06")]


def test_who_buys_a_claim_does_not_recover_ours() -> None:
    buyer = COLLECTOR | {"kind": "whosaw:DebtBuyer", "role": "dpv:DataController"}
    (said,) = then(RULE, disclosed("ann", NOON, "whosaw:DebtRecord", recipient=buyer))
    assert said[1:3] == ("violation", "whosaw:ClaimSold")


def test_what_a_paper_compels_names_the_paper() -> None:
    (said,) = then(RULE, disclosed("ann", NOON, "pd:Name", basis="ca-pipeda:7-3-c"))
    assert said[1:3] == ("gap", "whosaw:PaperUnknown")


@pytest.mark.parametrize("basis", [None, "dpv:Consent"])
def test_a_consent_on_record_is_enough_whether_it_is_named_or_not(basis: str | None) -> None:
    given = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE)
    assert then(RULE, given, disclosed("ann", NOON, "pd:Name", purpose=PROMOTE, basis=basis)) == [
        (2, "lawful", "whosaw:ConsentOnRecord", [])
    ]


def test_a_consent_covers_the_categories_that_it_names_and_no_more() -> None:
    mail, calls = (consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, categories=[each])
                   for each in ("pd:EmailAddress", "pd:CallLog"))  # fmt: skip
    sent = disclosed(
        "ann", NOON, "pd:EmailAddress", "pd:CallLog", "pd:PaymentCard", purpose=PROMOTE, basis="dpv:Consent"
    )
    (said,) = then(RULE, mail, calls, sent)
    assert said[1:] == ("violation", "whosaw:ConsentTooNarrow", ["pd:PaymentCard"])
    both = disclosed("ann", NOON, "pd:EmailAddress", "pd:CallLog", purpose=PROMOTE, basis="dpv:Consent")
    (found,) = findings(RULE, mail, calls, both)
    assert (found.outcome, found.reason) == ("lawful", "whosaw:ConsentOnRecord")
    assert found.inputs == [[0, 3], [0, 1], [0, 2]], "several consents together"


def test_a_consent_to_a_kind_of_data_covers_each_kind_of_it_and_not_the_other_way_round() -> None:
    sent = {
        each: disclosed("ann", NOON, each, purpose=PROMOTE, basis="dpv:Consent")
        for each in ("pd:Contact", "pd:EmailAddress")
    }
    wide, narrow = (consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, categories=[each]) for each in sent)
    assert [each.reason for each in then(RULE, wide, sent["pd:EmailAddress"])] == ["whosaw:ConsentOnRecord"]
    beside = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, categories=["pd:Name"])
    both = disclosed("ann", NOON, "pd:Name", "pd:Contact", purpose=PROMOTE, basis="dpv:Consent")
    assert then(RULE, narrow, beside, both) == [(3, "violation", "whosaw:ConsentTooNarrow", ["pd:Contact"])]
    no = consent("ann", "2026-02-01T00:00:00Z", "withdrawn", PROMOTE, categories=["pd:Contact"])
    assert [each.outcome for each in then(RULE, narrow, no, sent["pd:EmailAddress"])] == ["violation"]


def test_a_withdrawal_of_one_category_is_enough() -> None:
    given = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE)
    against = consent("ann", "2026-02-01T00:00:00Z", "withdrawn", PROMOTE, categories=["pd:CallLog"])
    sent = disclosed("ann", NOON, "pd:Name", "pd:CallLog", purpose=PROMOTE, basis="dpv:Consent")
    (said,) = then(RULE, given, against, sent)
    assert said[1:] == ("violation", "dpv:ConsentWithdrawn", [PROMOTE])


def test_a_consent_that_nobody_recorded_is_a_gap() -> None:
    (said,) = then(RULE, disclosed("ann", NOON, "pd:Name", purpose=PROMOTE, basis="dpv:Consent"))
    assert said[1:] == ("gap", "whosaw:ConsentNotOnRecord", [PROMOTE])


@pytest.mark.parametrize(
    ("state", "more", "reason"),
    [
        ("refused", {}, "dpv:ConsentRefused"),
        ("withdrawn", {}, "dpv:ConsentWithdrawn"),
        ("given", {"until": "2026-04-30T00:00:00Z"}, "dpv:ConsentExpired"),
    ],
)
def test_a_consent_that_is_none_is_not_enough(state: str, more: dict[str, Any], reason: str) -> None:
    word = consent("ann", "2026-01-01T00:00:00Z", state, PROMOTE, **more)
    (said,) = then(RULE, word, disclosed("ann", NOON, "pd:Name", purpose=PROMOTE, basis="dpv:Consent"))
    assert said[1:] == ("violation", reason, [PROMOTE])


@pytest.mark.parametrize("basis", ["ca-qc-p39.1:18.3", "ca-qc-p39.1:18-9", "eu-gdpr:A6-1-f"])
def test_no_exception_outweighs_a_no_to_marketing(basis: str) -> None:
    against = consent("ann", "2026-01-01T00:00:00Z", "withdrawn", "dpv:Marketing")
    sent = disclosed("ann", NOON, "pd:Name", purpose=PROMOTE, basis=basis)
    (said,) = then(RULE, against, sent)
    assert said[1:] == ("violation", "dpv:ConsentWithdrawn", [PROMOTE])
    assert [each.outcome for each in then(RULE, sent)] == ["lawful"]


def test_that_somebody_acts_for_the_company_is_no_ground_for_what_she_refused_and_an_exception_is() -> None:
    care = "dpv:CustomerCare"
    against = consent("ann", "2026-01-01T00:00:00Z", "refused", care)
    for basis, outcome in (("ca-qc-p39.1:18.3", "violation"), ("ca-qc-p39.1:18-9", "lawful")):
        assert [each.outcome for each in then(RULE, against, disclosed("ann", NOON, "pd:Name", purpose=care,
                basis=basis))] == [outcome]  # fmt: skip


def test_an_exception_of_the_policy_is_enough_if_the_fact_carries_what_it_requires() -> None:
    assert then(RULE, POLICY, order(order_ref="order-1")) == [(2, "lawful", "whosaw:ExceptionOfPolicy", [])]
    assert then(RULE, POLICY, order()) == [(2, "gap", "whosaw:ReferenceUnknown", ["whosaw:RequiresOrderReference"])]


def test_what_neither_law_nor_policy_excepts_is_a_violation() -> None:
    (said,) = then(RULE, POLICY, order(purpose="dpv:DirectMarketing", order_ref="order-1"))
    assert said[1:3] == ("violation", "whosaw:BasisDoesNotFit")
    (said,) = then(RULE, order(basis=None))
    assert said[1:3] == ("violation", "whosaw:NoBasis")


def test_without_a_policy_or_with_an_unknown_code_nobody_can_tell() -> None:
    assert then(RULE, order(order_ref="order-1"))[0][1:3] == ("gap", "whosaw:PolicyUnknown")
    assert then(RULE, POLICY, order(basis="xx:Unheard"))[0][1:3] == ("gap", "whosaw:CodeUnknown")
