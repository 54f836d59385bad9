"""What authorities demand, and what an institution says when it is asked whether a person may be told."""

from typing import Literal

from msgspec import UNSET, UnsetType

from ledger.vocabulary.forms import Code, Opaque, Time
from ledger.vocabulary.parts import AboutPersons, Instrument, Organisation, PerhapsAboutPersons, Private


class DemandReceived(PerhapsAboutPersons, kw_only=True):
    """An authority demanded personal information."""

    demand_id: Opaque
    """Names the demand."""
    instrument: Instrument
    """The paper, with what it asks for."""
    due: Time | None
    """By when; null when no time is set."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class DemandDecided(PerhapsAboutPersons, kw_only=True):
    """The company decided on an authority's demand."""

    demand_id: Opaque
    """Names the demand."""
    decision: Literal["complied", "narrowed", "refused", "challenged"]
    """What it decided."""
    reason: Code | None = None
    """Why."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class InstitutionConsulted(AboutPersons, kw_only=True):
    """An institution was told that a person asks about a disclosure to it (PIPEDA 9(2.2))."""

    request_id: Opaque
    """The person's request."""
    institution: Organisation
    """Which institution."""
    notified_at: Time
    """When it was notified in writing."""
    basis: Code | None = None
    """The paragraph of the disclosure that she asks about."""
    visibility: Literal["sealed"] | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - narrower here
    """That it was consulted may not be told (PIPEDA 9(2.4))."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class InstitutionAnswered(AboutPersons, kw_only=True):
    """An institution that was consulted answered."""

    request_id: Opaque
    """The person's request."""
    institution: Organisation
    """Which institution."""
    objection: bool
    """Whether it objects to telling her."""
    ground: Code | None = None
    """On which ground; absent without an objection."""
    commissioner_told_at: Time | None = None
    """When the Commissioner was told of the objection; absent until then: the answer is stated again with it."""
    visibility: Literal["sealed"] | UnsetType = UNSET  # pyright: ignore[reportIncompatibleVariableOverride] - narrower here
    """That it answered may not be told."""
    private: Private | UnsetType | None = None
    """For the envelope."""
