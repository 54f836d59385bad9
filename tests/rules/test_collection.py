"""Given what data was collected for, then whether it serves anything else."""

from __future__ import annotations

from typing import Any

import pytest

from projections.rules.collection import RULE
from tests.projections.given import collected, consent, disclosed, used
from tests.rules.given import findings, then

PAY, PROMOTE, CARE = "dpv:PaymentManagement", "dpv:DirectMarketing", "dpv:CustomerCare"
CARD = collected("ann", "2026-01-01T00:00:00Z", "pd:PaymentCard", purposes=[PAY])
NOON = "2026-05-01T12:00:00Z"


def use(purpose: str, *categories: str, **more: Any) -> Any:
    return used("ann", NOON, *(categories or ("pd:PaymentCard",)), purposes=[purpose], **more)


def test_what_was_collected_for_something_else_is_found_with_the_collection() -> None:
    (found,) = findings(RULE, CARD, use(PROMOTE))
    assert (found.outcome, found.reason, found.codes) == (
        "violation", "whosaw:NotCollectedFor", [PROMOTE, "pd:PaymentCard"],
    )  # fmt: skip
    assert found.inputs == [[0, 2], [0, 1]]
    assert then(RULE, CARD, use(PAY)) == [(2, "lawful", "whosaw:CollectedFor", [])]


def test_a_purpose_is_declared_by_a_wider_one_and_not_by_a_narrower() -> None:
    wide = collected("ann", "2026-01-01T00:00:00Z", "pd:PaymentCard", purposes=["dpv:ServiceManagement"])
    assert [each.outcome for each in then(RULE, wide, use(PAY))] == ["lawful"]
    assert [each.outcome for each in then(RULE, CARD, use("dpv:ServiceProvision"))] == ["violation"]


def test_what_was_collected_as_a_kind_of_data_covers_each_kind_of_it_and_not_the_other_way_round() -> None:
    contact, mail = (
        collected("ann", "2026-01-01T00:00:00Z", each, purposes=[PAY]) for each in ("pd:Contact", "pd:EmailAddress")
    )
    for purpose, outcome in ((PAY, "lawful"), (CARE, "violation")):
        told = then(RULE, contact, use(purpose, "pd:EmailAddress"))
        assert [each.outcome for each in told] == [outcome]
    for_care = collected("ann", "2026-02-01T00:00:00Z", "pd:Contact", purposes=[CARE])
    assert [each.outcome for each in then(RULE, mail, for_care, use(CARE, "pd:EmailAddress"))] == ["lawful"]
    assert then(RULE, mail, use(PAY, "pd:Contact")) == [], "nobody collected that on record"
    given = consent("ann", "2026-02-01T00:00:00Z", "given", PROMOTE, categories=["pd:Contact"])
    assert [each.outcome for each in then(RULE, contact, given, use(PROMOTE, "pd:EmailAddress"))] == ["lawful"]


def test_a_collection_declares_from_then_on() -> None:
    again = collected("ann", "2026-06-01T00:00:00Z", "pd:PaymentCard", purposes=[PROMOTE])
    assert [each.outcome for each in then(RULE, CARD, again, use(PROMOTE))] == ["violation"]


def test_consent_is_enough_for_the_categories_that_it_names() -> None:
    name = collected("ann", "2026-01-01T00:00:00Z", "pd:Name", purposes=[PAY])
    given = consent("ann", "2026-02-01T00:00:00Z", "given", PROMOTE, categories=["pd:Name"])
    assert [each.outcome for each in then(RULE, name, given, use(PROMOTE, "pd:Name"))] == ["lawful"]
    (said,) = then(RULE, CARD, name, given, use(PROMOTE, "pd:Name", "pd:PaymentCard"))
    assert said.codes == [PROMOTE, "pd:PaymentCard"]


@pytest.mark.parametrize(
    ("basis", "outcome"),
    [
        (None, "violation"),
        ("dpv:LegitimateInterest", "violation"),
        ("ca-qc-p39.1:18.3", "violation"),
        ("eu-gdpr:A6-1-f", "violation"),
        ("eu-gdpr:A6-1-c", "lawful"),
        ("dpv:ContractPerformance", "lawful"),
        ("ca-pipeda:7-3-c", "lawful"),
    ],
)
def test_a_law_may_allow_another_purpose_and_never_marketing(basis: str | None, outcome: str) -> None:
    given = disclosed("ann", NOON, "pd:PaymentCard", purpose=CARE, basis=basis)
    assert [each.outcome for each in then(RULE, CARD, given)] == [outcome]
    assert [each.outcome for each in then(RULE, CARD, use(PROMOTE, basis=basis))] == ["violation"]


def test_fraud_is_looked_for_in_whatever_there_is() -> None:
    assert [each.outcome for each in then(RULE, CARD, use("dpv:FraudPreventionAndDetection"))] == ["lawful"]


def test_what_nobody_collected_on_record_is_not_judged_and_a_no_is_for_the_rule_of_withdrawals() -> None:
    assert then(RULE, use(PROMOTE)) == []
    (said,) = then(RULE, CARD, use(PROMOTE, "pd:PaymentCard", "pd:CallLog"))
    assert said.codes == [PROMOTE, "pd:PaymentCard"]
    no = consent("ann", "2026-02-01T00:00:00Z", "withdrawn", PROMOTE)
    assert then(RULE, CARD, no, use(PROMOTE)) == []


def test_a_code_that_nobody_knows_and_a_law_of_which_nobody_knows_how_it_was_are_gaps() -> None:
    assert [each.reason for each in then(RULE, CARD, use("xx:Unheard"))] == ["whosaw:CodeUnknown"]
    old = collected("ann", "1993-01-01T00:00:00Z", "pd:Name", purposes=[PAY])
    given = disclosed("ann", "1993-05-01T12:00:00Z", "pd:Name", purpose=CARE, basis="ca-qc-p39.1:18-9")
    assert then(RULE, old, given) == [(2, "gap", "whosaw:LawUnknown", ["ca-qc-p39.1:18-9"])]


def test_a_use_that_rests_on_consent_rests_on_one_that_covers_it_though_nobody_collected_it_on_record() -> None:
    given = consent("ann", "2026-02-01T00:00:00Z", "given", PROMOTE, categories=["pd:Name"])
    sent = use(PROMOTE, "pd:Name", "pd:CallLog", basis="dpv:Consent")
    (found,) = findings(RULE, given, sent)
    assert (found.outcome, found.reason, found.codes) == ("violation", "whosaw:ConsentTooNarrow", ["pd:CallLog"])
    assert found.inputs == [[0, 2], [0, 1]]
    assert then(RULE, given, use(PROMOTE, "pd:Name", basis="dpv:Consent")) == []
