"""What the fraud service writes: scores that programs give, and what authorities ask this desk for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import AS_OF, months, written
from examples.company.diary import BILLING, CALLS, FRAUD
from examples.company.facts import collected, common, disclosed, employee, event, person, service, used, viewed
from examples.company.recipients import REGIONAL_POLICE

if TYPE_CHECKING:
    from datetime import datetime

    from examples.company.customers import Customer
    from examples.company.diary import Diary
    from examples.company.facts import Data
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
        made_of = [
            event(act.source, act.id) for act in diary.acts
            if act.type == "data.collected" and act.source in {CALLS, BILLING} and act.time < at
        ][-2:]  # fmt: skip
        scored = diary.note(diary.later(at, 1, 3), FRAUD, "data.collected", collected(
            [person(customer)], SCORING, "fraud-engine", context="whosaw:FraudReview",
            channel="whosaw:Internal", origin="derived", categories=[c.FRAUD_SCORE],
            purposes=[c.FRAUD_CHECK], basis="dpv:LegitimateInterest", derived_from=made_of,
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
    paper = document(at, recipient, instrument, authority, asked, given)
    return diary.note(diary.later(at, 1440, 4000), FRAUD, "data.disclosed", disclosed(
        [person(customer)], DESK, "legal-desk", recipient=recipient, categories=given,
        purpose=c.COMPLIANCE, recipient_purpose=c.POLICING, basis=basis, initiative="recipient",
        instrument=paper, approver="whosaw:Director", visibility="sealed" if sealed else None,
        seal_ref=f"seal-{number}" if sealed else None,
        private={"file_number": diary.case("file")},
    ), correlation=number)  # fmt: skip


def document(
    at: datetime, issuer: Recipient, instrument: str, authority: str | None, asked: list[str], given: list[str]
) -> Data:
    """The paper that an authority shows: what kind it is, whose, what it asks for, and what was given."""
    paper: Data = {
        "type": instrument,
        "issuer": {"id": issuer.id, "name": issuer.name, "country": issuer.country},
        "issued": written(at),
        "asked": asked,
        "given": given,
    }
    return paper if authority is None else paper | {"authority": authority}


def demand(
    customer: Customer, diary: Diary, at: datetime, paper: Data, decision: str, reason: str | None = None
) -> str:
    """An authority's demand comes in and the desk decides on it two days later. Returns the demand's number."""
    number = diary.case("demand")
    received = diary.note(at, FRAUD, "authority.demand_received", common(
        [person(customer)], DESK, "legal-desk", demand_id=number, instrument=paper,
    ) | {"due": written(at + timedelta(days=10))}, correlation=number)  # fmt: skip
    diary.note(at + timedelta(days=2), FRAUD, "authority.demand_decided", common(
        [person(customer)], DESK, "legal-desk", demand_id=number, decision=decision, reason=reason,
    ), correlation=number, causation=received)  # fmt: skip
    return number
