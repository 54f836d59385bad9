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

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
KEY_ID_BYTES = 16
NONCE_BYTES = 12
KEY_ID_LABEL = b"whosaw/key-id/v1"
PAD = 64
"""Contents are padded to a multiple of this many bytes, because a length tells a note from none."""


class Unopenable(Exception):
    """The key is not this envelope's, or the envelope was moved or changed. Do not retry."""


class KeyWrapper:
    """Wraps data keys under the key-encryption key. Threads may share it."""

    def __init__(self, kek: bytes) -> None:
        self._cipher = AESGCM(kek)

    def encrypt(self, content: bytes, nonce: bytes, owner: bytes) -> bytes:
        """Return the nonce, then content encrypted for this owner only; it is deleted with its row, not shredded."""
        return nonce + self._cipher.encrypt(nonce, content + b" " * (-len(content) % PAD), owner)

    def decrypt(self, encrypted: bytes, owner: bytes) -> bytes:
        """Return content that `encrypt` hid, without its padding.

        Raises:
            Unopenable: Another key-encryption key hid it, or for another owner.
        """
        try:
            return self._cipher.decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], owner).rstrip(b" ")
        except InvalidTag:
            raise Unopenable("the key-encryption key does not open this") from None

    def wrap(self, data_key: bytes, nonce: bytes, owner: bytes) -> bytes:
        """Return 60 bytes: nonce, then the data key encrypted for this owner only.

        Args:
            data_key: 32 bytes.
            nonce: 12 random bytes, never used before.
            owner: What the key belongs to (log and subject): a wrapped key moved to another row does not open.
        """
        return nonce + self._cipher.encrypt(nonce, data_key, owner)

    def unwrap(self, wrapped: bytes, owner: bytes) -> bytes:
        """Return the data key.

        Raises:
            Unopenable: Another key-encryption key wrapped it, or for another owner.
        """
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], owner)
        except InvalidTag:
            raise Unopenable("the key-encryption key does not open this data key") from None


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
