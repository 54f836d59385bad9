# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""Orders: a seal is an order not to tell, a hold an order not to destroy."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from ledger.vocabulary.forms import Code, Opaque, Source, SubjectId, System, Time
from ledger.vocabulary.parts import (
    AboutPersons,
    EventRef,
    Organisation,
    Part,
    PerhapsAboutPersons,
    Private,
    SomeCodes,
    Subject,
)


class Scope(Part, kw_only=True):
    """What an order covers; an empty list leaves that side open."""

    categories: SomeCodes = []
    """Categories of data."""
    systems: Annotated[list[System], Meta(max_length=100)] = []
    """Systems."""
    events: Annotated[list[EventRef], Meta(max_length=100)] = []
    """Events."""
    since: Time | None = None
    """From when on."""
    until: Time | None = None
    """Up to when."""


class SealPlaced(AboutPersons, kw_only=True):
    """An authority forbade telling the person. Only facts that are marked as sealed are hidden: an order marks none."""

    seal_id: Opaque
    """Names the seal."""
    authority: Organisation
    """Who ordered it."""
    basis: Code | None
    """The statute's paragraph; null when none was cited."""
    scope: Scope
    """What must not be told, as the order says. It hides nothing: mark each fact as sealed under this seal."""
    starts: Time
    """From when."""
    until: Time | None
    """Until when; null when an event ends it, or nothing does."""
    until_event: Code | None = None
    """What ends it. Nothing watches for it: send seal.lifted when it happens."""
    clearance: Code | None = None
    """Who may know."""
    oral: bool = False
    """Whether it was only spoken."""
    visibility: Literal["sealed"] | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - narrower here
    """A seal is always sealed."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class SealLifted(AboutPersons, kw_only=True):
    """An order not to tell ended."""

    seal_id: Opaque
    """Names the seal."""
    reason: Code
    """Why."""
    effective_at: Time
    """From when it may be told."""
    authority: Organisation | None = None
    """Who lifted it; absent when it ran out."""
    placed_by: Source | None = None
    """The source that placed it; absent when that is the event's own."""
    visibility: Literal["sealed"] | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - narrower here
    """A seal is always sealed."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class SealExtended(AboutPersons, kw_only=True):
    """An order not to tell was extended."""

    seal_id: Opaque
    """Names the seal."""
    until: Time | None
    """Until when it stands now; null when an event ends it, or nothing does."""
    authority: Organisation | None = None
    """Who extended it."""
    placed_by: Source | None = None
    """The source that placed it; absent when that is the event's own."""
    visibility: Literal["sealed"] | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - narrower here
    """A seal is always sealed."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class SealEnded(AboutPersons, kw_only=True):
    """What an order forbade to tell about a person may be told from here on; its stream is hers."""

    subjects: Annotated[list[Subject], Meta(min_length=1, max_length=1)] | UnsetType
    """The person."""
    stream: SubjectId
    """The stream that was sealed."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class ClearanceGranted(PerhapsAboutPersons, kw_only=True):
    """Two people agreed that one of them may read what is sealed, for a short time."""

    authorities: Annotated[list[System], Meta(min_length=1, max_length=100)]
    """Whose seals."""
    until: Time
    """Until when."""
    asked_by: System
    """The key of the one who asked."""
    approved_by: System
    """The key of the other one."""
    reason: Code
    """Why."""
    visibility: Literal["sealed"] | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - narrower here
    """That somebody looked behind seals would tell of them."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class HoldPlaced(PerhapsAboutPersons, kw_only=True):
    """Destruction was forbidden."""

    hold_id: Opaque
    """Names the hold."""
    reason: Code
    """Why, such as whosaw:Litigation."""
    scope: Scope
    """What must not be destroyed."""
    starts: Time
    """From when."""
    authority: Organisation | None = None
    """Who ordered it; absent when the law itself does."""
    basis: Code | None = None
    """The statute's paragraph."""
    until: Time | None = None
    """Until when."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class HoldReleased(PerhapsAboutPersons, kw_only=True):
    """Destruction is allowed again, for those whom it names: what was put off resumes."""

    hold_id: Opaque
    """Names the hold."""
    reason: Code
    """Why."""
    effective_at: Time
    """From when."""
    placed_by: Source | None = None
    """The source that placed it; absent when that is the event's own."""
    private: Private | UnsetType | None = None
    """For the envelope."""
