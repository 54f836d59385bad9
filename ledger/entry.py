"""An entry: a fact's stored bytes, with its place in the log.

The bytes are one compact JSON object, assembled once around the fact's already validated members and never written
again. Its members, in order: `v`, `log`, `position`, `stream`, `sequence`, `previous`, `appended`, `salt`, `emitter`,
the fact's own (`source` to `data`), then `about` or `cohort`, and `envelope` if something is private.

`previous` is the leaf hash of the stream's entry before this one, so that a stream is a chain of its own. `salt` is 144
random bits: an inclusion proof shows a neighbour's leaf hash, which must not confirm a guess at the neighbour.
"""

from __future__ import annotations

from binascii import b2a_base64
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ledger.merkle import leaf_hash

if TYPE_CHECKING:
    from uuid import UUID

MAX_ENTRY_BYTES = 65_535
"""What the 16-bit length prefix of an entry bundle can say. Source: C2SP tlog-tiles."""
OWN_BYTES = 600
"""At most this much is added around a fact's members, its envelope aside."""

ENVELOPE_LABEL = b"whosaw/envelope/v1"
REFERENCE_LABEL = b"whosaw/reference/v1"


class Entry(NamedTuple):
    """A stored entry as it is read back."""

    log_id: int
    position: int
    """From 1, no gaps."""
    stream: UUID
    sequence: int
    """From 1, no gaps within the stream."""
    type: str
    bytes: bytes
    """Exactly what was hashed."""

    @property
    def leaf(self) -> bytes:
        """The entry's 32-byte leaf hash."""
        return leaf_hash(self.bytes)

    def json(self) -> dict[str, Any]:
        """Return the entry's members."""
        members: dict[str, Any] = orjson.loads(self.bytes)
        return members


@lru_cache(maxsize=256)
def timestamp(moment: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC, with microseconds and `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def base64(data: bytes) -> bytes:
    """Encode as standard, padded base64 on one line."""
    return b2a_base64(data, newline=False)


def identity(stream: bytes, sequence: int) -> bytes:
    """Return what an envelope in an entry is bound to: the entry's stream and sequence."""
    return ENVELOPE_LABEL + stream + sequence.to_bytes(8)


def member_identity(stream: bytes, subject: bytes) -> bytes:
    """Return what a cohort member's envelope is bound to: the entry's stream, which is its own, and the subject."""
    return ENVELOPE_LABEL + stream + subject


def reference_identity(digest: bytes) -> bytes:
    """Return what the encrypted name in a reference's row is bound to."""
    return REFERENCE_LABEL + digest


def member_leaf(salt: bytes, subject: bytes, role: bytes, envelope: bytes) -> bytes:
    """Hash one member of a cohort; the cohort's root is the Merkle root over these, in order.

    The salt keeps an erased member from being found by trying subject ids.

    Args:
        salt: 16 random bytes.
        subject: 16 bytes.
        role: A code, at most 255 bytes.
        envelope: What is private to this member; empty if nothing is.
    """
    return sha256(b"\x00" + salt + subject + bytes((len(role),)) + role + envelope).digest()
