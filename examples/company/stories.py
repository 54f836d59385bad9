"""The seven stories planted in the sample, a function each: its docstring says what a reader of the ledger finds.

They happen to the same seven customers at every scale.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from examples.company import codes as c
from examples.company.billing import unpaid
from examples.company.clock import AS_OF, written
from examples.company.diary import BILLING, FRAUD, SIGNUP, SUPPORT
from examples.company.facts import common, disclosed, employee, person, used, viewed
from examples.company.fraud import DESK, to_authority
from examples.company.recipients import (
    CARD_PROCESSOR,
    CITY_POLICE,
    CLOUD_HOST,
    DEBT_BUYER,
    MARKETING_FIRM,
    UPSTREAM_CARRIER,
)
from examples.company.rights import DESK as PRIVACY_DESK
from examples.company.rights import asks, wants_to_be_forgotten
from examples.company.support import complaint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from examples.company.customers import Customer
    from examples.company.diary import Diary


def curious_employee(customer: Customer, diary: Diary) -> None:
    """One support agent opened one customer's calls 37 times in seven weeks, in the evening, without a ticket.

    Who looked: 37 look-ups by one actor key, purpose "customer care", ticket absent, beside her few
    look-ups with tickets. The employee's name is in the envelopes alone.
    """
    who = employee(17, "whosaw:SupportAgent")
    first = datetime(2026, 8, 25, 0, 11, tzinfo=UTC)
    for visit in range(37):
        at = first + timedelta(days=visit * 4 // 3, minutes=diary.draw.randrange(150))
        diary.note(at, SUPPORT, "data.viewed", viewed(
            [person(customer)], who, "switch", categories=[c.CALL_LOG, c.TELEPHONE], purpose=c.CARE,
            ticket=None,
        ))  # fmt: skip


def gag_order_about_to_lapse(customer: Customer, diary: Diary) -> None:
    """Police received call records on a production order that forbids telling, until tomorrow.

    Today the customer's account is the same as if nothing had happened. When the seal lapses, an
    account that left the disclosure out must be issued again.
    """
    case, at = diary.case("demand"), datetime(2026, 8, 20, 15, 30, tzinfo=UTC)
    authority = {"id": CITY_POLICE.id, "name": CITY_POLICE.name, "country": CITY_POLICE.country}
    diary.note(at, FRAUD, "seal.placed", common(
        [person(customer)], DESK, "legal-desk", seal_id=f"seal-{case}", authority=authority,
        basis="ca-criminal-code:487.0191", scope={"categories": [c.CALL_LOG, c.NAME, c.ADDRESS]},
        starts=written(at), until=written(AS_OF + timedelta(days=1)), clearance="whosaw:LegalCounsel",
        private={"file_number": diary.case("file")},
    ), correlation=case)  # fmt: skip
    diary.note(at + timedelta(minutes=9), FRAUD, "hold.placed", common(
        [person(customer)], DESK, "legal-desk", hold_id=f"hold-{case}", reason="whosaw:HoldOrder",
        scope={"categories": [c.CALL_LOG]}, starts=written(at), authority=authority,
        basis="ca-criminal-code:487.014", visibility="sealed", seal_ref=f"seal-{case}",
    ), correlation=case)  # fmt: skip
    to_authority(
        customer, diary, at, CITY_POLICE, instrument="whosaw:ProductionOrder", case=case, sealed=True,
        authority="ca-criminal-code:487.014", basis=c.COURT_ORDER,
        asked=[c.NAME, c.ADDRESS, c.CALL_LOG, c.IP_ADDRESS], given=[c.NAME, c.ADDRESS, c.CALL_LOG],
    )  # fmt: skip


def access_request_on_day_28(customer: Customer, diary: Diary) -> None:
    """She asked what is held on her 28 days ago and has no answer; two days are left of PIPEDA's thirty.

    The request also holds everything that she asked for (PIPEDA 8(8)).
    """
    at = AS_OF - timedelta(days=28, hours=6)
    number, asked = asks(customer, diary, at, "whosaw:Access")
    diary.note(at + timedelta(minutes=1), SUPPORT, "hold.placed", common(
        [person(customer)], PRIVACY_DESK, "helpdesk", hold_id=f"hold-{number}",
        reason="whosaw:AccessRequestHold", scope={}, starts=written(at), basis="ca-pipeda:8-8",
    ), correlation=number, causation=asked)  # fmt: skip


def deletion_one_processor_never_confirmed(customer: Customer, diary: Diary) -> None:
    """He left and asked to be deleted: our systems did and were checked, but the host in Virginia never answered.

    Four recipients were told; three confirmed within two weeks; `cloud-host` is still due since July.
    """
    told = {CARD_PROCESSOR: True, UPSTREAM_CARRIER: True, MARKETING_FIRM: True, CLOUD_HOST: False}
    wants_to_be_forgotten(customer, diary, datetime(2026, 7, 6, 14, 10, tzinfo=UTC), told, mode="erase")


def marketing_after_unsubscribe(customer: Customer, diary: Diary) -> None:
    """He wrote "unsubscribe" on 10 June 2026; in July and in September his address went out again.

    A list exported in May was used twice: a disclosure to the marketing firm and a mailing, each on
    the ground of a consent that was no longer there (policy, section 7; CASL gives ten business days).
    """
    for at in (datetime(2026, 7, 14, 14, 0, tzinfo=UTC), datetime(2026, 9, 22, 14, 0, tzinfo=UTC)):
        name, actor = diary.case("campaign"), employee(22, "whosaw:MarketingAgent")
        given = diary.note(at, SIGNUP, "data.disclosed", disclosed(
            [person(customer)], actor, "mailer", recipient=MARKETING_FIRM,
            categories=[c.NAME, c.MAIL_ADDRESS], purpose=c.PROMOTE, recipient_purpose=c.PROMOTE,
            basis=c.CONSENT, mode="bulk_feed", order_ref=name,
        ), correlation=name)  # fmt: skip
        diary.note(at + timedelta(hours=20), SIGNUP, "data.used", used(
            [person(customer)], actor, "mailer", categories=[c.NAME, c.MAIL_ADDRESS],
            purposes=[c.PROMOTE], basis=c.CONSENT, channel=c.EMAIL, message_ref=name,
        ), correlation=name, causation=given)  # fmt: skip


def erased_customer(customer: Customer, diary: Diary) -> None:
    """She left and was erased for good: every system destroyed the keys, everybody told has confirmed.

    Nothing is held any more, and yet the history of what was done still verifies.
    """
    told = {CARD_PROCESSOR: True, UPSTREAM_CARRIER: True, CLOUD_HOST: True}
    at = datetime(2026, 5, 13, 17, 40, tzinfo=UTC)
    wants_to_be_forgotten(customer, diary, at, told, mode="key_destroyed")


def debt_sold_while_disputed(customer: Customer, diary: Diary) -> None:
    """He disputed a bill that a collector was already chasing; three weeks later the debt was sold all the same.

    The collector had acted on our mandate, as a processor; the buyer is a controller of its own, and
    was not told of the dispute, which nobody has answered.
    """
    left = customer.left or AS_OF
    debt = unpaid(customer, diary, left)
    number, filed = complaint(customer, diary, left + timedelta(days=48))
    diary.note(left + timedelta(days=49), SUPPORT, "hold.placed", common(
        [person(customer)], PRIVACY_DESK, "helpdesk", hold_id=f"hold-{number}",
        reason="whosaw:DisputedDebt", scope={"categories": [c.DEBT_RECORD, c.TRANSACTION]},
        starts=written(left + timedelta(days=49)),
    ), correlation=number, causation=filed)  # fmt: skip
    diary.note(left + timedelta(days=71), BILLING, "data.disclosed", disclosed(
        [person(customer)], employee(33, "whosaw:CollectionsAgent"), "billing", recipient=DEBT_BUYER,
        role="dpv:DataController", categories=[c.NAME, c.TELEPHONE, c.ADDRESS, c.DEBT_RECORD],
        purpose=c.DEBT, recipient_purpose=c.DEBT, basis=c.OWN_CLAIM, order_ref=debt,
        approver="whosaw:Director", onward="allowed",
    ), correlation=debt)  # fmt: skip


class Story(NamedTuple):
    """One story and whom it happens to."""

    number: int
    """The customer's, from 0: customer number 1000 and up."""
    tell: Callable[[Customer, Diary], None]


STORIES: Mapping[str, Story] = {
    story.tell.__name__: story
    for story in (
        Story(7, curious_employee),
        Story(11, gag_order_about_to_lapse),
        Story(13, access_request_on_day_28),
        Story(17, deletion_one_processor_never_confirmed),
        Story(19, marketing_after_unsubscribe),
        Story(23, erased_customer),
        Story(29, debt_sold_while_disputed),
    )
}
