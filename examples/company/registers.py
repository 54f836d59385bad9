"""The company's own registers: whom it gives data to, the agreements with those who work for it, how long it keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from examples.company import codes as c
from examples.company.clock import START, written
from examples.company.diary import PRIVACY_OFFICE, Diary
from examples.company.facts import employee
from examples.company.recipients import (
    CARD_PROCESSOR,
    CLOUD_HOST,
    COLLECTIONS_AGENCY,
    COURIER,
    MARKETING_FIRM,
    RECIPIENTS,
)
from examples.company.rights import OWN_SYSTEMS

if TYPE_CHECKING:
    from examples.company.recipients import Recipient

OFFICER = employee(31, "whosaw:PrivacyOfficer")
AGREEMENTS: dict[str, Recipient] = {
    "agreement-payments-2025": CARD_PROCESSOR,
    "agreement-collection-2025": COLLECTIONS_AGENCY,
    "agreement-hosting-2025": CLOUD_HOST,
    "agreement-mailing-2025": MARKETING_FIRM,
    "agreement-delivery-2025": COURIER,
}
"""With everybody who acts for the company, so long as the sample lasts."""


class Schedule(NamedTuple):
    """How long some data is kept after a person stops being a customer."""

    rule: str
    categories: list[str]
    months: int


SCHEDULES = (
    Schedule("whosaw:KeepCalls", [c.CALL_LOG, c.CONSUMPTION, c.VOICE_MAIL], 6),
    Schedule("whosaw:KeepPayments", [c.CARD, c.BANK_ACCOUNT, c.TRANSACTION], 8),
)


def entries(seed: int) -> Diary:
    """The privacy office's second diary: what the registers say, on the sample's first day."""
    diary = Diary(seed, "registers")
    for number, recipient in enumerate(RECIPIENTS):
        at = START + timedelta(hours=9, minutes=number)
        diary.note(at, PRIVACY_OFFICE, "recipient.registered", {"actor": OFFICER, "recipient": recipient.snapshot()})
    for number, (name, recipient) in enumerate(AGREEMENTS.items()):
        diary.note(START + timedelta(hours=10, minutes=number), PRIVACY_OFFICE, "recipient.agreement_recorded", {
            "actor": OFFICER, "agreement_id": name, "recipient_id": recipient.id,
            "agreement": "whosaw:ProcessorAgreement", "starts": written(START), "until": None,
        })  # fmt: skip
    for number, (system, _, categories) in enumerate(OWN_SYSTEMS):
        diary.note(START + timedelta(hours=10, minutes=30 + number), PRIVACY_OFFICE, "system.registered", {
            "actor": OFFICER, "registered": system, "categories": list(categories), "country": "loc:CA-QC",
        })  # fmt: skip
    for number, schedule in enumerate(SCHEDULES):
        diary.note(START + timedelta(hours=11, minutes=number), PRIVACY_OFFICE, "retention.rule_set", {
            "actor": OFFICER, "rule": schedule.rule, "categories": schedule.categories, "purposes": [],
            "trigger": "relationship_ended", "length": schedule.months, "unit": "months", "action": "erase",
            "effective_from": written(START),
        })  # fmt: skip
    # The administrator's invoice for July 2026 counts three numbers more than the porting service ever reported.
    diary.note(datetime(2026, 8, 10, 13, 0, tzinfo=UTC), PRIVACY_OFFICE, "reconciliation.mismatch", {
        "actor": OFFICER, "compared": "porting", "expected": 13, "found": 10, "kind": c.ORDERS,
        "since": "2026-07-01T00:00:00-04:00", "until": "2026-08-01T00:00:00-04:00",
    })  # fmt: skip
    return diary
