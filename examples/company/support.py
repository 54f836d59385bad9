"""What the support service writes: tickets and who looked, complaints, unsubscribing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import AS_OF
from examples.company.customers import CAST
from examples.company.diary import SUPPORT
from examples.company.facts import collected, consented, disclosed, employee, person, reference, used, viewed
from examples.company.recipients import CARD_PROCESSOR, LAWYER, REGULATOR, UPSTREAM_CARRIER
from examples.company.rights import moves, wants_to_be_forgotten

if TYPE_CHECKING:
    from datetime import datetime

    from examples.company.customers import Customer
    from examples.company.diary import Diary
    from examples.company.facts import Data

PROFILE = (c.NAME, c.TELEPHONE, c.MAIL_ADDRESS, c.ADDRESS)


def agent(diary: Diary) -> Data:
    """Somebody at the support desk."""
    return employee(diary.draw.randint(10, 29), "whosaw:SupportAgent")


def ticket(customer: Customer, diary: Diary, at: datetime) -> None:
    """She writes or calls; somebody opens her file, with a ticket, and answers."""
    number, who = diary.case("ticket"), agent(diary)
    diary.note(at, SUPPORT, "data.viewed", viewed(
        [person(customer)], who, "crm", categories=PROFILE[: diary.draw.randint(2, 4)], purpose=c.CARE,
        ticket=number,
    ), correlation=number)  # fmt: skip
    if diary.chance(0.5):
        diary.note(diary.later(at, 1, 5), SUPPORT, "data.viewed", viewed(
            [person(customer)], who, "switch", categories=[c.CALL_LOG], purpose=c.CARE, ticket=number,
            fields=["calls.time", "calls.duration"],
        ), correlation=number)  # fmt: skip
    diary.note(diary.later(at, 6, 30), SUPPORT, "data.used", used(
        [person(customer)], who, "helpdesk", categories=[c.NAME, c.MESSAGE], purposes=[c.CARE],
        basis=c.CONTRACT, message_ref=number,
    ), correlation=number)  # fmt: skip


def complaint(customer: Customer, diary: Diary, at: datetime) -> tuple[str, str]:
    """She complains, or another person does about her; now and then the regulator or a lawyer is told.

    Returns:
        The complaint's number and the id of the event.
    """
    number, who = diary.case("complaint"), agent(diary)
    filed = diary.note(at, SUPPORT, "data.collected", collected(
        [person(customer)], who, "helpdesk", context="whosaw:Complaint", channel=c.CONTACT_FORM,
        origin="third_party" if diary.chance(0.2) else "subject",
        categories=[c.MESSAGE, c.OPINION, c.COMPLAINT_FILE], purposes=[c.CARE, c.DISPUTES], basis=c.IMPLIED,
    ), correlation=number)  # fmt: skip
    diary.note(diary.later(at, 60, 3000), SUPPORT, "data.viewed", viewed(
        [person(customer)], who, "billing", categories=[c.TRANSACTION, c.CONSUMPTION], purpose=c.DISPUTES,
        ticket=number,
    ), correlation=number)  # fmt: skip
    if diary.chance(0.3):
        regulator = diary.chance(0.6)
        diary.note(diary.later(at, 9000, 30000), SUPPORT, "data.disclosed", disclosed(
            [person(customer)], who, "helpdesk", recipient=REGULATOR if regulator else LAWYER,
            categories=[c.NAME, c.COMPLAINT_FILE], purpose=c.DISPUTES,
            recipient_purpose=c.COMPLIANCE if regulator else c.DISPUTES,
            basis=c.REQUIRED_BY_LAW if regulator else c.COUNSEL,
            initiative="recipient" if regulator else "controller", order_ref=number,
        ), correlation=number, causation=filed)  # fmt: skip
    return number, filed


def unsubscribe(customer: Customer, diary: Diary, at: datetime) -> str:
    """She mails the word "unsubscribe" (policy, section 7): no more news and no more offers by e-mail."""
    return diary.note(at, SUPPORT, "consent.recorded", consented(
        [reference("email", customer.email)], agent(diary), "helpdesk", state="withdrawn",
        purposes=[c.SITE_NEWS, c.PROMOTE], channel=c.EMAIL, expression=c.EXPRESS, effective=at,
        media=[c.EMAIL],
    ))  # fmt: skip


def live(customer: Customer, diary: Diary) -> None:
    """Her dealings with the support desk while she is a customer; some leave and want to be forgotten."""
    at, end = customer.joined, customer.left or AS_OF
    while (at := diary.later(at, 40 * 1440, 260 * 1440)) < end:
        ticket(customer, diary, at)
        if diary.chance(0.15):
            complaint(customer, diary, diary.later(at, 1000, 9000))
    if customer.unsubscribed:
        unsubscribe(customer, diary, customer.unsubscribed)
    if customer.number < CAST:
        return
    if diary.chance(0.1):
        moves(customer, diary, customer.joined + (end - customer.joined) * 0.5)
    if customer.left and diary.chance(0.4):
        told = {CARD_PROCESSOR: True, UPSTREAM_CARRIER: True}
        wants_to_be_forgotten(customer, diary, customer.left + timedelta(days=5), told, mode="delete")
