"""Verifier keys, checkpoints, proof files and consistency files: the C2SP formats, read strictly.

Source: C2SP signed-note, tlog-checkpoint, tlog-proof, tlog-witness («add-checkpoint»); RFC 8032.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from whosaw_client.report import Refused
from whosaw_client.text import base64, decimal, shown

ED25519 = b"\x01"
DASH = "\N{EM DASH} "
MOST_NOTE_BYTES = 1_000_000
MOST_HASHES = 63
"""Of a path in a tree of at most 2^63 leaves."""
PROOF_HEADER = "c2sp.org/tlog-proof@v1"


class Key(NamedTuple):
    """A log's verifier key."""

    name: str
    """The log's origin."""
    identifier: bytes
    """4 bytes."""
    public: bytes
    """32 bytes."""


class Checkpoint(NamedTuple):
    """What a signed note says."""

    origin: str
    size: int
    root: bytes


class Proof(NamedTuple):
    """A proof file of one leaf."""

    leaf_index: int
    """Position less 1."""
    path: list[bytes]
    note: bytes
    """The checkpoint that it leads to, as it stands in the file."""


class Consistency(NamedTuple):
    """A file that proves a checkpoint to extend an older size."""

    old: int
    path: list[bytes]
    note: bytes


def read_key(text: str, where: str = "key") -> Key:
    """Read a verifier key, one line: name, id, key."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise Refused(where, "a verifier key such as ledger.example/log0+245fc197+AY…", shown(text.strip()))
    name, identifier, encoded = parts
    data = base64(encoded, where, None)
    if data[:1] != ED25519 or len(data) != 33:
        raise Refused(where, "an Ed25519 key (type 01)", f"type {data[:1].hex()}, {len(data) - 1} bytes")
    expected = sha256(name.encode() + b"\n" + data).digest()[:4]
    if identifier != expected.hex():
        raise Refused(where, f"the id of this key, {expected.hex()}", shown(identifier))
    return Key(name, expected, data[1:])


def read_checkpoint(note: bytes, where: str) -> Checkpoint:
    """Read what a note says, whoever signed it."""
    return _checkpoint(_split(note, where)[0], where)


def open_checkpoint(note: bytes, key: Key, where: str) -> Checkpoint:
    """Check the key's signature on a note and return what the note says. Lines of other keys are passed over."""
    text, lines = _split(note, where)
    signed = False
    for line in lines:
        name, _, encoded = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or not name or not encoded:
            raise Refused(where, "a signature line", shown(line))
        if name != key.name:
            continue
        blob = base64(encoded, where, None)
        if blob[:4] != key.identifier:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(blob[4:], text.encode())
        except InvalidSignature:
            raise Refused(where, f"the signature of {key.name}", "one that does not match the text") from None
        signed = True
    if not signed:
        raise Refused(where, f"a signature by {key.name}+{key.identifier.hex()}", "none")
    return _checkpoint(text, where)


def read_proof(content: bytes, where: str) -> Proof:
    """Read a tlog-proof file."""
    head, note = _halves(content, where)
    if not head or head[0] != PROOF_HEADER:
        raise Refused(where, PROOF_HEADER, shown(head[0] if head else ""))
    rest = head[1:]
    if rest and rest[0].startswith("extra "):
        base64(rest[0].removeprefix("extra "), where, None)
        rest = rest[1:]
    if not rest or not rest[0].startswith("index "):
        raise Refused(where, "a line: index NUMBER", shown(rest[0] if rest else ""))
    return Proof(decimal(rest[0].removeprefix("index "), where), _hashes(rest[1:], where), note)


def read_consistency(content: bytes, where: str) -> Consistency:
    """Read a consistency file."""
    head, note = _halves(content, where)
    if not head or not head[0].startswith("old "):
        raise Refused(where, "a line: old NUMBER", shown(head[0] if head else ""))
    return Consistency(decimal(head[0].removeprefix("old "), where), _hashes(head[1:], where), note)


def _halves(content: bytes, where: str) -> tuple[list[str], bytes]:
    head, separator, note = content.partition(b"\n\n")
    if len(content) > MOST_NOTE_BYTES or not separator:
        raise Refused(where, "lines, an empty line, a checkpoint", f"{len(content)} bytes of something else")
    try:
        return head.decode("ascii").split("\n"), note
    except UnicodeDecodeError as error:
        raise Refused(where, "text in ASCII before the checkpoint", "other bytes") from error


def _hashes(lines: list[str], where: str) -> list[bytes]:
    if len(lines) > MOST_HASHES:
        raise Refused(where, f"at most {MOST_HASHES} hashes", str(len(lines)))
    return [base64(line, where) for line in lines]


def _split(note: bytes, where: str) -> tuple[str, list[str]]:
    """Return the text, with its last newline, and the signature lines."""
    if len(note) > MOST_NOTE_BYTES:
        raise Refused(where, f"at most {MOST_NOTE_BYTES} bytes", str(len(note)))
    try:
        decoded = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(where, "text in UTF-8", "other bytes") from error
    text, separator, lines = decoded.rpartition("\n\n")
    if not separator or not lines.endswith("\n") or any(each < " " and each != "\n" for each in decoded):
        raise Refused(where, "a signed note: text, an empty line, signature lines", "something else")
    return text + "\n", lines[:-1].split("\n")


def _checkpoint(text: str, where: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or "" in lines[:-1]:
        raise Refused(where, "origin, size and root, a line each", f"{len(lines) - 1} lines")
    return Checkpoint(lines[0], decimal(lines[1], where), base64(lines[2], where))
