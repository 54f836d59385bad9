"""What the calls service writes: call records kept every quarter, and who carries or stores them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import AS_OF, months
from examples.company.diary import CALLS
from examples.company.facts import collected, disclosed, person, service, used
from examples.company.recipients import EMERGENCY_LOCATION, UPSTREAM_CARRIER

if TYPE_CHECKING:
    from examples.company.customers import Customer
    from examples.company.diary import Diary

SWITCH = service("switch", "whosaw:CallService")


def live(customer: Customer, diary: Diary) -> None:
    """Her line: opened with the carrier that takes her calls, metered every quarter, rarely 9-1-1."""
    opened = customer.joined + timedelta(hours=5)
    diary.note(opened, CALLS, "data.disclosed", disclosed(
        [person(customer)], SWITCH, "switch", recipient=UPSTREAM_CARRIER,
        categories=[c.TELEPHONE, c.ADDRESS], purpose=c.ORDERS, recipient_purpose=c.SERVICE, basis=c.CONTRACT,
    ))  # fmt: skip
    for at in months(opened, customer.left or AS_OF)[::3]:
        kept = [c.CALL_LOG, c.CONSUMPTION] + ([c.VOICE_MAIL] if diary.chance(0.2) else [])
        diary.note(at, CALLS, "data.collected", collected(
            [person(customer)], SWITCH, "switch", context="whosaw:Call", channel=c.NETWORK, origin="observed",
            categories=kept, purposes=[c.ORDERS, c.SERVICE, c.IMPROVE_SERVICE], basis=c.CONTRACT,
        ))  # fmt: skip
        if diary.chance(0.3):
            diary.note(diary.later(at, 100, 9000), CALLS, "data.used", used(
                [person(customer)], service("quality", "whosaw:CallService"), "switch", categories=[c.CALL_LOG],
                purposes=[c.IMPROVE_SERVICE], basis=c.IMPLIED, automated=True,
            ))  # fmt: skip
        if diary.chance(0.02):
            emergency_call(customer, diary)


def emergency_call(customer: Customer, diary: Diary) -> None:
    """She dials 9-1-1: where she is goes to who sends help."""
    at = diary.later(customer.joined, 3 * 1440, 60 * 1440)
    diary.note(at, CALLS, "data.disclosed", disclosed(
        [person(customer)], SWITCH, "switch", recipient=EMERGENCY_LOCATION,
        categories=[c.TELEPHONE, c.EMERGENCY_ADDRESS], purpose=c.SERVICE, recipient_purpose=c.SERVICE,
        basis=c.EMERGENCY, initiative="subject", duty_to_inform=True,
    ))  # fmt: skip
