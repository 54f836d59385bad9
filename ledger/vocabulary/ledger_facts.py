# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""Identity, and what the ledger says about itself: corrections, findings, queries, checkpoints."""

from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from ledger.vocabulary.forms import (
    Code,
    Count,
    Field,
    KeyId,
    Line,
    Opaque,
    Ordinal,
    Pointer,
    Root,
    Source,
    System,
    Time,
)
from ledger.vocabulary.parts import (
    AboutPersons,
    Data,
    EventRef,
    Part,
    PerhapsAboutPersons,
    Private,
    Reference,
    SomeCodes,
    Subject,
)

Confidence = Literal["certain", "probable", "possible"]


class IdentifierLinked(AboutPersons, kw_only=True):
    """A further name of a person became known, such as the device she signed up from.

    A name that leads to somebody else goes on doing so: the link is listed as a conflict, and a merge settles it.
    """

    subjects: Annotated[list[Subject], Meta(min_length=1, max_length=1)] | UnsetType
    """The person, by a name already known."""
    identifier: Reference | UnsetType
    """The further name. It leaves the entry, like a subject's reference."""
    method: Code
    """How the link was found, such as whosaw:Login."""
    confidence: Confidence
    """How sure it is."""
    valid_from: Time | None = None
    """Since when the name is hers; absent for from now on."""
    valid_until: Time | None = None
    """Until when."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class IdentifierUnlinked(AboutPersons, kw_only=True):
    """A name is not a person's any more, or never was: it leads to nobody from here on.

    What is recorded by that name afterwards is about somebody new. Under a seal it changes nothing.
    """

    subjects: Annotated[list[Subject], Meta(min_length=1, max_length=1)] | UnsetType
    """The person, by another name or her id."""
    identifier: Reference | UnsetType
    """The name. It leaves the entry, like a subject's reference."""
    method: Code
    """How it was found, such as whosaw:CustomerStated."""
    confidence: Confidence
    """How sure it is."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class SubjectsMerged(AboutPersons, kw_only=True):
    """Several subjects turned out to be one person. No erasure: each keeps its entries and keys."""

    subjects: Annotated[list[Subject], Meta(min_length=2, max_length=20)] | UnsetType
    """Them; the one that stays has the role whosaw:Survivor."""
    method: Code
    """How it was found."""
    confidence: Confidence
    """How sure it is."""
    valid_from: Time | None = None
    """Since when it counts."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class SubjectsSplit(AboutPersons, kw_only=True):
    """Subjects that were merged turned out to be different people.

    What was recorded meanwhile stays with the name that it was recorded under, until somebody corrects it.
    """

    subjects: Annotated[list[Subject], Meta(min_length=2, max_length=20)] | UnsetType
    """Them."""
    undoes: EventRef
    """The merge."""
    method: Code
    """How it was found."""
    confidence: Confidence
    """How sure it is."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class EventCorrected(PerhapsAboutPersons, kw_only=True):
    """An earlier event was wrong. Nothing is edited: both stay."""

    target: EventRef
    """The wrong event."""
    changed: Annotated[list[Pointer], Meta(min_length=1, max_length=100)]
    """The wrong members of its data, as JSON pointers into it."""
    reason: Code
    """Why."""
    replaced_by: EventRef | None = None
    """The event that says it right; absent when the right content is not known."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class EventVoided(PerhapsAboutPersons, kw_only=True):
    """An earlier event should not count at all. Nothing is edited: both stay.

    Not for what joins or parts names: it is undone by an event of its own, such as subject.split.
    """

    target: EventRef
    """The event."""
    reason: Code
    """Why, such as whosaw:WrongSubject."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class Place(Part, kw_only=True):
    """An entry's place."""

    log: Line
    """The log's origin."""
    position: Ordinal
    """The position in it."""


class FindingRaised(PerhapsAboutPersons, kw_only=True):
    """A fact was judged. A judgement never changes the fact."""

    finding_id: Opaque
    """Names the finding."""
    rule: Code
    """The rule that judged."""
    rule_version: System
    """Its version."""
    law_pack: System | None
    """The law pack and version that it is of; null for a rule of the policy."""
    result: Literal["lawful", "violation", "excused", "gap"]
    """The judgement; a gap is something unknown, not a violation."""
    inputs: Annotated[list[Place], Meta(max_length=100)]
    """The entries it was judged on, at most the first hundred; empty when it is about what is missing."""
    reason: Code | None = None
    """Why."""
    codes: SomeCodes = []
    """What the reason is about."""
    numbers: Annotated[list[Count], Meta(max_length=10)] = []
    """Numbers that it is about."""
    emitter: Source | None = None
    """The emitter that it is about; absent when it is about none."""
    excused_by: Opaque | None = None
    """The waiver that excuses it."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class LedgerQueried(PerhapsAboutPersons, kw_only=True):
    """Someone asked the ledger."""

    query: Code
    """What was asked, such as whosaw:QueryHoldings."""
    purpose: Code
    """What for, as the asker said."""
    outcome: Literal["answered", "refused", "exported"]
    """What came of it."""
    result_count: Count
    """How many rows the answer had."""
    filters: Annotated[list[Field], Meta(max_length=40)] = []
    """Names of the filters used, never their values."""
    ticket: Opaque | None = None
    """The case that called for it."""
    as_of: Count | None = None
    """The position that the answer was pinned to."""
    categories: SomeCodes = []
    """Categories that the answer showed."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class CheckpointSigned(Data, kw_only=True):
    """A log's head was signed and published."""

    log: Line
    """The log's origin."""
    size: Count
    """How many entries it covers."""
    root: Root
    """The tree's root."""
    key_id: KeyId
    """The signing key, as a note's verifier key names it."""


class HeadsRecorded(Data, kw_only=True):
    """Where every stream of a log ended at one position: the root over all of them, so that nothing can be left out."""

    log: Line
    """The log's origin."""
    covers: Ordinal
    """The position up to which every entry is in it."""
    streams: Count
    """How many leaves the tree has: one a stream, and one for the cohorts of each person who is in any."""
    root: Root
    """The tree's root."""
    previous: Ordinal | None
    """Position of the entry like this one before it; null for the first."""


class KeyChanged(Data, kw_only=True):
    """The key that signs a log's checkpoints changed. The checkpoint that covers this entry is signed by both keys."""

    log: Line
    """The log's origin."""
    key_change: Literal["rotated", "retired", "revoked"]
    """A new key signs beside the old one; the old one stopped; the old one is in wrong hands."""
    key: Line
    """The verifier key that signs from now on."""
    previous: Line
    """The one before it."""
