"""The auditor's own reader of signed notes. A note that we stored has nothing but its text and our signatures.

Source: C2SP signed-note and tlog-checkpoint.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable

ED25519 = b"\x01"
ID_BYTES = 4
TEXT = re.compile(rb"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")
LINE = re.compile("— ([^ \n]+) ([A-Za-z0-9+/=]+)\n".encode())


class Unsound(Exception):
    """A note is not one, or none of ours."""

    def __init__(self, found: str, *, foreign: bool = False) -> None:
        super().__init__(found)
        self.foreign = foreign
        """Whether it is well formed, and no key that we were given has signed it."""


class Note(NamedTuple):
    """What a signed note says."""

    origin: str
    size: int
    root: bytes


class Reader:
    """Reads the notes of one log."""

    def __init__(self, verifiers: Iterable[str]) -> None:
        """Take the log's verifier keys: those that sign, and those that did."""
        self._keys: dict[tuple[bytes, bytes], Ed25519PublicKey] = {}
        for verifier in verifiers:
            name, _, encoded = verifier.split("+", 2)
            key = _canonical(encoded.encode())
            identifier = sha256(name.encode() + b"\n" + key).digest()[:ID_BYTES]
            self._keys[name.encode(), identifier] = Ed25519PublicKey.from_public_bytes(key[len(ED25519) :])

    def read(self, note: bytes, *, others: bool = False) -> Note:
        """Check a note and return what it says.

        Args:
            note: Its bytes.
            others: Whether lines by others may stand in it, such as witnesses'.

        Raises:
            Unsound: See the class.
        """
        text, blank, _ = note.partition(b"\n\n")
        text += b"\n"
        found = TEXT.fullmatch(text)
        lines = note[len(text) + 1 :]
        if not blank or found is None:
            raise Unsound("text that is no checkpoint's")
        origin, size, root = found.groups()
        signed, place = 0, 0
        while place < len(lines):
            line = LINE.match(lines, place)
            if line is None:
                raise Unsound("a line that is no signature's")
            place = line.end()
            blob = _canonical(line[2])
            key = self._keys.get((line[1], blob[:ID_BYTES]))
            if key is None:
                if others or not signed:
                    continue
                raise Unsound("a signature line by an unknown key")
            try:
                key.verify(blob[ID_BYTES:], text)
            except InvalidSignature:
                raise Unsound("a signature that is not of this text") from None
            signed += 1
        if not signed:
            raise Unsound("no signature by a key of this log", foreign=bool(lines))
        if not others and lines.count(b"\n") != signed:
            raise Unsound("a signature line by an unknown key")
        return Note(origin.decode(errors="replace"), int(size), _canonical(root))


def _canonical(text: bytes) -> bytes:
    """Decode base64 that has exactly one spelling."""
    try:
        data = b64decode(text, validate=True)
    except Error:
        raise Unsound("base64 that is none") from None
    if b64encode(data) != text:
        raise Unsound("base64 that has another spelling")
    return data
