# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""Forgetting a person: revoked first, which can be taken back; then her keys are destroyed, which can not."""

from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from ledger.vocabulary.forms import Code, Count, Day, Line, Opaque, SubjectId, System, Time
from ledger.vocabulary.parts import AboutPersons, Codes, Data, Part, Private, Subject

Outcome = Literal["acknowledged", "completed", "refused", "impossible", "disproportionate", "destroyed", "resolved"]
OneSubject = Annotated[list[Subject], Meta(min_length=1, max_length=1)]


class Survival(Part, kw_only=True):
    """Something that outlives an erasure."""

    what: Code
    """What stays, such as whosaw:PseudonymousEntries."""
    reason: Code
    """Under which legal reason."""


class Untold(Part, kw_only=True):
    """A recipient that was not told of a change, and will not be."""

    recipient_id: System
    """The company's name for it."""
    name: Line | None = None
    """What it is called, unless it is a natural person."""
    change: Literal["rectified", "erased", "restricted", "challenged"]
    """What it was not told of."""
    categories: Codes
    """Which data it received."""


class Told(Part, kw_only=True):
    """A recipient that was told of a change, or did not have to be, as that stood when the person was forgotten."""

    recipient_id: System
    """The company's name for it."""
    name: Line | None = None
    """What it is called, unless it is a natural person."""
    change: Literal["rectified", "erased", "restricted", "challenged"]
    """What it was to be told of."""
    categories: Codes
    """Which data it received."""
    outcome: Outcome | None = None
    """Its answer, why it was not told, or that it had nothing left; absent while it has not answered."""
    told_at: Time | None = None
    """When it was last told."""
    answered_at: Time | None = None
    """When it last answered."""


class NotOwed(Part, kw_only=True):
    """A recipient that may still have data when the person is forgotten; nothing on record obliged to tell it."""

    recipient_id: System
    """The company's name for it."""
    name: Line | None = None
    """What it is called, unless it is a natural person."""
    categories: Codes
    """Which data it received."""


class SubjectRevoked(AboutPersons, kw_only=True):
    """A person is to be forgotten: no answer speaks of her any more. Can be taken back until her keys are destroyed."""

    subjects: OneSubject | UnsetType
    """The person."""
    receipt_id: Opaque
    """Names the erasure, and its receipt."""
    reason: Code
    """Why, such as whosaw:CustomerAsked."""
    until: Time
    """Her keys are not destroyed before."""
    mode: Code = "dpv:Erase"
    """How: dpv:Delete (recoverable), dpv:Erase (not recoverable), dpv:Destruct (physically gone)."""
    request_ref: Opaque | None = None
    """The request behind it."""
    untold: Literal["impossible", "disproportionate"] | None = None
    """Why recipients who are still to be told of a change will not be; absent when forgetting waits until they are."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class SubjectRestored(AboutPersons, kw_only=True):
    """Forgetting a person was called off in time: answers speak of her again."""

    subjects: OneSubject | UnsetType
    """The person."""
    receipt_id: Opaque
    """Names the erasure."""
    reason: Code
    """Why."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class ErasureDeferred(AboutPersons, kw_only=True):
    """Forgetting a person has to wait: something may not be destroyed. It goes on by itself."""

    subjects: OneSubject | UnsetType
    """The person."""
    receipt_id: Opaque
    """Names the erasure."""
    reason: Code
    """Of an order, the ordinary one, the same whatever the order; or that recipients are still to be told."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class KeyDestroyed(Data, kw_only=True):
    """A person was forgotten: her keys, her names and her places in cohorts are gone. It says nothing personal."""

    receipt_id: Opaque
    """Names the erasure."""
    streams: Annotated[list[SubjectId], Meta(min_length=1, max_length=100)]
    """The streams that nobody can be found by any more."""
    mode: Code
    """How."""
    reason: Code
    """Why."""
    entries: Count
    """How many entries nobody is named by any more."""
    references: Count
    """How many names were deleted."""
    memberships: Count
    """How many places in cohorts were made anonymous."""
    other_names: Count = 0
    """How many other names of hers were left, each with its own entries and keys: a merge is no erasure."""
    backups_until: Time | None = None
    """When the last backup that holds her keys is gone; null if that is not known."""
    systems_confirmed: Annotated[list[System], Meta(max_length=100)] = []
    """Systems that reported their own deletion."""
    systems_open: Annotated[list[System], Meta(max_length=100)] = []
    """Systems that have not."""
    systems_backups_until: Day | None = None
    """When the last backup that a system spoke of is gone; null if none did."""
    survives: Annotated[list[Survival], Meta(max_length=100)] = []
    """What stays, and why."""
    told: Annotated[list[Told], Meta(max_length=100)] = []
    """Recipients of what was changed, but for those who were not told."""
    untold: Annotated[list[Untold], Meta(max_length=100)] = []
    """Recipients who were not told of a change, by the officer's decision."""
    untold_because: Literal["impossible", "disproportionate"] | None = None
    """Why not."""
    not_owed: Annotated[list[NotOwed], Meta(max_length=100)] = []
    """Recipients that may still have data, with nothing on record that obliged to tell them."""
    recipients_more: Count = 0
    """How many recipients there was no room for."""
