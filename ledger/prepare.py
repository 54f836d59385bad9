"""Preparing: each fact gets its place in the log, its privacy and its leaf, after what the writer remembers.

Nothing here touches a table or can fail for one fact alone: what could make a fact impossible was refused before.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ledger.entry import base64, identity, member_identity, member_leaf, reference_identity, timestamp
from ledger.envelope import KEY_BYTES, NONCE_BYTES, encrypt
from ledger.group import Group, Receipt
from ledger.merkle import leaf_hash, root_of
from ledger.streams import Stream, owner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from ledger.edge import Edge
    from ledger.envelope import KeyWrapper
    from ledger.fact import About, Fact, KeyedHashes, Link
    from ledger.home import Homes
    from ledger.signer import LogSigner
    from ledger.streams import Streams

SALT_BYTES = 18
"""In an entry: 144 random bits, of which 128 are asked for."""
SALT_LENGTH = 24
"""The same in base64, without padding."""
MEMBER_SALT_BYTES = 16
ID_BYTES = 16


class Moved(Exception):
    """A reference was linked to a subject of another log since the fact was routed: route it again."""


class Preparer:
    """Prepares groups for one log. Owned by the writer's thread."""

    def __init__(
        self, signer: LogSigner, wrapper: KeyWrapper, hashes: KeyedHashes, homes: Homes, edge: Edge, streams: Streams
    ) -> None:
        self._signer = signer
        self._wrapper = wrapper
        self._hashes = hashes
        self._homes = homes
        self._edge = edge
        self._streams = streams
        self._log_id = streams.log_id
        self._opening = f'{{"v":1,"log":"{signer.origin}","position":'.encode()

    def forget(self) -> None:
        """Drop everything remembered, after any doubt."""
        self._edge.known = False
        self._streams.forget()

    def shrink(self) -> None:
        """Bound what is remembered; only while no prepared group waits for its commit."""
        self._streams.shrink()

    def load(self, connection: Connection[Any], facts: Sequence[Fact]) -> None:
        """Read what is not remembered about these facts, in at most four queries for all of them.

        Raises:
            Moved: See the class.
        """
        streams, log_id = self._streams, self._log_id
        if not self._edge.known:
            self._edge.read(connection, self._signer)
        every = [each for fact in facts for each in fact.about]
        named = [each.named for each in every if each.named is not None]
        if named:
            streams.read_streams(connection, named)
        asked = {
            each.digest: self._homes.of(each.digest)
            for each in every
            if streams.subject_of(each.digest) is None and (each.named is None or streams.stream(each.named) is None)
        }
        if asked:
            found = streams.read_references(connection, [(log, digest) for digest, log in asked.items()])
            if any(home != log_id for _, home in found.values()):
                raise Moved
            streams.read_streams(connection, [subject for subject, _ in found.values()])
        links = [fact.link.digest for fact in facts if fact.link is not None]
        if links:
            streams.read_references(connection, [(self._homes.of(digest), digest) for digest in links])
        sealed = [each for fact in facts if fact.sealed for each in fact.about]
        if sealed:
            self._load_sealed(connection, sealed)

    def _load_sealed(self, connection: Connection[Any], sealed: Sequence[About]) -> None:
        streams = self._streams
        subjects = {self._known(each) for each in sealed} - {None}
        digests = [(self._log_id, self._hashes.sealed(subject)) for subject in subjects if subject is not None]
        found = streams.read_references(connection, digests)
        streams.read_streams(connection, [stream for stream, _ in found.values()])

    def _known(self, each: About) -> bytes | None:
        """Return a subject's id as far as it is remembered."""
        if each.named is not None and self._streams.stream(each.named) is not None:
            return each.named
        return self._streams.subject_of(each.digest)

    def prepare(self, facts: Sequence[Fact]) -> Group:
        """Give facts their places and move edge and streams on; `load` has read what it needs.

        Every subject that exists is remembered by now: one that is not is new.
        """
        edge, log_id, origin = self._edge, self._log_id, self._signer.origin
        # The append time never goes back, whatever the clock does.
        appended = max(datetime.now(UTC), edge.appended)
        group = Group(edge.tree.size, appended)
        opening, stamp = self._opening, timestamp(appended).encode()
        position = group.expected_size
        size = position + len(facts)
        leaves: list[bytes] = []
        # Randomness for the whole group in two calls; a salt has no padding, so that one encoding serves all.
        salts = base64(os.urandom(SALT_BYTES * len(facts)))
        nonces = os.urandom(NONCE_BYTES * len(facts))
        for index, fact in enumerate(facts):
            position += 1
            if len(fact.about) == 1:
                each = fact.about[0]
                stream = self._resolve(group, each, sealed=fact.sealed)
                if fact.link is not None:
                    self._link(group, stream, fact.link)
                sequence = stream.sequence + 1
                tail = b',"about":[{"role":"%b"}]' % each.role
                if each.private is not None:
                    nonce = nonces[NONCE_BYTES * index : NONCE_BYTES * index + NONCE_BYTES]
                    bound = identity(stream.id, sequence)
                    envelope = encrypt(stream.data_key, stream.key_id, nonce, bound, each.private)
                    tail += b',"envelope":"%b"' % base64(envelope)
            else:
                stream, tail = self._gather(group, fact, position)
                sequence = 1
            entry = b'%b%d,"stream":"%b","sequence":%d,"previous":"%b","appended":"%b","salt":"%b",%b%b}' % (
                opening,
                position,
                stream.hex,
                sequence,
                base64(stream.previous),
                stamp,
                salts[SALT_LENGTH * index : SALT_LENGTH * index + SALT_LENGTH],
                fact.members,
                tail,
            )
            leaf = leaf_hash(entry)
            stream.sequence, stream.previous = sequence, leaf
            leaves.append(leaf)
            group.add_entry(
                log_id, position, stream.id, sequence, fact.repeat_key, fact.content, fact.type.encode(), entry
            )
            group.receipts.append(
                Receipt(fact.source, fact.id, origin, log_id, position, stream.id.hex(), sequence, leaf, appended, size)
            )
        edge.extend(group, leaves, self._signer)
        return group

    def _resolve(self, group: Group, each: About, *, sealed: bool) -> Stream:
        """Return the stream of a subject, open or sealed; a new subject is opened."""
        streams = self._streams
        stream = streams.stream(each.named) if each.named is not None else None
        if stream is None:
            subject = streams.subject_of(each.digest)
            stream = streams.stream(subject) if subject is not None else None
        if stream is None:
            stream = self._open(group, each.digest, self._homes.of(each.digest), each.name)
        if not sealed:
            return stream
        digest = self._hashes.sealed(stream.id)
        subject = streams.subject_of(digest)
        hidden = streams.stream(subject) if subject is not None else None
        return hidden or self._open(group, digest, self._log_id, b"sealed\0" + stream.hex)

    def _open(self, group: Group, digest: bytes, log: int, name: bytes) -> Stream:
        """Open a stream with a data key of its own, found from now on by this digest in the log given."""
        randomness = os.urandom(ID_BYTES + KEY_BYTES + 2 * NONCE_BYTES)
        subject, data_key = randomness[:ID_BYTES], randomness[ID_BYTES : ID_BYTES + KEY_BYTES]
        nonces = randomness[ID_BYTES + KEY_BYTES :]
        stream = Stream(subject, data_key, 0, b"")
        wrapped = self._wrapper.wrap(data_key, nonces[:NONCE_BYTES], owner(self._log_id, subject))
        envelope = self._wrapper.encrypt(name, nonces[NONCE_BYTES:], reference_identity(digest))
        group.add_subject(self._log_id, subject, wrapped)
        group.add_reference(digest, subject, log, self._log_id, envelope)
        self._streams.open(digest, stream)
        return stream

    def _link(self, group: Group, stream: Stream, link: Link) -> None:
        """Let a subject be found by a further name, unless the name is somebody's already: that is for a merge."""
        if not self._streams.is_taken(link.digest):
            name = self._wrapper.encrypt(link.name, os.urandom(NONCE_BYTES), reference_identity(link.digest))
            group.add_reference(link.digest, stream.id, self._homes.of(link.digest), self._log_id, name)
            self._streams.open(link.digest, stream)

    def _gather(self, group: Group, fact: Fact, position: int) -> tuple[Stream, bytes]:
        """Add a fact's cohort: a row for each subject, and the root over them for the entry.

        The entry is the only one of its stream: it is found through its members.
        """
        stream = Stream(os.urandom(ID_BYTES), b"", 0, b"")
        leaves: list[bytes] = []
        seen: set[bytes] = set()
        salts = _slices(MEMBER_SALT_BYTES, len(fact.about))
        for each, salt in zip(fact.about, salts, strict=True):
            subject = self._resolve(group, each, sealed=fact.sealed)
            # Two references of one fact may turn out to name one person.
            if subject.id in seen:
                continue
            seen.add(subject.id)
            envelope = b""
            if each.private is not None:
                bound = member_identity(stream.id, subject.id)
                envelope = encrypt(subject.data_key, subject.key_id, os.urandom(NONCE_BYTES), bound, each.private)
            group.add_member(position, subject.id, len(leaves), self._log_id, each.role, salt, envelope)
            leaves.append(member_leaf(salt, subject.id, each.role, envelope))
        root = base64(root_of(leaves))
        return stream, b',"cohort":{"size":%d,"root":"%b"}' % (len(leaves), root)


def _slices(size: int, count: int) -> list[bytes]:
    """Return `count` random strings of `size` bytes, from one call to the system."""
    randomness = os.urandom(size * count)
    return [randomness[start : start + size] for start in range(0, size * count, size)]
