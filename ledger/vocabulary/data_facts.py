# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""What happens to personal data: collected, used, viewed, disclosed, rectified, erased."""

from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from ledger.vocabulary.forms import (
    Code,
    Count,
    Day,
    Field,
    Note,
    Opaque,
    Ordinal,
    PrivateText,
    System,
    Time,
)
from ledger.vocabulary.parts import (
    AboutPersons,
    Codes,
    EventRef,
    Fields,
    Instrument,
    Part,
    Private,
    Recipient,
    Series,
)


class Mechanism(Part, kw_only=True):
    """A technical means of collection, such as a cookie."""

    name: Field
    """Its name."""
    lifetime_days: Count | None = None
    """How long it stays on the device; absent when unknown, 0 for a session."""


class Collected(AboutPersons, kw_only=True):
    """Personal data was collected."""

    categories: Codes
    """What was collected, as categories."""
    purposes: Codes
    """What for."""
    context: Code
    """On which occasion, such as whosaw:SignUp."""
    channel: Code
    """By which channel, such as whosaw:Web."""
    origin: Literal["subject", "third_party", "observed", "derived"]
    """Where it comes from."""
    basis: Code | None
    """The legal basis; null when the emitter knows none."""
    retained: bool
    """Whether it is kept."""
    fields: Fields = []
    """Names of the fields, never their values."""
    basis_ref: Opaque | None = None
    """The consent, contract or order behind the basis."""
    mechanism: Mechanism | None = None
    """The cookie or other means."""
    until: Time | None = None
    """When it is to be gone."""
    retention_rule: Code | None = None
    """The rule that says so."""
    derived_from: Annotated[list[EventRef], Meta(max_length=100)] = []
    """The collections that derived data was made of."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class Used(AboutPersons, kw_only=True):
    """Personal data was used."""

    categories: Codes
    """What was used."""
    purposes: Codes
    """What for."""
    basis: Code | None
    """The legal basis; null when the emitter knows none."""
    automated: bool
    """Whether it decided something about the person without a human."""
    fields: Fields = []
    """Names of the fields, never their values."""
    basis_ref: Opaque | None = None
    """The consent, contract or order behind the basis."""
    channel: Code | None = None
    """By which channel, of a message."""
    message_ref: Opaque | None = None
    """Which message, campaign, order or case it was for."""
    series: Series | None = None
    """If it is one of many."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class Viewed(AboutPersons, kw_only=True):
    """Someone inside the company looked at personal data."""

    categories: Codes
    """What was shown."""
    view: Literal["list", "detail"]
    """A file, or a list in which the person was seen."""
    result_count: Count
    """How many persons the screen showed."""
    purpose: Code | None = None
    """What for, as the viewer said; absent or null when nothing was said."""
    ticket: Opaque | None = None
    """The case that called for it; absent when there was none."""
    fields: Fields = []
    """Names of the fields shown, never their values."""
    times: Ordinal = 1
    """How many look-ups this fact stands for, when a service's reads are counted by the day."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class RecipientPrivate(Part, kw_only=True):
    """Who received, of a natural person."""

    name: PrivateText | None = None
    """The name."""
    address: PrivateText | None = None
    """The address."""


class DisclosedPrivate(Part, kw_only=True):
    """What is private to a disclosure."""

    note: Note | None = None
    """Free text."""
    contact: PrivateText | None = None
    """The person at the recipient who received it."""
    file_number: PrivateText | None = None
    """The instrument's file number."""
    payload_commitment: PrivateText | None = None
    """A keyed commitment to exactly what was sent."""
    recipient: RecipientPrivate | None = None
    """Name and address of a recipient who is a natural person."""


class Disclosed(AboutPersons, kw_only=True):
    """Personal data went to someone outside the company."""

    recipient: Recipient
    """Who received, as it was then."""
    categories: Codes
    """What was disclosed."""
    purpose: Code
    """The company's purpose."""
    recipient_purpose: Code | None
    """The recipient's purpose, as it stated it; null when it stated none."""
    basis: Code | None
    """The statute's paragraph, or consent, or contract; null when the emitter knows none."""
    initiative: Literal["subject", "recipient", "controller"]
    """Who wanted it: the person, the recipient, or the company."""
    mode: Literal["transmitted", "remote_access", "oral", "viewed_on_site", "bulk_feed"]
    """How."""
    fields: Fields = []
    """Names of the fields, never their values."""
    basis_ref: Opaque | None = None
    """The consent or contract behind the basis."""
    instrument: Instrument | None = None
    """The warrant, order or request."""
    agreement_ref: Opaque | None = None
    """The agreement with the recipient."""
    order_ref: Opaque | None = None
    """The order, complaint, request or debt that it served."""
    series: Series | None = None
    """If it is one of many."""
    transfer_ref: Opaque | None = None
    """The assessment made before data left the jurisdiction."""
    approver: Code | None = None
    """The position of whoever approved."""
    recipient_until: Time | None = None
    """How long the recipient promised to keep it."""
    onward: Literal["allowed", "forbidden"] | None = None
    """Whether the recipient may pass it on."""
    duty_to_inform: bool = False
    """Whether the person must be told in writing without delay."""
    private: DisclosedPrivate | UnsetType | None = None
    """For the envelope."""


class Rectified(AboutPersons, kw_only=True):
    """Personal data was corrected."""

    categories: Codes
    """What was corrected."""
    reason: Code
    """Why."""
    request_ref: Opaque | None
    """The request that asked for it; null when nobody asked."""
    fields: Fields = []
    """Names of the fields, never their values."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class Survivor(Part, kw_only=True):
    """What an erasure leaves, and why."""

    category: Code
    """What stays."""
    reason: Code
    """Why."""
    until: Day | None = None
    """Until when; absent when no end is known."""


class Erased(AboutPersons, kw_only=True):
    """Personal data was erased, was asked to be, or was found to be gone: `state` says which."""

    categories: Codes
    """What was erased."""
    mode: Literal["delete", "erase", "destruct", "key_destroyed", "anonymise"]
    """Recoverable, not recoverable, physically gone, unreadable because its key is, or left without any link to her."""
    state: Literal["requested", "done", "verified"]
    """Asked, reported as done, or checked by someone else."""
    system: System  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues] - required here
    """The system that held it."""
    reason: Code | None = None
    """Why."""
    holder: System | None = None
    """The recipient that held it, if it was not the company."""
    request_ref: Opaque | None = None
    """The request that asked for it."""
    method: Code | None = None
    """How."""
    backups_until: Day | None = None
    """When the last backup that holds it is gone."""
    survivors: Annotated[list[Survivor], Meta(max_length=100)] = []
    """What stays, and why."""
    fields: Fields = []
    """Names of the fields, never their values."""
    context: Code | None = None
    """If only what was collected on one occasion."""
    hold_ref: Opaque | None = None
    """The hold that keeps it from being done."""
    private: Private | UnsetType | None = None
    """For the envelope."""
