"""What of an event is stored in the clear, what is private, and which names it is found by."""

from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, to_builtins
from msgspec.json import Encoder

from ledger.vocabulary.event import Event
from ledger.vocabulary.facts import FACTS
from ledger.vocabulary.forms import Code, Time
from ledger.vocabulary.incident_facts import IncidentAssessed, IncidentClosed, IncidentDetected, IncidentNotified
from ledger.vocabulary.ledger_facts import (
    CheckpointSigned,
    EventCorrected,
    EventVoided,
    IdentifierLinked,
    IdentifierUnlinked,
)
from ledger.vocabulary.parts import (
    Data,
    External,
    Human,
    Part,
    Reference,
    Service,
    Subject,
    SubjectPrivate,
)
from ledger.vocabulary.promise_facts import PolicyPublished
from ledger.vocabulary.recipient_facts import AgreementRecorded, RecipientRegistered

SUBJECT_KIND = "subject"
"""The kind of a reference whose value is a subject id."""

WRONG_SUBJECT = "whosaw:WrongSubject"

_encode = Encoder().encode


class Stored(Struct, omit_defaults=True, gc=False):
    """The clear members of an entry that come from the event, in their order."""

    source: str
    id: str
    type: str
    time: Time
    recordedtime: Time | None = None
    correlationid: str | None = None
    causationid: str | None = None
    emittersequence: int | None = None
    data: Any = None


class KeyedActor(Struct, omit_defaults=True, gc=False):
    """A person at work, as an entry names her."""

    kind: str
    role: Code
    key: str | None = None


class KindOnly(Struct, gc=False):
    """What an entry keeps of a linked reference."""

    kind: str


class Envelope(Struct, omit_defaults=True, gc=False):
    """What goes into a subject's envelope, as JSON."""

    actor: str | None = None
    """Who acted, of a person at work."""
    private: Part | None = None
    """What is private to the fact."""
    identifier: Reference | None = None
    """The reference that was linked."""
    subject: SubjectPrivate | None = None
    """What is private to this subject."""


class About(NamedTuple):
    """One name that a fact is found by."""

    kind: str
    """Of the reference; `subject` if it is a subject id that an answer gave."""
    value: str
    """The reference itself: personal, unless the fact is about no person."""
    role: str
    """The subject's part in the fact."""
    private: bytes | None
    """JSON for this subject's envelope; nothing if nothing is private."""


def clear_bytes(event: Event, actor_key: Callable[[str], str]) -> bytes:
    """Return the compact JSON members of an entry from `source` to `data`, without braces.

    Gone are subjects, private members, linked references and the ids of persons at work, in whose
    place stands a key.

    Args:
        event: Not changed.
        actor_key: Returns 16 hexadecimal digits for a person's id, the same ones for the same id.
    """
    data: Any = copy(event.data)
    kind = type(event.data)
    for name in _REMOVED[kind]:
        setattr(data, name, UNSET)
    actor = data.actor
    if type(actor) is not Service:
        who = actor.id
        data.actor = KeyedActor(_KINDS[type(actor)], actor.role, None if who is None else actor_key(who))
    if data.visibility is UNSET:
        # Stated or not, the entry says it: a sealed stream is told from others by its first one.
        data.visibility = "sealed"
    if kind is IdentifierLinked or kind is IdentifierUnlinked:
        data.identifier = KindOnly(data.identifier.kind)
    stored = Stored(
        event.source,
        event.id,
        event.type,
        event.time,
        event.recordedtime,
        event.correlationid,
        event.causationid,
        event.sequence,
        data,
    )
    return _encode(stored)[1:-1]


def is_sealed(event: Event) -> bool:
    """Return whether an order forbids telling of this fact."""
    # Of types that are always sealed, it need not be stated.
    return event.data.visibility != "open"


def seal_of(event: Event) -> str | None:
    """Return the name of the seal that covers a sealed fact; nothing if it names none, or is open."""
    if not is_sealed(event):
        return None
    return getattr(event.data, "seal_id", None) or event.data.seal_ref


def private_of(event: Event) -> dict[str, Any] | None:
    """Return what of the whole event is private: `actor`, `private`, `identifier`; else nothing."""
    envelope = _envelope(event)
    return None if envelope is None else to_builtins(envelope)


def subject_private_of(subject: Subject) -> dict[str, Any] | None:
    """Return what is private to one subject."""
    return None if subject.private is None else to_builtins(subject.private)


def references(event: Event) -> list[About]:
    """Return the names that the fact is recorded under, in the event's order; at least one.

    A fact about no person is found by its policy, or by the ledger's own keeping: a reference of
    kind `policy` or `ledger`.
    """
    envelope = _envelope(event)
    shared = None if envelope is None else _encode(envelope)
    subjects: list[Subject] | None = getattr(event.data, "subjects", None)
    if not subjects:
        kind, value, role = _keeping(event)
        return [About(kind, value, role, shared)]
    abouts: list[About] = []
    for subject in subjects:
        private = shared
        if subject.private is not None:
            own = envelope or Envelope()
            private = _encode(Envelope(own.actor, own.private, own.identifier, subject.private))
        reference = subject.reference
        if reference is None:
            abouts.append(About(SUBJECT_KIND, subject.id or "", subject.role, private))
        else:
            abouts.append(About(reference.kind, reference.value, subject.role, private))
    return abouts


def linked(event: Event) -> Reference | None:
    """Return the further name that the fact links to its one subject, if it links one."""
    data = event.data
    return data.identifier if isinstance(data, IdentifierLinked) and isinstance(data.identifier, Reference) else None


def unlinked(event: Event) -> Reference | None:
    """Return the name that the fact takes from its one subject, if it takes one."""
    data = event.data
    return data.identifier if isinstance(data, IdentifierUnlinked) and isinstance(data.identifier, Reference) else None


def target(event: Event) -> tuple[str, str] | None:
    """Return source and id of the event that a fact about nobody corrects, or that an open one about anybody voids."""
    data = event.data
    if isinstance(data, EventCorrected | EventVoided) and (not data.subjects or _voids_openly(event)):
        return data.target.source, data.target.id
    return None


def wrong_subject(event: Event) -> bool:
    """Return whether the fact says openly that what it voids was recorded about the wrong person."""
    return _voids_openly(event) and getattr(event.data, "reason", None) == WRONG_SUBJECT


def _voids_openly(event: Event) -> bool:
    return isinstance(event.data, EventVoided) and not is_sealed(event)


def _envelope(event: Event) -> Envelope | None:
    data = event.data
    actor = None if isinstance(data.actor, Service) else getattr(data.actor, "id", None)
    private: Part | None = getattr(data, "private", None)
    identifier = linked(event) or unlinked(event)
    if actor is None and private is None and identifier is None:
        return None
    return Envelope(actor=actor, private=private, identifier=identifier)


def _keeping(event: Event) -> tuple[str, str, str]:
    """Return kind, value and role of the name that a fact about no person is found by."""
    data = event.data
    match data:
        case PolicyPublished():
            return "policy", data.policy, "whosaw:Policy"
        case CheckpointSigned():
            return "ledger", data.log, "whosaw:Ledger"
        case RecipientRegistered():
            return "ledger", f"recipient {data.recipient.id}", "whosaw:Ledger"
        case AgreementRecorded():
            return "ledger", f"recipient {data.recipient_id}", "whosaw:Ledger"
        case IncidentDetected() | IncidentAssessed() | IncidentNotified() | IncidentClosed():
            return "ledger", f"incident {data.incident_id}", "whosaw:Ledger"
        case _:
            return "ledger", event.type, "whosaw:Ledger"


_KINDS: dict[type, str] = {Human: "human", External: "external"}
_REMOVED: dict[type[Data], tuple[str, ...]] = {
    each.struct: tuple(name for name in ("subjects", "private") if name in each.struct.__struct_fields__)
    for each in FACTS.values()
}
