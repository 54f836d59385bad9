"""Cosignatures: a witness says that at a time a checkpoint was the largest consistent one of its log that it had seen.

Source: C2SP tlog-cosignature, Ed25519 (type 0x04).
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.checkpoint import DASH, canonical

COSIGNATURE = b"\x04"
SIGNATURE_BYTES = 64
BLOB_BYTES = 4 + 8 + SIGNATURE_BYTES
"""Key id, time, signature."""


class Witness(NamedTuple):
    """A witness's key."""

    name: str
    key_id: bytes
    """4 bytes."""
    public_key: bytes
    """32 bytes."""


def witness_key_id(name: str, public_key: bytes) -> bytes:
    """Return the 4 bytes that name a cosigning key. Source: C2SP signed-note, «Signatures»."""
    return sha256(name.encode() + b"\n" + COSIGNATURE + public_key).digest()[:4]


def witness_verifier_key(name: str, public_key: bytes) -> str:
    """Return the one line by which a witness is known."""
    return f"{name}+{witness_key_id(name, public_key).hex()}+{b64encode(COSIGNATURE + public_key).decode()}"


def read_witness(verifier_key: str) -> Witness:
    """Read a witness's verifier key.

    Raises:
        ValueError: It is none of an Ed25519 cosigner. Do not retry.
    """
    try:
        name, identifier, encoded = verifier_key.split("+", 2)
        key = canonical(encoded)
    except ValueError:
        raise ValueError("expected a verifier key, NAME+ID+KEY") from None
    if key[:1] != COSIGNATURE or len(key) != 1 + 32:
        raise ValueError(f"{name}: expected the key of an Ed25519 cosigner (type 04), found type {key[:1].hex()}")
    if witness_key_id(name, key[1:]).hex() != identifier:
        raise ValueError(f"{name}: expected the id of this key, found {identifier}")
    return Witness(name, bytes.fromhex(identifier), key[1:])


def cosigned_text(note: bytes, time: int) -> bytes:
    """Return what a witness signs: a header, the time in seconds since 1970, and the checkpoint's text."""
    text = note[: note.rindex(b"\n\n") + 1]
    return b"cosignature/v1\ntime %d\n" % time + text


def cosign(name: str, seed: bytes, note: bytes, time: int) -> str:
    """Return the signature line of a witness, without its newline.

    Args:
        name: The witness's.
        seed: Its Ed25519 private key, 32 bytes.
        note: The signed checkpoint.
        time: Seconds since 1970.
    """
    key = Ed25519PrivateKey.from_private_bytes(seed)
    identifier = witness_key_id(name, key.public_key().public_bytes_raw())
    blob = identifier + time.to_bytes(8) + key.sign(cosigned_text(note, time))
    return f"{DASH}{name} {b64encode(blob).decode()}"


def check_cosignature(line: str, witness: Witness, note: bytes) -> int:
    """Check a witness's line against a checkpoint and return its time, seconds since 1970.

    Raises:
        ValueError: It is not this witness's line, or not over this checkpoint. Do not retry.
    """
    prefix = f"{DASH}{witness.name} "
    blob = canonical(line.removeprefix(prefix)) if line.startswith(prefix) else b""
    if len(blob) != BLOB_BYTES or blob[:4] != witness.key_id:
        raise ValueError(f"expected a line by {witness.name}")
    time = int.from_bytes(blob[4:12])
    try:
        Ed25519PublicKey.from_public_bytes(witness.public_key).verify(blob[12:], cosigned_text(note, time))
    except InvalidSignature:
        raise ValueError(f"{witness.name}: the signature does not match the checkpoint") from None
    return time
