"""What the fraud service writes: scores that programs give, and what authorities ask this desk for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import AS_OF, months, written
from examples.company.diary import FRAUD
from examples.company.facts import collected, disclosed, employee, person, service, used, viewed
from examples.company.recipients import REGIONAL_POLICE

if TYPE_CHECKING:
    from datetime import datetime

    from examples.company.customers import Customer
    from examples.company.diary import Diary
    from examples.company.recipients import Recipient

SCORING = service("scoring", "whosaw:FraudService")
ANALYST = employee(40, "whosaw:FraudAnalyst")
DESK = employee(41, "whosaw:LegalCounsel")


def live(customer: Customer, diary: Diary) -> None:
    """A score from her calls twice a year; the doubtful ones are looked at by a person."""
    for at in months(customer.joined, customer.left or AS_OF)[::6]:
        read = diary.note(at, FRAUD, "data.viewed", viewed(
            [person(customer)], SCORING, "fraud-engine", categories=[c.CALL_LOG, c.TRANSACTION],
            purpose=c.FRAUD_CHECK, ticket=None, times=diary.draw.randint(20, 90),
        ))  # fmt: skip
        scored = diary.note(diary.later(at, 1, 3), FRAUD, "data.collected", collected(
            [person(customer)], SCORING, "fraud-engine", context="whosaw:FraudReview",
            channel="whosaw:Internal", origin="derived", categories=[c.FRAUD_SCORE],
            purposes=[c.FRAUD_CHECK], basis="dpv:LegitimateInterest",
        ), causation=read)  # fmt: skip
        if diary.chance(0.06):
            number = diary.case("alert")
            diary.note(diary.later(at, 60, 900), FRAUD, "data.viewed", viewed(
                [person(customer)], ANALYST, "fraud-engine", categories=[c.FRAUD_SCORE, c.CALL_LOG],
                purpose=c.FRAUD_CHECK, ticket=number,
            ), correlation=number, causation=scored)  # fmt: skip
            diary.note(diary.later(at, 901, 1200), FRAUD, "data.used", used(
                [person(customer)], ANALYST, "fraud-engine", categories=[c.FRAUD_SCORE],
                purposes=[c.IDENTIFY, c.FRAUD_CHECK], basis="dpv:LegitimateInterest", automated=False,
            ), correlation=number)  # fmt: skip
    if customer.number % 100 == 77:
        investigation(customer, diary, customer.joined + (AS_OF - customer.joined) * 0.6)


def investigation(customer: Customer, diary: Diary, at: datetime) -> None:
    """A police force mentions an investigation and shows no warrant; the policy lets that pass, PIPEDA may not."""
    to_authority(
        customer, diary, at, REGIONAL_POLICE, instrument="whosaw:InvestigationRequest", authority=None,
        basis=c.INVESTIGATION, asked=[c.NAME, c.ADDRESS, c.CALL_LOG], given=[c.NAME, c.ADDRESS],
    )  # fmt: skip


def to_authority(
    customer: Customer, diary: Diary, at: datetime, recipient: Recipient, *, instrument: str,
    authority: str | None, basis: str, asked: list[str], given: list[str], sealed: bool = False,
    case: str | None = None,
) -> str:  # fmt: skip
    """An authority asks on paper and receives something. Returns the event's id."""
    number = case or diary.case("demand")
    paper: dict[str, object] = {
        "type": instrument,
        "issuer": {"id": recipient.id, "name": recipient.name, "country": recipient.country},
        "issued": written(at),
        "asked": asked,
        "given": given,
    }
    if authority:
        paper["authority"] = authority
    return diary.note(diary.later(at, 1440, 4000), FRAUD, "data.disclosed", disclosed(
        [person(customer)], DESK, "legal-desk", recipient=recipient, categories=given,
        purpose=c.COMPLIANCE, recipient_purpose=c.POLICING, basis=basis, initiative="recipient",
        instrument=paper, approver="whosaw:Director", visibility="sealed" if sealed else None,
        seal_ref=f"seal-{number}" if sealed else None,
        private={"file_number": diary.case("file")},
    ), correlation=number)  # fmt: skip
