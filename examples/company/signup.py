"""What the sign-up service writes: cookies before the account, the account itself, what it was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import AS_OF, POLICY_CHANGE
from examples.company.diary import PORTING, SIGNUP
from examples.company.facts import (
    assented,
    collected,
    common,
    consented,
    device,
    disclosed,
    employee,
    event,
    household,
    linked,
    person,
    service,
    used,
)
from examples.company.recipients import COURIER, CREDIT_BUREAU, EMERGENCY_LOCATION, NUMBER_PORTABILITY

if TYPE_CHECKING:
    from examples.company.customers import Customer
    from examples.company.diary import Diary

COOKIES_BEFORE = timedelta(days=10)
"""At most so long before signing up does anybody look around."""
PORTING_ENDS = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
"""From then on the sign-up service itself tells the porting administrator; its predecessor falls silent."""
ASKED = (c.NAME, c.MAIL_ADDRESS, c.TELEPHONE, c.ADDRESS, c.USERNAME, c.PASSWORD)
WEB = service("web-site", "whosaw:SignUpService")
DESK = service("sign-up", "whosaw:SignUpService")


def before_the_account(customer: Customer, diary: Diary) -> None:
    """Her browser visits: one cookie counts visits, the other will let her log in (policy, section 4)."""
    first = customer.joined - timedelta(days=diary.draw.randint(0, 9), minutes=diary.draw.randint(5, 300))
    diary.note(first, SIGNUP, "data.collected", collected(
        [device(customer)], WEB, "web", context="whosaw:WebAnalytics", channel=c.WEB, origin="observed",
        categories=[c.DEVICE_KEY, c.VISITS, c.BROWSING, c.BROWSER, c.IP_ADDRESS], purposes=[c.STATISTICS],
        basis=c.IMPLIED, mechanism={"name": "visits", "lifetime_days": 365},
    ))  # fmt: skip
    diary.note(first + timedelta(minutes=1), SIGNUP, "consent.recorded", consented(
        [device(customer)], WEB, "web", state="given", purposes=[c.STATISTICS, c.LOGIN], channel=c.WEB,
        expression=c.IMPLIED, effective=first, conditional=True,
    ))  # fmt: skip


def opening(customer: Customer, diary: Diary) -> None:
    """She signs up, on the web or by telephone: who she is, what she agreed to, who must know at once."""
    order = diary.case("order")
    by_phone = customer.channel == c.PHONE
    actor = employee(diary.draw.randint(1, 9), "whosaw:SalesAgent") if by_phone else WEB
    at = customer.joined
    categories = [*ASKED[:4], c.RECORDING] if by_phone else [*ASKED, c.IP_ADDRESS]
    diary.note(at, SIGNUP, "data.collected", collected(
        household(customer), actor, "crm", context="whosaw:SignUp", channel=customer.channel,
        categories=categories, purposes=[c.IDENTIFY, c.PERSONALISE, c.ORDERS, c.SERVICE], basis=c.CONTRACT,
    ), correlation=order)  # fmt: skip
    diary.note(at + timedelta(seconds=10), SIGNUP, "policy.assented", assented(
        household(customer), actor, "crm",
        version=c.FIRST_VERSION if at < POLICY_CHANGE else c.CHANGED_VERSION, mode="express",
    ), correlation=order)  # fmt: skip
    diary.note(at + timedelta(seconds=20), SIGNUP, "consent.recorded", consented(
        [person(customer)], actor, "crm", state="given" if customer.agrees else "refused",
        purposes=[c.SITE_NEWS, c.PROMOTE], channel=customer.channel, expression=c.EXPRESS, effective=at,
    ), correlation=order)  # fmt: skip
    known_by(customer, diary, at)
    diary.note(at + timedelta(minutes=2), SIGNUP, "data.used", used(
        [person(customer)], DESK, "crm", categories=[c.NAME, c.ADDRESS, c.TELEPHONE], purposes=[c.IDENTIFY],
        basis=c.CONTRACT, automated=True,
    ), correlation=order)  # fmt: skip
    for_the_order(customer, diary, order)


def known_by(customer: Customer, diary: Diary, at: datetime) -> None:
    """Her other names: e-mail and telephone always, her browser when she signed up with it."""
    names = [("email", customer.email, "whosaw:CustomerStated")]
    if customer.phone:
        names.append(("phone", customer.phone, "whosaw:CustomerStated"))
    if customer.channel == c.WEB:
        names.append(("device", customer.device, "whosaw:Login"))
    for second, (kind, value, method) in enumerate(names):
        diary.note(at + timedelta(seconds=30 + second), SIGNUP, "subject.identifier_linked", linked(
            customer, DESK, "crm", kind=kind, value=value, method=method,
        ))  # fmt: skip


def for_the_order(customer: Customer, diary: Diary, order: str) -> None:
    """Outsiders who are told because she ordered (policy, section 6): 9-1-1, her old carrier, a courier."""
    at = customer.joined
    if diary.chance(0.25):
        diary.note(diary.later(at, 3, 9), SIGNUP, "data.disclosed", disclosed(
            [person(customer)], DESK, "credit-check", recipient=CREDIT_BUREAU,
            categories=[c.NAME, c.ADDRESS], purpose=c.ORDERS, recipient_purpose=c.FRAUD_CHECK,
            basis=c.CONSENT, order_ref=order,
        ), correlation=order)  # fmt: skip
    diary.note(diary.later(at, 10, 60), SIGNUP, "data.disclosed", disclosed(
        [person(customer)], DESK, "provisioning", recipient=EMERGENCY_LOCATION,
        categories=[c.NAME, c.TELEPHONE, c.EMERGENCY_ADDRESS], purpose=c.ORDERS,
        recipient_purpose=c.SERVICE, basis=c.REQUIRED_BY_LAW, order_ref=order,
    ), correlation=order)  # fmt: skip
    if diary.chance(0.45):
        ported = diary.later(at, 600, 4000)
        diary.note(ported, PORTING if ported < PORTING_ENDS else SIGNUP, "data.disclosed", disclosed(
            [person(customer)], DESK, "provisioning", recipient=NUMBER_PORTABILITY,
            categories=[c.NAME, c.TELEPHONE], purpose=c.ORDERS, recipient_purpose=c.ORDERS, basis=c.CONTRACT,
            initiative="subject", order_ref=order,
        ), correlation=order)  # fmt: skip
    if diary.chance(0.5):
        diary.note(diary.later(at, 1500, 4000), SIGNUP, "data.disclosed", disclosed(
            [person(customer)], DESK, "warehouse", recipient=COURIER,
            categories=[c.NAME, c.TELEPHONE, c.ADDRESS], purpose=c.ORDERS, recipient_purpose=c.SERVICE,
            basis=c.CONTRACT, order_ref=order,
        ), correlation=order)  # fmt: skip


def site_visits(customer: Customer, diary: Diary) -> None:
    """She logs in now and then; the site greets her by name, and her visit is the assent to a changed policy."""
    at = customer.joined
    assented_since = at >= POLICY_CHANGE
    while (at := diary.later(at, 60 * 1440, 240 * 1440)) < (customer.left or AS_OF):
        session = diary.note(at, SIGNUP, "data.collected", collected(
            [person(customer)], WEB, "web", context="whosaw:Session", channel=c.WEB, origin="observed",
            categories=[c.IDENTIFIER, c.IP_ADDRESS], purposes=[c.LOGIN], basis=c.CONTRACT, retained=False,
            mechanism={"name": "session", "lifetime_days": 0},
        ))  # fmt: skip
        if diary.chance(0.4):
            diary.note(at + timedelta(seconds=4), SIGNUP, "data.used", used(
                [person(customer)], WEB, "web", categories=[c.NAME, c.BROWSING], purposes=[c.PERSONALISE],
                basis=c.IMPLIED, automated=True,
            ), causation=session)  # fmt: skip
        if at >= POLICY_CHANGE and not assented_since:
            assented_since = True
            diary.note(at + timedelta(seconds=5), SIGNUP, "policy.assented", assented(
                [person(customer)], WEB, "web", version=c.CHANGED_VERSION, mode="deemed_by_use",
                evidence=event(SIGNUP, session),
            ), causation=session)  # fmt: skip


def live(customer: Customer, diary: Diary) -> None:
    """All of it, in no order."""
    if customer.channel == c.WEB:
        before_the_account(customer, diary)
    opening(customer, diary)
    site_visits(customer, diary)
    if customer.left:
        diary.note(customer.left, SIGNUP, "relationship.ended", common(
            [person(customer)], DESK, "crm", reason="whosaw:AccountClosed",
        ))  # fmt: skip
