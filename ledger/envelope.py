"""Envelopes: what is specific to a person, encrypted so that destroying one key makes it unreadable for ever.

    key-encryption key (outside the database) wraps a data key, 32 random bytes a subject
    data key → entry key (keyed BLAKE2b over the entry's identity) → AES-256-GCM → envelope

An entry key opens one envelope and no other, so one can be handed to a regulator alone. The identity is bound twice,
in the key and as associated data: an envelope moved to another entry does not open. AES-GCM does not commit to its
key, so the envelope begins with the key's id and opening compares it.

Source: NIST SP 800-38D (nonces of 96 random bits, new for each encryption, also for a retry).
"""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
KEY_ID_BYTES = 16
NONCE_BYTES = 12
VERSION_BYTES = 2
KEY_ID_LABEL = b"whosaw/key-id/v1"
PAD = 64
"""Contents are padded to a multiple of this many bytes, because a length tells a note from none."""


class Unopenable(Exception):
    """The key is not this envelope's, or the envelope was moved or changed. Do not retry."""


class Ring(Protocol):
    """The versions of the key-encryption key: see `ledger.key_ring`."""

    @property
    def edition(self) -> int:
        """How often the versions were read: another number, perhaps other versions."""
        ...

    @property
    def newest(self) -> int:
        """The version that wraps."""
        ...

    def key(self, version: int) -> bytes | None:
        """Return a version's 32 bytes, None if it is not there."""
        ...

    def refresh(self, *, at_once: bool = False) -> None:
        """Take notice of new versions."""
        ...


class KeyWrapper:
    """Wraps data keys and names under the newest key-encryption key, opens them under any. Threads may share it.

    What it returns begins with the version, two bytes, and a nonce of twelve.
    """

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._ciphers: dict[int, AESGCM] = {}
        self._edition = -1
        # One object, so that no thread ever sees the version of one and the key of another.
        self._newest: tuple[bytes, AESGCM]
        self.refresh()

    def refresh(self, *, at_once: bool = False) -> None:
        """Take notice of new versions, at once or if the last look was a while ago: the newest wraps from then on."""
        self._ring.refresh(at_once=at_once)
        edition, newest = self._ring.edition, self._ring.newest
        if edition != self._edition:
            # Destroyed ones must not be remembered here.
            self._ciphers = {}
            self._newest = newest.to_bytes(VERSION_BYTES), self._cipher_of(newest)
            self._edition = edition

    def is_newest(self, wrapped: bytes) -> bool:
        """Tell whether something is wrapped under the newest version."""
        return wrapped.startswith(self._newest[0])

    def encrypt(self, content: bytes, nonce: bytes, owner: bytes) -> bytes:
        """Return content, padded, encrypted for this owner only; it is deleted with its row, not shredded."""
        return self.wrap(content + b" " * (-len(content) % PAD), nonce, owner)

    def decrypt(self, encrypted: bytes, owner: bytes) -> bytes:
        """Return content that `encrypt` hid, without its padding; raises as `unwrap` does."""
        return self.unwrap(encrypted, owner).rstrip(b" ")

    def wrap(self, data_key: bytes, nonce: bytes, owner: bytes) -> bytes:
        """Return version and nonce, then the data key encrypted for this owner only: 62 bytes for a key of 32.

        Args:
            data_key: 32 bytes.
            nonce: 12 random bytes, never used before.
            owner: What the key belongs to (log and subject): a wrapped key moved to another row does not open.
        """
        prefix, cipher = self._newest
        return prefix + nonce + cipher.encrypt(nonce, data_key, owner)

    def unwrap(self, wrapped: bytes, owner: bytes) -> bytes:
        """Return the data key.

        Raises:
            Unopenable: Another key-encryption key wrapped it, or one that was destroyed, or for another owner.
            Unavailable: A version that is new to this process can not be read now. Retry.
        """
        version, nonce = int.from_bytes(wrapped[:VERSION_BYTES]), wrapped[VERSION_BYTES : VERSION_BYTES + NONCE_BYTES]
        try:
            return self._cipher_of(version).decrypt(nonce, wrapped[VERSION_BYTES + NONCE_BYTES :], owner)
        except (InvalidTag, ValueError):
            raise Unopenable(f"version {version} of the key-encryption key does not open this") from None

    def _cipher_of(self, version: int) -> AESGCM:
        cipher = self._ciphers.get(version)
        if cipher is None:
            key = self._ring.key(version)
            if key is None:
                raise Unopenable(f"expected version {version} of the key-encryption key, found none")
            cipher = self._ciphers[version] = AESGCM(key)
        return cipher


def key_id(data_key: bytes) -> bytes:
    """Return the 16 bytes that name a data key; they say nothing about it."""
    return sha256(KEY_ID_LABEL + data_key).digest()[:KEY_ID_BYTES]


def encrypt(data_key: bytes, name: bytes, nonce: bytes, identity: bytes, content: bytes) -> bytes:
    """Return an envelope: key id, nonce, ciphertext of the padded content.

    Args:
        data_key: 32 bytes.
        name: The data key's `key_id`.
        nonce: 12 random bytes, never used before.
        identity: At most 128 bytes that say which entry this belongs to.
        content: What to hide; its length shows only in steps of 64 bytes.
    """
    entry_key = blake2b(identity, digest_size=KEY_BYTES, key=data_key).digest()
    padded = content + b" " * (-len(content) % PAD)
    return name + nonce + AESGCM(entry_key).encrypt(nonce, padded, identity)


def decrypt(data_key: bytes, envelope: bytes, identity: bytes) -> bytes:
    """Return the content of an envelope, its padding (spaces after a JSON value) still on.

    Raises:
        Unopenable: See the class.
    """
    if envelope[:KEY_ID_BYTES] != key_id(data_key):
        raise Unopenable("the envelope names another key")
    nonce = envelope[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES]
    entry_key = blake2b(identity, digest_size=KEY_BYTES, key=data_key).digest()
    try:
        return AESGCM(entry_key).decrypt(nonce, envelope[KEY_ID_BYTES + NONCE_BYTES :], identity)
    except InvalidTag:
        raise Unopenable("the envelope was moved or changed") from None
