"""The signer of one log: the one place where a head is signed, and where a second history is refused.

A checkpoint is a promise: a log must never sign two heads of which one does not extend the other. The signer remembers
the newest head that was signed *and committed* outside the database, and compares at start, after any doubt, and
before every signature.

A head is signed before its group is committed, so a signature can come to nothing (another writer was first). Such a
note never leaves the process, and is no promise: only `committed` makes it one.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoint import note_text, signed_note, verifier_key
from ledger.errors import Forked, RolledBack, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger.merkle import Growth
    from ledger.signed_head import Head, SignedHead

log = logging.getLogger(__name__)


class Superseded(Unavailable):
    """The newest signed head is not one that this tree grew from: somebody else has signed. Read the log again."""


class SigningKey(Protocol):
    """An Ed25519 key, wherever it is kept: in a file, in another process, in a key management service."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature of RFC 8032. Raises OSError when the key can not be reached; retry."""
        ...


class HeldKey:
    """A key in this process's memory."""

    def __init__(self, seed: bytes) -> None:
        """Take the seed: 32 random bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key: bytes = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature."""
        return self._key.sign(message)


class LogSigner(ABC):
    """Signs the heads of one log. Threads and processes may share what it remembers."""

    def __init__(self, origin: str, verifier_keys: Sequence[str]) -> None:
        self.origin = origin
        """The log's name, which is also the keys'."""
        self.verifier_keys: tuple[str, ...] = tuple(verifier_keys)
        """One a key, the newest first. With several, each signs every head: a rotation is under way."""

    @property
    def verifier_key(self) -> str:
        """What a stranger checks today's checkpoints with."""
        return self.verifier_keys[0]

    @abstractmethod
    def newest(self) -> Head | None:
        """Return the newest head that was signed and committed, or None if none is kept.

        Raises:
            WrongLedger: What is kept can not be read.
        """

    @abstractmethod
    def sign(self, head: Head, grown_from: Mapping[int, bytes], growth: Growth | None = None) -> bytes:
        """Return the signed note for a head that is about to be committed.

        Args:
            head: The new one.
            grown_from: Heads that this tree has had since it was compared, size → root.
            growth: From the newest of those to this one, for a signer that does not take our word.

        Raises:
            Superseded: The newest signed head is none of them, or not smaller. Read the log and compare again.
        """

    def prove(self, head: Head, path_from: Callable[[int], list[bytes]]) -> None:  # noqa: B027 - most have nothing to do
        """Show that a committed head extends the newest one that is kept; for a signer that does not take our word.

        Args:
            head: Of the log, as the database has it.
            path_from: Returns the consistency path from a smaller size to it.

        Raises:
            Superseded: It does not extend it.
        """

    @abstractmethod
    def committed(self, head: Head) -> None:
        """Keep a head whose commit is known, before anybody hears of it; durable on return.

        Raises:
            Forked: Another root was signed for this size.
            WrongLedger: It can not be kept. What was committed stays; a retry finds it.
        """

    def check(self, newest: Head | None, size: int, root_at: Callable[[int], bytes]) -> None:
        """Compare a log, as the database has it, with the newest signed head, which it must extend.

        Args:
            newest: As `newest` returned it before the log's size was read.
            size: Of the log.
            root_at: Computes the root of its first n entries, n ≤ size, from what is stored.

        Raises:
            RolledBack: It is shorter. Do not retry: bring back the missing tail.
            Forked: It is another history. Do not retry.
        """
        if newest is None:
            if size:
                log.warning("no signed head is kept for a log that has entries", extra={"log": self.origin})
            return
        if size < newest.size:
            raise RolledBack(
                f"{self.origin}: expected at least {newest.size} entries, which were signed; found {size}: "
                "an older copy of the database was put back"
            )
        if root_at(newest.size) != newest.root:
            raise Forked(f"{self.origin}: expected the {newest.size} entries that were signed, found others")


class Signer(LogSigner):
    """A signer in this process."""

    def __init__(self, origin: str, keys: Sequence[SigningKey], kept: SignedHead | None = None) -> None:
        """Hold the keys.

        Args:
            origin: The log's name, which is also the keys'.
            keys: At least one, the newest first.
            kept: Where the newest head is kept; None signs whatever it is given, which is for tests of the format.
        """
        super().__init__(origin, [verifier_key(origin, key.public_key) for key in keys])
        self._keys = tuple(keys)
        self._kept = kept

    def newest(self) -> Head | None:
        """Return what is kept; see `LogSigner`."""
        return self._kept.read() if self._kept else None

    def sign(self, head: Head, grown_from: Mapping[int, bytes], growth: Growth | None = None) -> bytes:  # noqa: ARG002
        """Sign with every key; see `LogSigner`. Whoever shares this process is believed what the head grew from."""
        newest = self.newest()
        if newest is not None and (head.size <= newest.size or grown_from.get(newest.size) != newest.root):
            raise Superseded(f"size {newest.size} was signed meanwhile")
        text = note_text(self.origin, *head)
        return signed_note(self.origin, text, [(key.public_key, key.sign(text)) for key in self._keys])

    def committed(self, head: Head) -> None:
        """Keep a head; see `LogSigner`."""
        if self._kept is not None:
            self._kept.advance(head)
