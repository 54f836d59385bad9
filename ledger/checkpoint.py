"""Checkpoints: the signed head of a log's tree, as text that other people's verifiers read.

Source: C2SP signed-note and tlog-checkpoint.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable

ED25519 = b"\x01"
DASH = "\N{EM DASH} "


class Checkpoint(NamedTuple):
    """What a signed note of a log says."""

    origin: str
    size: int
    """Number of leaves, which is the last position."""
    root: bytes
    """32-byte root hash."""


def key_id(name: str, public_key: bytes) -> bytes:
    """Return the 4 bytes that name an Ed25519 key in a signature line. Source: C2SP signed-note, «Signatures»."""
    return sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """Return the one line that a verifier needs: name, key id, key. Source: C2SP signed-note, «Verifier keys»."""
    encoded = b64encode(ED25519 + public_key).decode()
    return f"{name}+{key_id(name, public_key).hex()}+{encoded}"


def note_text(origin: str, size: int, root: bytes) -> bytes:
    """Return what is signed: three lines. Source: C2SP tlog-checkpoint, «Note text»."""
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n".encode()


def signed_note(name: str, text: bytes, signatures: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the note: the text, and a line for each (public key, signature). Source: C2SP signed-note, «Format»."""
    lines = [
        f"{DASH}{name} {b64encode(key_id(name, key) + signature).decode()}\n".encode() for key, signature in signatures
    ]
    return b"".join((text, b"\n", *lines))


def open_checkpoint(note: bytes, verifier: str) -> Checkpoint:
    """Check a note's signature by the key and return what it says.

    Args:
        note: A signed note; lines by keys other than this one are passed over.
        verifier: The key as `verifier_key` writes it.

    Raises:
        ValueError: The note is not one of this key's, or not well formed. Do not retry.
    """
    # Neither the name nor the id has a plus sign; the base64 after them may.
    name, identifier, encoded = verifier.split("+", 2)
    key = canonical(encoded)[1:]
    text, separator, lines = note.decode().rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise ValueError("expected a blank line before the signatures, and a newline at the end")
    text += "\n"
    for line in lines[:-1].split("\n"):
        if not line.startswith(f"{DASH}{name} "):
            continue
        signature = canonical(line.rsplit(" ", 1)[1])
        if signature[:4].hex() != identifier:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature[4:], text.encode())
        except InvalidSignature:
            raise ValueError("the signature does not match the text") from None
        return _parse(text)
    raise ValueError(f"no signature by {name}")


def head_of(note: bytes) -> tuple[int, bytes]:
    """Return size and root of a note of our own, whose signature need not be checked again."""
    _, size, root = _parse(note.decode())
    return size, root


def canonical(text: str) -> bytes:
    """Decode base64 that has exactly one spelling; a spare bit must not pass unseen."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("expected canonical base64")
    return data


def _parse(text: str) -> Checkpoint:
    origin, size, root = text.split("\n")[:3]
    if not size.isascii() or not size.isdigit() or str(int(size)) != size:
        raise ValueError("expected the size in decimal")
    digest = canonical(root)
    if len(digest) != sha256().digest_size:
        raise ValueError("expected a root of 32 bytes")
    return Checkpoint(origin, int(size), digest)
