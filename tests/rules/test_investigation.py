"""Given a police force that asks without a warrant, then whether the law let it be answered."""

from __future__ import annotations

from typing import Any

from projections.rules.investigation import RULE
from tests.projections.given import disclosed
from tests.rules.given import then


def asked(**paper: Any) -> Any:
    said = {"type": "whosaw:InvestigationRequest", "issuer": {"name": "A police force"}, "asked": ["pd:Name"]}
    return disclosed(
        "ann", "2026-05-01T12:00:00Z", "pd:Name", basis="ca-pipeda:7-3-c.1-ii", instrument=said | paper,
        initiative="recipient", recipient_purpose="sector-law:LawEnforcement",
    )  # fmt: skip


def test_a_request_that_names_its_authority_and_purpose_is_lawful() -> None:
    assert then(RULE, asked(authority="ca-criminal-code:487.014")) == [(1, "lawful", "whosaw:AuthorityStated", [])]


def test_an_investigation_alone_is_not_enough_whatever_the_policy_says() -> None:
    assert then(RULE, asked()) == [(1, "violation", "whosaw:NotStated", ["whosaw:LawfulAuthority"])]


def test_without_any_request_nothing_of_it_is_stated() -> None:
    (said,) = then(RULE, disclosed("ann", "2026-05-01T12:00:00Z", "pd:Name", basis="ca-pipeda:7-3-c.1"))
    assert said.codes == ["whosaw:LawfulAuthority", "whosaw:RecipientPurpose", "whosaw:RequestOfRecipient"]


def test_a_warrant_is_another_matter() -> None:
    assert then(RULE, asked(type="whosaw:Warrant")) == []
