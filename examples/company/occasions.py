"""What happens to a customer once in a while, a function each: without them some question would have nothing to show.

Unlike the stories in `stories.py`, most of these went as they should. They are the same at every scale.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import AS_OF, written
from examples.company.diary import FRAUD, SIGNUP, SUPPORT
from examples.company.facts import collected, common, disclosed, employee, event, person, rectified, used, viewed
from examples.company.fraud import DESK, demand, document
from examples.company.recipients import (
    CITY_POLICE,
    COURIER,
    EMERGENCY_LOCATION,
    REGIONAL_POLICE,
    REGULATOR,
    UPSTREAM_CARRIER,
)
from examples.company.rights import DESK as PRIVACY_DESK
from examples.company.rights import OFFICER, asks, is_answered, tell
from examples.company.stories import Story

if TYPE_CHECKING:
    from collections.abc import Mapping

    from examples.company.customers import Customer
    from examples.company.diary import Diary

COMPLAINT = "complaint-2026-0042"
"""The case of the complaint that is followed from beginning to end."""


def order_complied_with(customer: Customer, diary: Diary) -> None:
    """A court ordered three kinds of data to be produced, forbade nothing, and got them."""
    at, asked = datetime(2025, 12, 9, 15, 20, tzinfo=UTC), [c.NAME, c.ADDRESS, c.CALL_LOG]
    paper = document(at, CITY_POLICE, "whosaw:ProductionOrder", "ca-criminal-code:487.014", asked, asked)
    number = demand(customer, diary, at, paper, "complied")
    diary.note(at + timedelta(days=3), FRAUD, "data.disclosed", disclosed(
        [person(customer)], DESK, "legal-desk", recipient=CITY_POLICE, categories=asked, purpose=c.COMPLIANCE,
        recipient_purpose=c.POLICING, basis=c.COURT_ORDER, initiative="recipient", instrument=paper,
        approver="whosaw:Director", private={"file_number": diary.case("file")},
    ), correlation=number)  # fmt: skip


def request_refused(customer: Customer, diary: Diary) -> None:
    """A police force mentioned an investigation and showed no paper: it was sent away with nothing."""
    at = datetime(2025, 11, 18, 15, 5, tzinfo=UTC)
    paper = document(at, REGIONAL_POLICE, "whosaw:InvestigationRequest", None, [c.NAME, c.CALL_LOG], [])
    demand(customer, diary, at, paper, "refused", "whosaw:NoAuthority")


def order_without_an_end(customer: Customer, diary: Diary) -> None:
    """Police received a name and an address under an order not to tell that names no day on which it ends."""
    case, at = diary.case("demand"), datetime(2026, 7, 6, 13, 40, tzinfo=UTC)
    authority = {"id": REGIONAL_POLICE.id, "name": REGIONAL_POLICE.name, "country": REGIONAL_POLICE.country}
    diary.note(at, FRAUD, "seal.placed", common(
        [person(customer)], DESK, "legal-desk", seal_id=f"seal-{case}", authority=authority,
        basis="ca-criminal-code:487.0191", scope={}, starts=written(at), clearance="whosaw:LegalCounsel",
        private={"file_number": diary.case("file")},
    ) | {"until": None}, correlation=case)  # fmt: skip
    given = [c.NAME, c.ADDRESS]
    diary.note(at + timedelta(days=1), FRAUD, "data.disclosed", disclosed(
        [person(customer)], DESK, "legal-desk", recipient=REGIONAL_POLICE, categories=given, purpose=c.COMPLIANCE,
        recipient_purpose=c.POLICING, basis=c.COURT_ORDER, initiative="recipient",
        instrument=document(at, REGIONAL_POLICE, "whosaw:ProductionOrder", "ca-criminal-code:487.014", given, given),
        approver="whosaw:Director", visibility="sealed", seal_ref=f"seal-{case}",
        private={"file_number": diary.case("file")},
    ), correlation=case)  # fmt: skip


def more_than_was_asked(customer: Customer, diary: Diary) -> None:
    """A subpoena asked for a name and an address; the list of calls went along, which nobody had asked for."""
    at, asked = datetime(2026, 8, 11, 13, 0, tzinfo=UTC), [c.NAME, c.ADDRESS]
    given = [*asked, c.CALL_LOG]
    paper = document(at, REGULATOR, "whosaw:Subpoena", "ca-pipeda:7-3-c", asked, given)
    number = demand(customer, diary, at, paper, "complied")
    diary.note(at + timedelta(days=4), FRAUD, "data.disclosed", disclosed(
        [person(customer)], DESK, "legal-desk", recipient=REGULATOR, categories=given, purpose=c.COMPLIANCE,
        recipient_purpose=c.COMPLIANCE, basis=c.COURT_ORDER, initiative="recipient", instrument=paper,
        approver="whosaw:Director",
    ), correlation=number)  # fmt: skip


def complaint_answered(customer: Customer, diary: Diary) -> None:
    """One complaint from its arrival to its answer: looked into, once by mistake, sent to the regulator, answered."""
    at, who = datetime(2026, 9, 3, 13, 30, tzinfo=UTC), employee(14, "whosaw:SupportAgent")
    filed = diary.note(at, SUPPORT, "data.collected", collected(
        [person(customer)], who, "helpdesk", context="whosaw:Complaint", channel=c.CONTACT_FORM,
        categories=[c.MESSAGE, c.OPINION, c.COMPLAINT_FILE], purposes=[c.CARE, c.DISPUTES], basis=c.IMPLIED,
    ), correlation=COMPLAINT)  # fmt: skip
    look = viewed(
        [person(customer)], who, "billing", categories=[c.TRANSACTION, c.CONSUMPTION], purpose=c.DISPUTES,
        ticket=COMPLAINT,
    )  # fmt: skip
    diary.note(at + timedelta(hours=2), SUPPORT, "data.viewed", look, correlation=COMPLAINT, causation=filed)
    twice = diary.note(
        at + timedelta(hours=2, minutes=1), SUPPORT, "data.viewed", look, correlation=COMPLAINT, causation=filed
    )
    diary.note(at + timedelta(days=1), SUPPORT, "event.voided", common(
        [person(customer)], who, "helpdesk", target=event(SUPPORT, twice), reason="whosaw:Duplicate",
    ), correlation=COMPLAINT, causation=twice)  # fmt: skip
    diary.note(at + timedelta(days=8), SUPPORT, "data.disclosed", disclosed(
        [person(customer)], who, "helpdesk", recipient=REGULATOR, categories=[c.NAME, c.COMPLAINT_FILE],
        purpose=c.DISPUTES, recipient_purpose=c.COMPLIANCE, basis=c.REQUIRED_BY_LAW, initiative="recipient",
        order_ref=COMPLAINT,
    ), correlation=COMPLAINT, causation=filed)  # fmt: skip
    diary.note(at + timedelta(days=20), SUPPORT, "data.used", used(
        [person(customer)], who, "helpdesk", categories=[c.NAME, c.MESSAGE], purposes=[c.CARE], basis=c.CONTRACT,
        message_ref=COMPLAINT,
    ), correlation=COMPLAINT, causation=filed)  # fmt: skip


def address_put_right(customer: Customer, diary: Diary) -> None:
    """She moved: two of those who had her old address have confirmed the new one, the courier has only been told."""
    at = datetime(2026, 10, 1, 14, 0, tzinfo=UTC)
    number, asked = asks(customer, diary, at, "whosaw:Rectification")
    changed = diary.note(at + timedelta(days=1), SIGNUP, "data.rectified", rectified(
        [person(customer)], OFFICER, "crm", categories=[c.ADDRESS], reason="whosaw:Outdated", request=number,
    ), correlation=number, causation=asked)  # fmt: skip
    for recipient in (EMERGENCY_LOCATION, UPSTREAM_CARRIER, COURIER):
        told = at + timedelta(days=3)
        notice = tell(
            customer, diary, told, recipient, event(SIGNUP, changed), number, "rectified",
            answers=recipient is not COURIER,
        )  # fmt: skip
        diary.note(told + timedelta(hours=1), SUPPORT, "recipient.notification_sent", common(
            [person(customer)], PRIVACY_DESK, "helpdesk", notification_id=notice, recipient_id=recipient.id,
            channel="whosaw:Api",
        ), correlation=number)  # fmt: skip
    is_answered(customer, diary, at + timedelta(days=12), number, asked)


def emergency_untold(customer: Customer, diary: Diary) -> None:
    """Her life was in danger and where she was went to who sent help; nobody has written to her of it yet."""
    diary.note(datetime(2026, 11, 9, 2, 31, tzinfo=UTC), FRAUD, "data.disclosed", disclosed(
        [person(customer)], DESK, "legal-desk", recipient=CITY_POLICE, categories=[c.TELEPHONE, c.EMERGENCY_ADDRESS],
        purpose=c.SERVICE, recipient_purpose=c.SERVICE, basis=c.EMERGENCY, initiative="recipient", mode="oral",
        duty_to_inform=True,
    ))  # fmt: skip


def found_in_a_drawer(customer: Customer, diary: Diary) -> None:
    """A lost parcel's papers were given to the courier on a day in March and entered in the ledger in November."""
    at = datetime(2026, 3, 24, 15, 0, tzinfo=UTC)
    diary.note(at, SUPPORT, "data.disclosed", disclosed(
        [person(customer)], employee(14, "whosaw:SupportAgent"), "helpdesk", recipient=COURIER,
        categories=[c.NAME, c.ADDRESS], purpose=c.ORDERS, recipient_purpose=c.SERVICE, basis=c.CONTRACT,
        order_ref=diary.case("order"), agreement_ref="agreement-delivery-2025",
    ), after=AS_OF - timedelta(days=4) - at)  # fmt: skip


OCCASIONS: Mapping[str, Story] = {
    occasion.tell.__name__: occasion
    for occasion in (
        Story(31, order_complied_with),
        Story(32, request_refused),
        Story(33, order_without_an_end),
        Story(34, more_than_was_asked),
        Story(35, complaint_answered),
        Story(36, address_put_right),
        Story(37, emergency_untold),
        Story(38, found_in_a_drawer),
    )
}
"""By name; the number is the customer's, as in `stories.py`."""
