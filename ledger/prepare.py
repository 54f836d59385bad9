"""Preparing: each fact gets its place in the log, its privacy and its leaf, after what the writer remembers.

Nothing here touches a table or can fail for one fact alone: what could make a fact impossible was refused before.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ledger.entry import base64, identity, member_identity, member_leaf, reference_identity, timestamp
from ledger.envelope import KEY_BYTES, NONCE_BYTES, encrypt
from ledger.fact import OWN_NAME_KIND, Reference, named
from ledger.group import Entries, Group, Receipt
from ledger.merkle import leaf_hash, root_of
from ledger.streams import SealedStream, Stream, owner

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
CHANCE_BYTES = 4_096
"""Random bytes fetched at a time."""


class Moved(Exception):
    """A reference was linked to a subject of another log since the fact was routed: route it again."""


class Chance:
    """Random bytes of the system's, fetched many at a time: each call to it costs as much as a hash.

    One for each group, so that none are left over in memory for long. Each byte is handed out once.
    """

    __slots__ = ("_at", "_bytes")

    def __init__(self, size: int) -> None:
        self._bytes = os.urandom(size)
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return so many, at most `CHANCE_BYTES`."""
        start = self._at
        self._at = end = start + size
        if end > len(self._bytes):
            self._bytes = os.urandom(CHANCE_BYTES)
            start, self._at = 0, size
            end = size
        return self._bytes[start:end]


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
        self._elsewhere: dict[bytes, bytes] = {}
        """Names that are to be linked and lead to somebody of another log: as they were just read, never remembered."""
        self._opening = f'{{"v":1,"log":"{signer.origin}","position":'.encode()

    def forget(self) -> None:
        """Drop everything remembered, after any doubt: also which key wraps."""
        self._wrapper.refresh(at_once=True)
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
        self._wrapper.refresh()
        if not self._edge.known:
            self._edge.read(connection, self._signer)
        every = [each for fact in facts for each in fact.about]
        ids = [each.named for each in every if each.named is not None]
        if ids:
            streams.read_streams(connection, ids)
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
        self._elsewhere = {}
        if links:
            found = streams.read_references(connection, [(self._homes.of(digest), digest) for digest in links])
            self._elsewhere = {digest: subject for digest, (subject, home) in found.items() if home != log_id}
        unlinks = [fact.unlink for fact in facts if fact.unlink is not None]
        if unlinks:
            streams.read_references(connection, [(self._homes.of(digest), digest) for digest in unlinks])
        sealed = [each for fact in facts if fact.sealed for each in fact.about]
        if sealed:
            self._load_sealed(connection, sealed)

    def _load_sealed(self, connection: Connection[Any], sealed: Sequence[About]) -> None:
        subjects = {subject for each in sealed if (subject := self._known(each)) is not None}
        self._streams.read_sealed(connection, subjects, self._hashes)

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
        # Randomness for the whole group in one call; a salt has no padding, so that one encoding serves all.
        salts = base64(os.urandom(SALT_BYTES * len(facts)))
        chance = Chance(NONCE_BYTES * len(facts))
        streams: list[bytes] = []
        sequences: list[int] = []
        entries: list[bytes] = []
        leaves: list[bytes] = []
        at = 0
        for fact in facts:
            position += 1
            if len(fact.about) == 1:
                each = fact.about[0]
                stream = self._resolve(group, each, chance, fact)
                private = each.private
                # Under a seal a name leads nowhere: to her it would tell, to her sealed stream open facts would follow.
                if fact.link is not None and not fact.sealed:
                    self._link(group, stream, fact.link, position, chance)
                # Nor is one taken away: whoever asks for it would be told.
                if fact.unlink is not None and not fact.sealed:
                    self._unlink(group, stream, fact.unlink, position, chance)
                sequence = stream.sequence + 1
                if private is None:
                    tail = b',"about":[{"role":"%b"}]' % each.role
                else:
                    bound = identity(stream.id, sequence)
                    envelope = encrypt(stream.data_key, stream.key_id, chance.take(NONCE_BYTES), bound, private)
                    tail = b',"about":[{"role":"%b"}],"envelope":"%b"' % (each.role, base64(envelope))
            else:
                stream, tail = self._gather(group, fact, position, chance)
                sequence = 1
            entry = b'%b%d,"stream":"%b","sequence":%d,"previous":"%b","appended":"%b","salt":"%b",%b%b}' % (
                opening,
                position,
                stream.hex,
                sequence,
                base64(stream.previous),
                stamp,
                salts[at : at + SALT_LENGTH],
                fact.members,
                tail,
            )
            at += SALT_LENGTH
            leaf = leaf_hash(entry)
            stream.sequence, stream.previous = sequence, leaf
            streams.append(stream.id)
            sequences.append(sequence)
            entries.append(entry)
            leaves.append(leaf)
        edge.extend(group, leaves, self._signer)
        group.receipts = [
            Receipt(fact.source, fact.id, origin, log_id, place, stream.hex(), sequence, leaf, appended, group.size)
            for place, fact, stream, sequence, leaf in zip(
                range(group.expected_size + 1, group.size + 1), facts, streams, sequences, leaves, strict=True
            )
        ]
        group.pack(
            log_id,
            Entries(
                streams,
                [fact.repeat_key for fact in facts],
                [fact.content for fact in facts],
                sequences,
                [fact.type.encode() for fact in facts],
                entries,
            ),
        )
        return group

    def _resolve(self, group: Group, each: About, chance: Chance, fact: Fact) -> Stream:
        """Return the stream of a subject, open or sealed; a new subject is opened."""
        streams = self._streams
        stream = streams.stream(each.named) if each.named is not None else None
        if stream is None:
            stream = streams.find(each.digest)
        if stream is None:
            stream = self._open(group, each.digest, self._homes.of(each.digest), each.name, chance)
        if not fact.sealed:
            return stream
        mine = streams.sealed_of(stream.id)
        # What an ended order opened is told to everybody: nothing that is still to be hidden may join it.
        known = next((each.stream for each in mine if each.seal == fact.seal and not each.opened), None)
        sealed = streams.stream(known) if known is not None else None
        if sealed is None:
            digest = self._hashes.sealed(stream.id, len(mine))
            name = b"sealed\0%b\0%d\0%b" % (base64(stream.id), len(mine), fact.seal)
            sealed = self._open(group, digest, self._log_id, name, chance)
            mine.append(SealedStream(fact.seal, sealed.id, opened=False))
        return sealed

    def _open(self, group: Group, digest: bytes, log: int, name: bytes, chance: Chance) -> Stream:
        """Open a stream with a data key of its own, found from now on by this digest in the log given."""
        random = chance.take(ID_BYTES + KEY_BYTES + 2 * NONCE_BYTES)
        subject, data_key, nonces = random[:ID_BYTES], random[ID_BYTES : -2 * NONCE_BYTES], random[-2 * NONCE_BYTES :]
        stream = Stream(subject, data_key, 0, b"")
        wrapped = self._wrapper.wrap(data_key, nonces[:NONCE_BYTES], owner(self._log_id, subject))
        envelope = self._wrapper.encrypt(name, nonces[NONCE_BYTES:], reference_identity(digest))
        group.add_subject(subject, wrapped)
        group.add_reference(digest, subject, log, envelope)
        self._streams.open(digest, stream)
        return stream

    def _link(self, group: Group, stream: Stream, link: Link, position: int, chance: Chance) -> None:
        """Let a subject be found by a further name; if it is somebody else's, say so: that is for a merge."""
        holder = self._streams.subject_of(link.digest) or self._elsewhere.get(link.digest)
        if holder is None:
            group.add_reference(*self._name(stream, link.digest, link.name, chance))
            self._streams.open(link.digest, stream)
        elif holder != stream.id:
            group.taken.append((position, stream.id, holder, self._homes.of(link.digest), link.digest))

    def _unlink(self, group: Group, stream: Stream, digest: bytes, position: int, chance: Chance) -> None:
        """Let a name lead to nobody, if it leads to this subject; her own id takes its place.

        Otherwise the last name of somebody would leave a key behind that nothing leads to, as if it had been removed by
        hand.
        """
        if self._streams.subject_of(digest) != stream.id:
            return
        own = Reference(OWN_NAME_KIND, stream.id.hex())
        group.own.append(self._name(stream, self._hashes.reference(*own), named(own), chance))
        group.drop_reference(digest, position, self._homes.of(digest))
        self._streams.unname(digest)

    def _name(self, stream: Stream, digest: bytes, name: bytes, chance: Chance) -> tuple[bytes, bytes, int, bytes]:
        """Return a reference that leads to a subject: digest, subject, the log that the digest chose, envelope."""
        hidden = self._wrapper.encrypt(name, chance.take(NONCE_BYTES), reference_identity(digest))
        return digest, stream.id, self._homes.of(digest), hidden

    def _gather(self, group: Group, fact: Fact, position: int, chance: Chance) -> tuple[Stream, bytes]:
        """Add a fact's cohort: a row for each subject, and the root over them for the entry.

        The entry is the only one of its stream: it is found through its members.
        """
        stream = Stream(chance.take(ID_BYTES), b"", 0, b"")
        leaves: list[bytes] = []
        seen: set[bytes] = set()
        for each in fact.about:
            subject = self._resolve(group, each, chance, fact)
            # Two references of one fact may turn out to name one person.
            if subject.id in seen:
                continue
            seen.add(subject.id)
            envelope = b""
            if each.private is not None:
                bound = member_identity(stream.id, subject.id)
                envelope = encrypt(subject.data_key, subject.key_id, chance.take(NONCE_BYTES), bound, each.private)
            salt = chance.take(MEMBER_SALT_BYTES)
            group.add_member(position, subject.id, len(leaves), each.role, salt, envelope)
            leaves.append(member_leaf(salt, subject.id, each.role, envelope))
        root = base64(root_of(leaves))
        return stream, b',"cohort":{"size":%d,"root":"%b"}' % (len(leaves), root)
