# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""What people decide on findings; rules of retention; what a comparison with another system's own record showed."""

from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from ledger.vocabulary.forms import Code, Count, Opaque, Ordinal, System, Time
from ledger.vocabulary.parts import AboutPersons, Data, PerhapsAboutPersons, Private, SomeCodes


class FindingResolved(PerhapsAboutPersons, kw_only=True):
    """Somebody dealt with a finding. It stays on record."""

    finding_id: Opaque
    """Names the finding."""
    reason: Code
    """How."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class FindingReopened(PerhapsAboutPersons, kw_only=True):
    """A finding that was dealt with turned out not to be."""

    finding_id: Opaque
    """Names the finding."""
    reason: Code
    """Why."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class FindingWaived(PerhapsAboutPersons, kw_only=True):
    """Somebody who may excuses what a rule finds, for a while. The facts stay, and so does the finding, as excused."""

    waiver_id: Opaque
    """Names the waiver."""
    rule: Code
    """The rule whose findings it excuses."""
    reason: Code
    """Why."""
    until: Time
    """Facts that happened before this time are excused."""
    starts: Time | None = None
    """Facts that happened from this time on; absent for from when it was decided."""
    recipients: Annotated[list[System], Meta(max_length=100)] = []
    """Only facts with these recipients; empty for any."""
    purposes: SomeCodes = []
    """Only facts for these purposes; empty for any."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class RetentionRuleSet(Data, kw_only=True):
    """A rule says how long something is kept. A later rule of the same name replaces it from its own date on."""

    rule: Code
    """Names the rule."""
    categories: SomeCodes
    """Which data; empty for any."""
    purposes: SomeCodes
    """Collected for what; empty for any."""
    trigger: Literal["collected", "last_collected", "relationship_ended"]
    """What the time runs from."""
    length: Ordinal
    """How long."""
    unit: Literal["days", "months", "years"]
    """In what."""
    action: Literal["erase", "anonymise", "review"]
    """What is due then."""
    effective_from: Time
    """From when the rule counts."""
    basis: Code | None = None
    """The statute's paragraph behind it."""


class DataRestricted(AboutPersons, kw_only=True):
    """The use of personal information was limited, or the limit was ended."""

    categories: SomeCodes
    """What; empty for all."""
    reason: Code
    """Why."""
    request_ref: Opaque | None
    """The request that asked for it; null when nobody asked."""
    ended: bool = False
    """Whether the limit is over."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class ReleaseDecided(AboutPersons, kw_only=True):
    """It was decided whether a person is told which employees looked at her data (C-579/21)."""

    request_id: Opaque
    """Her request."""
    release: Literal["released", "withheld"]
    """What was decided."""
    reason: Code
    """Why."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class ReconciliationMismatch(Data, kw_only=True):
    """Another system's own record of what it did disagrees with the ledger."""

    compared: System
    """The emitter or recipient whose record was compared."""
    expected: Count
    """How many facts it has for the time."""
    found: Count
    """How many the ledger has."""
    since: Time
    """From when."""
    until: Time
    """Up to when."""
    kind: Code | None = None
    """What was counted."""
