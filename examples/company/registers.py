"""The company's own registers: whom it gives data to, and the agreements with those who work for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

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


def entries(seed: int) -> Diary:
    """The privacy office's second diary: every recipient and every agreement, on the sample's first day."""
    diary = Diary(seed, "registers")
    for number, recipient in enumerate(RECIPIENTS):
        at = START + timedelta(hours=9, minutes=number)
        diary.note(at, PRIVACY_OFFICE, "recipient.registered", {"actor": OFFICER, "recipient": recipient.snapshot()})
    for number, (name, recipient) in enumerate(AGREEMENTS.items()):
        diary.note(START + timedelta(hours=10, minutes=number), PRIVACY_OFFICE, "recipient.agreement_recorded", {
            "actor": OFFICER, "agreement_id": name, "recipient_id": recipient.id,
            "agreement": "whosaw:ProcessorAgreement", "starts": written(START), "until": None,
        })  # fmt: skip
    return diary
