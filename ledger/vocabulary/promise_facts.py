# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""What the company promised and the person agreed to: policies, assent, consent."""

from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from ledger.vocabulary.forms import Code, Digest, Language, Line, Location, Opaque, System, Time
from ledger.vocabulary.parts import AboutPersons, Codes, Data, EventRef, Part, Private, SomeCodes
from ledger.vocabulary.rules import Rule


class Title(Part, kw_only=True):
    """A title in the languages it has."""

    en: Line | None = None
    """English."""
    fr: Line | None = None
    """French."""


class PolicyPublished(Data, kw_only=True):
    """A version of a policy was published."""

    policy: System
    """Which policy."""
    version: System
    """Which version of it."""
    text_digest: Digest
    """Digest of the published text's bytes."""
    languages: Annotated[list[Language], Meta(min_length=1, max_length=20)]
    """Languages in which it was published."""
    effective_from: Time
    """From when it governs."""
    supersedes: System | None
    """The version before; null for the first one known."""
    notice: Literal["given", "not_given", "unknown"] = "unknown"
    """Whether customers were told."""
    title: Title | None = None
    """Its title."""
    location: Location | None = None
    """Where it can be read."""
    rules: Annotated[list[Rule], Meta(max_length=300)] = []
    """What it says, as rules that facts are judged by."""


class PolicyAssented(AboutPersons, kw_only=True):
    """A person agreed to a version of a policy, or is deemed to have."""

    policy: System
    """Which policy."""
    version: System
    """Which version of it."""
    mode: Literal["express", "implied", "deemed_by_use"]
    """How. Deemed assent is never shown as express."""
    evidence: EventRef | None
    """The event that shows it, such as the first use after the change; null when there is none."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class ConsentRecorded(AboutPersons, kw_only=True):
    """A person's consent was given, refused or withdrawn, or it ran out."""

    state: Literal["given", "refused", "withdrawn", "expired"]
    """What became of it."""
    purposes: Codes
    """For what."""
    categories: SomeCodes
    """Of which data; empty for any."""
    channel: Code
    """By which channel it was said."""
    notice_ref: Opaque | None
    """The notice that the person saw; null when there was none."""
    effective_at: Time
    """From when it counts."""
    recipients: Annotated[list[System], Meta(max_length=100)] = []
    """To whom; empty for any."""
    media: SomeCodes = []
    """Through which channels it lets the company speak; empty for any."""
    expression: Code | None = None
    """How plainly it was said, such as dpv:ExplicitlyExpressedConsent."""
    conditional: bool = False
    """Whether a service was refused without it."""
    until: Time | None = None
    """When it runs out."""
    private: Private | UnsetType | None = None
    """For the envelope."""
