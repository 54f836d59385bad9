"""What a person may ask for, and what the company then owes past recipients."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.diary import BILLING, CALLS, FRAUD, SIGNUP, SUPPORT
from examples.company.facts import (
    answered,
    confirmed,
    due,
    employee,
    erased,
    event,
    person,
    rectified,
    requested,
    service,
)
from examples.company.recipients import EMERGENCY_LOCATION, UPSTREAM_CARRIER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from examples.company.customers import Customer
    from examples.company.diary import Diary
    from examples.company.facts import Data
    from examples.company.recipients import Recipient

OFFICER = employee(31, "whosaw:PrivacyOfficer")
DESK = service("helpdesk", "whosaw:SupportService")
OWN_SYSTEMS = (
    (
        "crm",
        SIGNUP,
        (c.NAME, c.MAIL_ADDRESS, c.TELEPHONE, c.ADDRESS, c.USERNAME, c.PASSWORD, c.IP_ADDRESS, c.RECORDING),
    ),
    ("billing", BILLING, (c.CARD, c.BANK_ACCOUNT, c.TRANSACTION)),
    ("switch", CALLS, (c.CALL_LOG, c.CONSUMPTION, c.VOICE_MAIL)),
    ("helpdesk", SUPPORT, (c.MESSAGE, c.OPINION, c.COMPLAINT_FILE)),
    ("research", SIGNUP, (c.SEGMENT, c.INTEREST)),
    ("fraud-engine", FRAUD, (c.FRAUD_SCORE,)),
)
"""Where the company keeps customers' data, which service answers for it, and what is there."""


def asks(customer: Customer, diary: Diary, at: datetime, right: str) -> tuple[str, str]:
    """She asks through "Contact us" (policy, section 7). Returns the request's number and the event's id."""
    number = diary.case("request")
    asked = diary.note(at, SUPPORT, "request.received", requested(
        [person(customer)], OFFICER, "helpdesk", request=number, right=right, channel=c.CONTACT_FORM,
        received=at,
    ), correlation=number)  # fmt: skip
    return number, asked


def is_answered(customer: Customer, diary: Diary, at: datetime, number: str, asked: str) -> None:
    """Her request is granted, by e-mail."""
    diary.note(at, SUPPORT, "request.answered", answered(
        [person(customer)], OFFICER, "helpdesk", request=number, channel=c.EMAIL,
    ), correlation=number, causation=asked)  # fmt: skip


def moves(customer: Customer, diary: Diary, at: datetime) -> None:
    """She moves and asks for her address to be put right: who had the old one must be told."""
    number, asked = asks(customer, diary, at, "whosaw:Rectification")
    changed = diary.note(diary.later(at, 100, 3000), SIGNUP, "data.rectified", rectified(
        [person(customer)], OFFICER, "crm", categories=[c.ADDRESS], reason="whosaw:Outdated",
        request=number,
    ), correlation=number, causation=asked)  # fmt: skip
    trigger = event(SIGNUP, changed)
    for recipient in (EMERGENCY_LOCATION, UPSTREAM_CARRIER):
        tell(customer, diary, at + timedelta(days=3), recipient, trigger, number, "rectified")
    is_answered(customer, diary, at + timedelta(days=diary.draw.randint(4, 20)), number, asked)


def tell(
    customer: Customer,
    diary: Diary,
    at: datetime,
    recipient: Recipient,
    trigger: Data,
    case: str,
    change: str,
    *,
    answers: bool = True,
) -> str:
    """A recipient must be told of a change; most confirm within two weeks. A deletion is told in full.

    Returns:
        The notification's name.
    """
    notification = diary.case("notice")
    everything = [category for _, _, its in OWN_SYSTEMS for category in its]
    categories = [c.ADDRESS] if change == "rectified" else everything
    owed = diary.note(at, SUPPORT, "recipient.notification_due", due(
        [person(customer)], DESK, "helpdesk", notification=notification, trigger=trigger, change=change,
        recipient=recipient, categories=categories, by=at + timedelta(days=14),
    ), correlation=case, causation=str(trigger["id"]))  # fmt: skip
    if answers:
        diary.note(diary.later(at, 1440, 12 * 1440), SUPPORT, "recipient.notification_answered", confirmed(
            [person(customer)], DESK, "helpdesk", notification=notification, recipient=recipient,
            outcome="completed" if change == "erased" else "acknowledged",
        ), correlation=case, causation=owed)  # fmt: skip
    return notification


def wants_to_be_forgotten(
    customer: Customer, diary: Diary, at: datetime, told: Mapping[Recipient, bool], *, mode: str
) -> str:
    """She asks for deletion: each of our systems deletes, is checked, and every recipient is told.

    Args:
        customer: Who asks.
        diary: Hers.
        at: When the request came in.
        told: Which recipients are told, and whether they ever confirm.
        mode: The deletion mode: `delete`, `erase`, `destruct` or `key_destroyed`.

    Returns:
        The request's number.
    """
    number, asked = asks(customer, diary, at, "whosaw:Erasure")
    trigger = event(SUPPORT, asked)
    for days, (system, source, categories) in enumerate(OWN_SYSTEMS, start=2):
        for state, hours in (("requested", 0), ("done", 9), ("verified", 33)):
            gone = diary.note(at + timedelta(days=days, hours=hours), source, "data.erased", erased(
                [person(customer)], OFFICER, system, categories=categories, mode=mode, state=state,
                request=number, backups_until=at + timedelta(days=days + 90), reason="whosaw:CustomerAsked",
            ), correlation=number, causation=asked)  # fmt: skip
            trigger = event(source, gone)
    for recipient, answers in told.items():
        tell(customer, diary, at + timedelta(days=9), recipient, trigger, number, "erased", answers=answers)
    is_answered(customer, diary, at + timedelta(days=22), number, asked)
    return number
