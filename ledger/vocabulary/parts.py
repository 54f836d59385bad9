"""What facts are made of: whom it is about, who acted, when, which organisation, which paper.

A member is clear unless it stands in `private`, in a subject's `reference` or `private`, or is a
person's actor id: those leave the entry, for the references table and the envelope.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, UnsetType

from ledger.vocabulary.forms import (
    Code,
    EventId,
    Field,
    Line,
    Note,
    Opaque,
    PersonId,
    PrivateText,
    ReferenceValue,
    Source,
    SubjectId,
    System,
    Time,
    Word,
)

MOST_SUBJECTS = 100_000

NATURAL_PERSONS = frozenset(
    {
        "dpv:NaturalPerson",
        "dpv:GuardianOfDataSubject",
        "dpv:ParentOfDataSubject",
        "dpv:DataSubject",
        "whosaw:NextOfKin",
        "whosaw:Individual",
    }
)
"""Kinds of recipient whose name and address are personal."""


class Part(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Anything that a fact is made of."""


class Reference(Part, kw_only=True):
    """A name that the company knows a person by.

    It goes to the erasable references table, never into an entry.
    """

    kind: Word
    """What sort of name: customer, email, phone, device, account …"""
    value: ReferenceValue
    """The name itself, compared as it is written."""


class SubjectPrivate(Part, kw_only=True):
    """What is private to one of a fact's subjects; it goes to that subject's envelope."""

    note: Note | None = None
    """Free text."""
    file_number: PrivateText | None = None
    """A number that an authority or a court gave to the matter."""
    payload_commitment: PrivateText | None = None
    """A keyed commitment to exactly what was sent about this person."""
    contact: PrivateText | None = None
    """How the person was reached."""


class Subject(Part, kw_only=True):
    """Whom a fact is about: by a reference, or by the subject id that an answer gave; not both."""

    role: Code
    """The subject's part in it, such as dpv:Customer."""
    reference: Reference | None = None
    """A name that the company knows the person by."""
    id: SubjectId | None = None
    """The subject id that an answer gave."""
    private: SubjectPrivate | None = None
    """What concerns this subject alone."""

    def __post_init__(self) -> None:
        if (self.reference is None) is (self.id is None):
            raise ValueError("expected exactly one of reference and id")


class Human(Part, kw_only=True, tag_field="kind", tag="human"):
    """A person at work. Who it was goes to the envelope.

    The entry keeps a keyed hash of it, so that one person's look-ups can be counted.
    """

    role: Code
    """The position, such as whosaw:SupportAgent: what a customer is told."""
    id: PersonId | None = None
    """Who it was."""


class External(Part, kw_only=True, tag_field="kind", tag="external"):
    """Someone outside: an officer of an authority, a clerk of a processor.

    The id is as private as an employee's.
    """

    role: Code
    """The position."""
    id: PersonId | None = None
    """Who it was."""


class Service(Part, kw_only=True, tag_field="kind", tag="service"):
    """A program. Its name is clear."""

    role: Code
    """What it does here, such as whosaw:BillingService."""
    id: System
    """The program's name."""


Actor = Human | External | Service


class Occurred(Part, kw_only=True):
    """How well it is known when it happened; `time` is the moment or the start."""

    precision: Literal["exact", "day", "month", "year", "unknown"] = "exact"
    """How much of `time` to believe."""
    end: Time | None = None
    """The end, of something that lasted."""


class EventRef(Part, kw_only=True):
    """Another event, as its emitter named it."""

    source: Source
    """Its source."""
    id: EventId
    """Its id."""


class Organisation(Part, kw_only=True):
    """An organisation as it was then: an authority, a court, an issuer. Never a natural person."""

    name: Line
    """Its name."""
    id: System | None = None
    """The company's own reference for it."""
    country: Code | None = None
    """Where it is, such as loc:CA-QC."""


class Recipient(Part, kw_only=True):
    """A recipient as it was when it received: a snapshot, for the register may change later.

    A natural person's name and address belong into `private.recipient`.
    """

    id: System
    """The company's own reference for the recipient."""
    kind: Code
    """What it is, such as whosaw:DebtCollector."""
    role: Code
    """Its legal role in this disclosure, such as dpv:DataProcessor: elsewhere it may differ."""
    name: Line | None = None
    """Its name; required unless the recipient is a natural person."""
    address: Line | None = None
    """Its address."""
    country: Code | None = None
    """Where the data went, such as loc:CA."""
    unit: Code | None = None
    """The department that received, as a code."""

    def __post_init__(self) -> None:
        if self.kind in NATURAL_PERSONS:
            if self.name is not None or self.address is not None:
                raise ValueError("a natural person's name and address belong into private.recipient")
        elif self.name is None:
            raise ValueError("expected the organisation's name")


class Instrument(Part, kw_only=True):
    """The paper that a disclosure rests on. Its file number is private."""

    type: Code
    """What it is, such as whosaw:Warrant."""
    issuer: Organisation
    """Who issued it."""
    authority: Code | None = None
    """The statute and paragraph that it cites; absent when none was cited."""
    issued: Time | None = None
    """When it was issued."""
    returnable: Time | None = None
    """When the answer is due."""
    asked: list[Code] = []
    """Categories asked for."""
    given: list[Code] = []
    """Categories given: no wider than those asked for, or a finding."""
    challenged: bool = False
    """Whether it was contested."""


class Series(Part, kw_only=True):
    """One of many like it."""

    id: Opaque
    """Names the series."""
    frequency: Code | None = None
    """How often, such as whosaw:Daily."""
    last: Time | None = None
    """When the last one is planned."""


class Private(Part, kw_only=True):
    """What is private to a fact; it goes to the envelope of each of its subjects."""

    note: Note | None = None
    """Free text."""
    contact: PrivateText | None = None
    """An address, number or name that served to reach someone."""
    file_number: PrivateText | None = None
    """A number that an authority or a court gave to the matter."""


Subjects = Annotated[list[Subject], Meta(min_length=1, max_length=MOST_SUBJECTS)]
Codes = Annotated[list[Code], Meta(min_length=1, max_length=100)]
SomeCodes = Annotated[list[Code], Meta(max_length=100)]
Fields = Annotated[list[Field], Meta(max_length=200)]


class Data(Part, kw_only=True):
    """The members that each fact has."""

    actor: Actor | UnsetType
    """Who did it."""
    on_behalf_of: System | None = None
    """The organisation for which it was done."""
    system: System | None = None
    """Where it was done."""
    jurisdiction: Code | None = None
    """The place whose law governs it, such as loc:CA-QC."""
    policy_version: System | None = None
    """The policy version that the emitter held to govern; absent when unknown."""
    evidence_ref: Opaque | None = None
    """Where the evidence lies."""
    classification: Literal["public", "internal", "confidential", "restricted"] | None = None
    """How the emitter classifies the event itself."""
    occurred: Occurred | None = None
    """How well the time is known."""
    visibility: Literal["open", "sealed"] = "open"
    """Sealed: an order forbids telling."""
    seal_ref: Opaque | None = None
    """The seal that covers it, if it is sealed."""


class AboutPersons(Data, kw_only=True):
    """A fact about persons."""

    subjects: Subjects | UnsetType
    """Whom it is about."""


class PerhapsAboutPersons(Data, kw_only=True):
    """A fact that may be about persons, or about the ledger's own keeping."""

    subjects: Subjects | UnsetType | None = None
    """Whom it is about; absent when no person in particular."""
