# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""What the company declares of its recipients and systems, and what it told recipients later."""

from typing import Literal

from msgspec import UnsetType

from ledger.vocabulary.forms import Code, Opaque, Ordinal, System, Time
from ledger.vocabulary.parts import AboutPersons, Codes, Data, EventRef, Private, Recipient, SomeCodes


class RecipientRegistered(Data, kw_only=True):
    """A recipient was entered in the company's register, or its entry changed."""

    recipient: Recipient
    """It, as it is now. Never a natural person's name."""
    categories: SomeCodes = []
    """What it may receive; empty for not declared."""
    purposes: SomeCodes = []
    """What for; empty for not declared."""


class AgreementRecorded(Data, kw_only=True):
    """An agreement with a recipient was made, or ended."""

    agreement_id: Opaque
    """Names the agreement; a later record of the same name replaces this one."""
    recipient_id: System
    """With whom."""
    agreement: Code
    """What it is, such as whosaw:ProcessorAgreement."""
    starts: Time
    """From when."""
    until: Time | None
    """Until when; null for no end."""
    categories: SomeCodes = []
    """What it covers; empty for any."""
    purposes: SomeCodes = []
    """What for; empty for any."""
    onward: Literal["allowed", "forbidden"] | None = None
    """Whether the recipient may pass data on."""


class SystemRegistered(Data, kw_only=True):
    """A system that holds personal information was entered in the company's register, or its entry changed."""

    registered: System
    """The system."""
    categories: SomeCodes = []
    """What it holds."""
    purposes: SomeCodes = []
    """What for."""
    country: Code | None = None
    """Where it is, such as loc:CA-QC."""
    retired: bool = False
    """Whether it is gone."""


class NotificationSent(AboutPersons, kw_only=True):
    """A past recipient was told that data was corrected, erased, restricted or challenged; it has not answered yet."""

    notification_id: Opaque
    """Names the notification."""
    recipient_id: System
    """Who was told."""
    channel: Code
    """By which channel."""
    attempts: Ordinal = 1
    """How often it was tried by now."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class OnwardReported(AboutPersons, kw_only=True):
    """A recipient reported that it passed data on."""

    recipient_id: System
    """Who passed it on."""
    onward: Recipient
    """Who received it then."""
    categories: Codes
    """What."""
    disclosure: EventRef | None = None
    """The disclosure by which the first recipient had it."""
    private: Private | UnsetType | None = None
    """For the envelope."""
