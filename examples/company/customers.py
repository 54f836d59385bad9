"""The people of the sample: who they are and when they came, the same at every scale.

Customer n draws from a generator of its own, seeded by n: a larger sample adds people and changes
none of those who were there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from examples.company.clock import AS_OF, START
from examples.company.codes import PHONE, WEB
from examples.company.names import email, full_name, phone

CUSTOMERS = 300
"""At scale 1."""
CAST = 40
"""The first so many are there to have stories told of them: chance decides less of their lives."""
LEAVERS = {
    17: datetime(2026, 7, 2, 15, 20, tzinfo=UTC),
    23: datetime(2026, 5, 11, 18, 5, tzinfo=UTC),
    29: datetime(2026, 3, 16, 14, 45, tzinfo=UTC),
}
"""Those of the cast who closed their account, by number."""
UNSUBSCRIBED = {19: datetime(2026, 6, 10, 13, 2, tzinfo=UTC)}
"""Those of the cast who wrote "unsubscribe", by number."""


class Customer(NamedTuple):
    """One person, as the company's own systems know her."""

    number: int
    """From 0."""
    reference: str
    """The customer number: `C-1000` onwards."""
    language: str
    name: str
    email: str
    phone: str | None
    device: str
    """The identifier in the cookie of her browser."""
    channel: str
    """How she signed up: on the web or by telephone."""
    joined: datetime
    left: datetime | None
    """When she closed her account, if she did."""
    agrees: bool
    """Whether she agreed to news and offers when she signed up."""
    unsubscribed: datetime | None
    """When she wrote "unsubscribe", if she did."""
    partner: str | None
    """The reference of the person who shares the account: an authorised user who may call in."""

    def at(self, moment: datetime) -> bool:
        """Whether she is a customer then."""
        return self.joined <= moment and (self.left is None or moment < self.left)

    def reads_mail(self, moment: datetime) -> bool:
        """Whether she may be sent news and offers then."""
        wants = self.agrees and (self.unsubscribed is None or moment < self.unsubscribed)
        return wants and self.at(moment)


def customer(seed: int, number: int) -> Customer:
    """The number-th customer, from 0."""
    draw = Random(f"{seed}/customer/{number}")
    language, first, last = full_name(draw.random(), draw.random(), draw.random())
    joined = START + timedelta(days=12) + (AS_OF - START - timedelta(days=30)) * draw.random() ** 1.2
    joined = joined.replace(hour=13 + draw.randrange(9), minute=draw.randrange(60), second=0, microsecond=0)
    left = joined + timedelta(days=60 + draw.randrange(480)) if draw.random() < 0.15 else None
    channel = WEB if draw.random() < 0.75 else PHONE
    partner = f"P-{1000 + number}" if draw.random() < 0.08 else None
    agrees = draw.random() < 0.7
    end = min(left or AS_OF, AS_OF)
    unsubscribed = joined + (end - joined) * draw.random() if agrees and draw.random() < 0.15 else None
    if number < CAST:
        joined = START + timedelta(days=12 + 3 * number, hours=10 + number % 8, minutes=7 * number % 60)
        left, channel, partner = LEAVERS.get(number), WEB if number % 4 else PHONE, None
        agrees, unsubscribed = number % 3 > 0, UNSUBSCRIBED.get(number)
    return Customer(
        number=number,
        reference=f"C-{1000 + number}",
        language=language,
        name=f"{first} {last}",
        email=email(first, last, number),
        phone=phone(number),
        device=f"dev-{draw.getrandbits(64):016x}",
        channel=channel,
        joined=joined,
        left=left if left and left < AS_OF else None,
        agrees=agrees,
        unsubscribed=unsubscribed,
        partner=partner,
    )


def customers(seed: int, scale: int) -> list[Customer]:
    """All of them, by number: 300 for each unit of scale."""
    return [customer(seed, number) for number in range(CUSTOMERS * scale)]
