# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""Requests of persons, their answers, and what the company owes past recipients."""

from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from ledger.vocabulary.forms import Code, Count, Day, Digest, Line, Opaque, Ordinal, System, Time
from ledger.vocabulary.parts import AboutPersons, Codes, EventRef, Fields, Private, SomeCodes


class RequestReceived(AboutPersons, kw_only=True):
    """A person asked for something that the law or the policy lets her ask for."""

    request_id: Opaque
    """Names the request."""
    regime: Code
    """The law it is handled under, such as whosaw:PIPEDA."""
    right: Code
    """What was asked: access, rectification, erasure …"""
    channel: Code
    """By which channel."""
    clock_start: Time
    """When the time to answer began."""
    due: Day | None
    """When the answer is due; null when no time is set."""
    due_rule: Code | None = None
    """The rule that the due date was computed by."""
    identity: Literal["verified", "pending", "not_needed"] = "pending"
    """Whether the person showed who she is."""
    categories: SomeCodes = []
    """Which data; empty for all."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class RequestAnswered(AboutPersons, kw_only=True):
    """A request was answered, in full, in part, or not."""

    request_id: Opaque
    """Names the request."""
    outcome: Code
    """How, such as dpv:RequestFulfilled."""
    channel: Code
    """By which channel."""
    reason: Code | None = None
    """Why it was not granted in full."""
    recourse: Code | None = None
    """Where the person was told that she can complain; of a refusal."""
    account_id: Opaque | None = None
    """The account that answered it."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class RequestVerified(AboutPersons, kw_only=True):
    """The person who asked showed who she is."""

    request_id: Opaque
    """Names the request."""
    method: Code
    """How."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class RequestExtended(AboutPersons, kw_only=True):
    """More time was taken to answer a request, and the person was told so."""

    request_id: Opaque
    """Names the request."""
    reason: Code
    """Why."""
    noticed_at: Time | None
    """When she was told; null when she was not."""
    days: Ordinal | None = None
    """By how many days; absent for as long as the law allows."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class RelationshipEnded(AboutPersons, kw_only=True):
    """A person stopped being a customer, or became one again: what is kept after that has its own time."""

    reason: Code | None
    """Why; null when not known."""
    resumed: bool = False
    """Whether she is a customer again."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class ChallengeRecorded(AboutPersons, kw_only=True):
    """A person disputes what is held on her, and it was not changed as she wants (PIPEDA, Schedule 1, 4.9.6)."""

    categories: Codes
    """What she disputes."""
    request_id: Opaque | None
    """The request behind it; null when there was none."""
    private: Private | UnsetType | None = None
    """For the envelope: the substance of it."""


class SubjectInformed(AboutPersons, kw_only=True):
    """A person was told in writing of something that was done with her data."""

    about: EventRef
    """What she was told of, such as an emergency disclosure."""
    channel: Code
    """By which channel."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class AccountIssued(AboutPersons, kw_only=True):
    """An account of holdings and disclosures was made for a person."""

    account_id: Opaque
    """Names the account."""
    language: Literal["en", "fr"]
    """Its language."""
    formats: Annotated[list[Literal["json", "pdf", "csv", "zip"]], Meta(min_length=1, max_length=4)]
    """Its formats."""
    report_digest: Digest
    """Digest of the account's bytes, in the first of its formats."""
    log: Line
    """The log that it stands on."""
    position: Count
    """It tells what was recorded up to here."""
    checkpoint: Count
    """Size of the checkpoint that it carries."""
    purpose: Code
    """What for."""
    regime: Code | None = None
    """The law it answers to."""
    request_id: Opaque | None = None
    """The request that it answers."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class NotificationDue(AboutPersons, kw_only=True):
    """A past recipient must be told that data was corrected, erased, restricted or challenged."""

    notification_id: Opaque
    """Names the notification."""
    trigger: EventRef
    """The correction or erasure behind it."""
    change: Literal["rectified", "erased", "restricted", "challenged"]
    """What happened to the data."""
    recipient_id: System
    """Whom to tell."""
    recipient_name: Line | None = None
    """Its name as it was at that time; absent for a natural person."""
    categories: Codes
    """What it concerns."""
    fields: Fields = []
    """Names of the fields, never their values."""
    disclosure: EventRef | None = None
    """The disclosure that gave it to the recipient."""
    due: Day | None = None
    """By when."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class NotificationAnswered(AboutPersons, kw_only=True):
    """What came of telling a past recipient."""

    notification_id: Opaque
    """Names the notification."""
    recipient_id: System
    """Who was told."""
    outcome: Literal["acknowledged", "completed", "refused", "bounced", "impossible", "disproportionate"]
    """What came of it."""
    channel: Code
    """By which channel."""
    justification: Code | None = None
    """Why it was refused, impossible or disproportionate; without it, the last two leave the duty as it was."""
    attempts: Ordinal = 1
    """How often it was tried."""
    private: Private | UnsetType | None = None
    """For the envelope."""
