"""Given an assent, then whether it is shown as no more than it is."""

from __future__ import annotations

from typing import Any

from projections.rules.deemed import RULE
from tests.projections.given import assented, collected, consent, used
from tests.rules.given import then

VISIT = collected("ann", "2026-03-02T00:00:00Z", "pd:UID", context="whosaw:Session")
FORM = collected("ann", "2026-03-02T00:00:00Z", "pd:Name", context="whosaw:SignUp")
PAY = "dpv:PaymentManagement"


def shown_by_the_first(mode: str) -> Any:
    fact = assented("ann", "2026-03-02T00:00:05Z", "2026", mode)
    return fact._replace(data=fact.data | {"evidence": {"source": "/services/test", "id": "ev-1"}})


def test_an_assent_whose_evidence_is_use_is_not_express() -> None:
    assert then(RULE, VISIT, shown_by_the_first("express")) == [(2, "violation", "whosaw:EvidenceIsUse", ["2026"])]
    assert then(RULE, FORM, shown_by_the_first("express")) == [(2, "lawful", "whosaw:AssentShown", [])]
    assert then(RULE, VISIT, shown_by_the_first("deemed_by_use")) == []


def test_what_needs_express_consent_does_not_rest_on_deemed_assent() -> None:
    use = used("ann", "2026-05-01T12:00:00Z", "pd:Name", basis="dpv:ExpressedConsent")
    deemed = assented("ann", "2026-03-02T00:00:05Z", "2026", "deemed_by_use")
    assert then(RULE, deemed, use) == [(2, "violation", "whosaw:OnlyDeemed", ["dpv:ExpressedConsent"])]
    assert then(RULE, deemed, assented("ann", "2026-04-01T00:00:00Z", "2026"), use) == []
    assert then(RULE, use) == []


def test_nor_on_a_consent_that_was_only_implied() -> None:
    use = used("ann", "2026-05-01T12:00:00Z", "pd:Name", basis="dpv:ExpressedConsent")
    said = [
        consent("ann", "2026-01-01T00:00:00Z", "given", PAY, expression=each)
        for each in ("dpv:ImpliedConsent", "dpv:ExpressedConsent")
    ]
    assert [each[1:3] for each in then(RULE, said[0], use)] == [("violation", "whosaw:ConsentImplied")]
    assert [each[1:3] for each in then(RULE, said[1], use)] == [("lawful", "whosaw:ConsentOnRecord")]


def test_nor_on_one_that_names_less() -> None:
    use = used("ann", "2026-05-01T12:00:00Z", "pd:Name", "pd:CallLog", basis="dpv:ExpressedConsent")
    given = consent("ann", "2026-01-01T00:00:00Z", "given", PAY, categories=["pd:Name"])
    assert then(RULE, given, use) == [(2, "violation", "whosaw:ConsentTooNarrow", ["pd:CallLog"])]
