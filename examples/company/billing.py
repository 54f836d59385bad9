"""What the billing service writes: payments and the outsiders who carry them, debts and who collects them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import AS_OF, months
from examples.company.customers import CAST
from examples.company.diary import BILLING
from examples.company.facts import collected, disclosed, household, person, service, used
from examples.company.recipients import BANK, CARD_PROCESSOR, COLLECTIONS_AGENCY

if TYPE_CHECKING:
    from datetime import datetime

    from examples.company.customers import Customer
    from examples.company.diary import Diary

INVOICING = service("invoicing", "whosaw:BillingService")


def live(customer: Customer, diary: Diary) -> None:
    """A means of payment at sign-up, a payment every month or quarter, and once in a while a debt."""
    by_bank = diary.chance(0.2)
    means = c.BANK_ACCOUNT if by_bank else c.CARD
    kept = diary.chance(0.85)
    diary.note(customer.joined + timedelta(minutes=4), BILLING, "data.collected", collected(
        household(customer), INVOICING, "billing", context="whosaw:Payment", channel=customer.channel,
        categories=[means, c.TRANSACTION], purposes=[c.PAYMENTS], basis=c.CONTRACT, retained=kept,
    ))  # fmt: skip
    every = 3 if diary.chance(0.35) else 1
    due = months(customer.joined, customer.left or AS_OF)[::every]
    for month, at in enumerate(due, start=1):
        pay(customer, diary, at, means, month, by_bank=by_bank)
    if customer.left and customer.number >= CAST and diary.chance(0.4):
        unpaid(customer, diary, customer.left)


def pay(customer: Customer, diary: Diary, at: datetime, means: str, month: int, *, by_bank: bool) -> None:
    """One payment: the disclosure to who moves the money and, every fourth, our own reckoning."""
    invoice = diary.case("invoice")
    if month % 4 == 1:
        diary.note(at, BILLING, "data.used", used(
            [person(customer)], INVOICING, "billing", categories=[means, c.CONSUMPTION],
            purposes=[c.ORDERS, c.PAYMENTS], basis=c.CONTRACT, message_ref=invoice,
        ), correlation=invoice)  # fmt: skip
    diary.note(at + timedelta(seconds=6), BILLING, "data.disclosed", disclosed(
        [person(customer)], INVOICING, "billing", recipient=BANK if by_bank else CARD_PROCESSOR,
        categories=[c.NAME, means, c.TRANSACTION], purpose=c.PAYMENTS, recipient_purpose=c.PAYMENTS,
        basis=c.CONTRACT, order_ref=invoice, mode="bulk_feed" if by_bank else "transmitted",
    ), correlation=invoice)  # fmt: skip


def unpaid(customer: Customer, diary: Diary, since: datetime) -> str:
    """She left a bill: after a month it goes to a collector acting for us. Returns the debt's number."""
    debt = diary.case("debt")
    diary.note(since + timedelta(days=34), BILLING, "data.disclosed", disclosed(
        [person(customer)], INVOICING, "billing", recipient=COLLECTIONS_AGENCY,
        categories=[c.NAME, c.TELEPHONE, c.ADDRESS, c.DEBT_RECORD], purpose=c.DEBT, recipient_purpose=c.DEBT,
        basis=c.COLLECTOR, order_ref=debt,
    ), correlation=debt)  # fmt: skip
    return debt
