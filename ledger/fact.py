"""A fact, ready to be recorded: what does not depend on its place in a log is done here, on the caller's thread."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import orjson

from ledger.entry import MAX_ENTRY_BYTES, OWN_BYTES
from ledger.errors import InvalidFact

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGEST_BYTES = 16
ACTOR_BYTES = 8
ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/#-]{0,127}")
SUBJECT_KIND = "subject"
OWN_NAME_KIND = "subject id"
"""Of the name that takes the place of one that was taken from somebody: no emitter's, since it is no word."""
KEPT_KINDS = frozenset({"ledger", "policy"})
"""Of the names under which the ledger itself keeps facts about nobody: they are never taken away."""
SUBJECT_ID = re.compile(r"[0-9a-f]{32}")


class Reference(NamedTuple):
    """A name that the company knows a person (or a policy, a recipient) by."""

    kind: str
    """A word: `customer`, `email`, `device`, `policy` …; `subject` for a subject id that an answer gave."""
    value: str


class About(NamedTuple):
    """One subject that a fact is about."""

    digest: bytes
    """16 bytes: the reference's keyed hash."""
    name: bytes
    """The reference: kind, zero byte, value. It goes into the erasable row, encrypted."""
    role: bytes
    """A code such as `dpv:Customer`."""
    private: bytes | None
    """JSON that goes into this subject's envelope."""
    named: bytes | None
    """16 bytes: her id, if the emitter named her by the id that an answer gave."""


class Link(NamedTuple):
    """A further reference that a fact gives its subject."""

    digest: bytes
    """16 bytes: the reference's keyed hash."""
    name: bytes
    """Kind, zero byte, value."""


class Fact(NamedTuple):
    """A validated fact as its stored members, with the names of whom it is about."""

    source: str
    id: str
    type: str
    repeat_key: bytes
    """16 bytes: keyed hash of source and id."""
    content: bytes
    """16 bytes: keyed hash of everything that the emitter sent."""
    members: bytes
    """JSON members `emitter` to `data`, without braces."""
    about: tuple[About, ...]
    """At least one: a fact about no person is about its policy, recipient or ledger."""
    sealed: bool
    """Whether an order forbids telling: it goes to the subjects' sealed streams."""
    link: Link | None = None
    """The name that its one subject is also found by from now on."""
    unlink: bytes | None = None
    """16 bytes: the name that its one subject is not found by any more."""
    seal: bytes = b""
    """Which seal covers it, if it is sealed and says so: each seal has streams of its own."""
    target: bytes | None = None
    """Repeat key of the event that it corrects, if it may belong beside that one, in whatever log: a correction that
    names nobody does, and an open voiding may."""
    wrong: bool = False
    """Whether it says openly that what it voids was recorded about the wrong person."""


class KeyedHashes:
    """Keyed BLAKE2b hashes by which names are found again without being stored. Threads may share it.

    Each use has its own personalisation, so that a hash of one kind never equals one of another.
    """

    def __init__(self, key: bytes) -> None:
        # Keyed once: a copy costs a third of keying anew.
        self._keyed = {
            use: blake2b(digest_size=DIGEST_BYTES, key=key, person=use)
            for use in (b"reference", b"sealed", b"repeat", b"content")
        } | {b"actor": blake2b(digest_size=ACTOR_BYTES, key=key, person=b"actor")}

    def _digest(self, use: bytes, data: bytes) -> bytes:
        keyed = self._keyed[use].copy()
        keyed.update(data)
        return keyed.digest()

    def reference(self, kind: str, value: str) -> bytes:
        """Return the 16 bytes that a reference is found by; kind and value as given, without folding."""
        return self._digest(b"reference", f"{kind}\0{value}".encode())

    def sealed(self, subject: bytes, number: int = 0) -> bytes:
        """Return the 16 bytes that a subject's sealed stream is found by: only who holds the key can link the two.

        Args:
            subject: 16 bytes.
            number: From 0, without gaps: she has one for each seal.
        """
        return self._digest(b"sealed", subject + (number.to_bytes(4) if number else b""))

    def repeat_key(self, source: str, event_id: str) -> bytes:
        """Return the 16 bytes that a (source, id) is found by."""
        return self._digest(b"repeat", f"{source}\0{event_id}".encode())

    def content(self, *parts: bytes) -> bytes:
        """Return 16 bytes over parts, each with its length."""
        lengths = b",".join([b"%d" % len(part) for part in parts])
        return self._digest(b"content", b"".join((lengths, b";", *parts)))

    def actor(self, actor_id: str) -> str:
        """Return 16 hexadecimal digits that stand for a person at work, so that her look-ups can be counted."""
        return self._digest(b"actor", actor_id.encode()).hex()


def about(hashes: KeyedHashes, reference: Reference, role: str, private: bytes | None = None) -> About:
    """Name one subject of a fact.

    A subject id that no longer exists is a name like any other, and opens a new subject: nothing erased comes back.
    """
    if not ROLE.fullmatch(role):
        raise InvalidFact("/data/subjects/role", "expected a code of at most 128 characters")
    kind, value = reference
    subject = bytes.fromhex(value) if kind == SUBJECT_KIND and SUBJECT_ID.fullmatch(value) else None
    return About(hashes.reference(kind, value), named(reference), role.encode(), private, subject)


def make_fact(
    hashes: KeyedHashes,
    *,
    source: str,
    id: str,  # noqa: A002 - the attribute's name in CloudEvents
    type: str,  # noqa: A002 - likewise
    clear: bytes,
    emitter: str,
    about: Sequence[About],
    sealed: bool = False,
    seal: str | None = None,
    link: Reference | None = None,
    unlink: Reference | None = None,
    target: tuple[str, str] | None = None,
    wrong: bool = False,
) -> Fact:
    """Put a fact together.

    Args:
        hashes: The ledger's keyed hashes.
        source: The emitter's name for itself, bound to its key.
        id: Unique within the source.
        type: The fact's type.
        clear: JSON members `source` to `data`, without braces: codes, counts, dates, no values.
        emitter: Which key sent it.
        about: Whom it is about; the same subject twice is one subject.
        sealed: Whether an order forbids telling.
        seal: Which one, if the fact names it.
        link: A further name of its subject, of which there is then exactly one.
        unlink: A name that is not its one subject's any more.
        target: Source and id of the event that it corrects, if it is about nobody or voids it openly.
        wrong: Whether it says openly that what it voids was about the wrong person.

    Raises:
        InvalidFact: No subject, or more bytes than an entry holds. A retry does not help.
    """
    if not about:
        raise InvalidFact("/data/subjects", "expected at least one subject, found none")
    subjects = tuple(about) if len(about) == 1 else tuple({each.digest: each for each in about}.values())
    members = b'"emitter":' + orjson.dumps(emitter) + b"," + clear
    private = len(subjects[0].private or b"") if len(subjects) == 1 else 0
    size = len(members) + private * 4 // 3 + OWN_BYTES
    if size > MAX_ENTRY_BYTES:
        raise InvalidFact("/data", f"expected at most {MAX_ENTRY_BYTES} bytes as an entry, found about {size}")
    parts = [clear, b"sealed" if sealed else b"open"]
    for each in subjects:
        parts += (each.digest, each.role, each.private or b"")
    content = hashes.content(*parts)
    linked = Link(hashes.reference(*link), named(link)) if link is not None else None
    unlinked = hashes.reference(*unlink) if unlink is not None and unlink.kind not in KEPT_KINDS else None
    return Fact(
        source,
        id,
        type,
        hashes.repeat_key(source, id),
        content,
        members,
        subjects,
        sealed,
        linked,
        unlinked,
        (seal or "").encode() if sealed else b"",
        hashes.repeat_key(*target) if target is not None else None,
        wrong,
    )


def named(reference: Reference) -> bytes:
    """Return a reference as its erasable row keeps it: kind, zero byte, value."""
    return f"{reference.kind}\0{reference.value}".encode()
