"""The erasable register: whether keys still open, and references are still found by what they name."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.audit.found import MOST, Finding, Kind
from ledger.audit.piece import connected
from ledger.audit.rows import fields, number, rows

if TYPE_CHECKING:
    from psycopg import Connection

Ciphers = Mapping[int, AESGCM]
VERSION = 2
NONCE = VERSION + 12
"""Where the nonce ends."""
KEY = 32
PARTS = 16
TRUE = b"\x01"
"""As PostgreSQL sends it."""
# By their primary keys, and by the indexes on the other's subject. A key and the first name of whose it is are written
# in one transaction, and go in one: where one is without the other, somebody is not found, or is taken for another.
SUBJECTS = (
    "SELECT s.subject, s.wrapped_key,"
    " EXISTS (SELECT FROM ledger.reference AS r WHERE r.subject = s.subject AND r.home = s.log_id"
    " AND r.log_id IN (SELECT l.log_id FROM ledger.log AS l))"
    " FROM ledger.subject AS s WHERE s.log_id = {} AND s.subject >= '{}' AND s.subject <= '{}'"
)
REFERENCES = (
    "SELECT r.digest, r.home, r.envelope,"
    " EXISTS (SELECT FROM ledger.subject AS s WHERE s.log_id = r.home AND s.subject = r.subject)"
    " FROM ledger.reference AS r WHERE r.log_id = {} AND r.digest >= '{}' AND r.digest <= '{}'"
)


class Part(NamedTuple):
    """A sixteenth of a log's register, by the first digit of its ids."""

    dsn: str
    log_id: int
    logs: int
    keks: dict[int, bytes]
    lookup: bytes
    home: bytes
    first: int


def check_part(part: Part) -> tuple[dict[str, int], list[Finding]]:
    """Open every key and every reference of a part; return counts and what does not match."""
    connection = connected(part.dsn)
    low, high = UUID(int=part.first << 124), UUID(int=((part.first + 1) << 124) - 1)
    ciphers = {version: AESGCM(kek) for version, kek in part.keks.items()}
    keys, findings = _keys(connection, part, SUBJECTS.format(part.log_id, low, high), ciphers)
    references, more = _references(connection, part, REFERENCES.format(part.log_id, low, high), ciphers)
    counts = {"keys": keys, "references": references}
    return counts, [*findings, *more][:MOST]


def _opened(ciphers: Ciphers, hidden: bytes, owner: bytes) -> bytes | None:
    """Open what begins with a key's version and a nonce; None if no key that is there opens it."""
    try:
        return ciphers[int.from_bytes(hidden[:VERSION])].decrypt(hidden[VERSION:NONCE], hidden[NONCE:], owner)
    except (InvalidTag, LookupError, ValueError):
        return None


def _keys(connection: Connection[object], part: Part, query: str, ciphers: Ciphers) -> tuple[int, list[Finding]]:
    findings: list[Finding] = []
    count = 0
    for row in rows(connection, query):
        subject, wrapped, is_named = fields(row)
        name, secret = subject or b"", wrapped or b""
        where = f"ledger.subject {name.hex()}"
        count += 1
        key = _opened(ciphers, secret, part.log_id.to_bytes(2) + name)
        if key is None or len(key) != KEY:
            findings.append(Finding(part.log_id, 0, Kind.KEY_UNOPENED, where, "a key under the kek", "none"))
        elif is_named != TRUE:
            found = "none: removed, or made to lead to somebody else"
            findings.append(Finding(part.log_id, 0, Kind.REFERENCE_EDITED, where, "a reference that leads here", found))
    return count, findings


def _references(connection: Connection[object], part: Part, query: str, ciphers: Ciphers) -> tuple[int, list[Finding]]:
    findings: list[Finding] = []
    count = 0
    for row in rows(connection, query):
        digest, home, envelope, has_key = fields(row)
        name, hidden = digest or b"", envelope or b""
        count += 1
        where = f"ledger.reference {name.hex()}"
        said = _opened(ciphers, hidden, b"whosaw/reference/v1" + name)
        if said is None:
            findings.append(Finding(part.log_id, 0, Kind.KEY_UNOPENED, where, "a name under the kek", "none"))
            continue
        said = said.rstrip(b" ")
        kind, _, value = said.partition(b"\0")
        # Of her number so and so of sealed streams; it is kept in the log that she lives in.
        sealed = kind == b"sealed" and name == _sealed(part.lookup, value)
        if not sealed and name != _keyed(part.lookup, b"reference", said):
            findings.append(
                Finding(part.log_id, 0, Kind.REFERENCE_EDITED, where, "the digest of what it names", "another")
            )
        elif has_key != TRUE:
            findings.append(Finding(part.log_id, 0, Kind.REFERENCE_EDITED, where, "somebody with a key", "nobody"))
        elif not 0 <= number(home) < part.logs or (number(home) if sealed else _chosen(part, name)) != part.log_id:
            findings.append(Finding(part.log_id, 0, Kind.REFERENCE_EDITED, where, "the log that it chooses", "another"))
    return count, findings


def _sealed(lookup: bytes, value: bytes) -> bytes | None:
    """Return what a sealed stream is found by; None if it is no name of one, as an emitter's own may look."""
    try:
        subject, place, _ = value.split(b"\0", 2)
        return _keyed(lookup, b"sealed", b64decode(subject) + (int(place).to_bytes(4) if int(place) else b""))
    except (ValueError, OverflowError):
        return None


def _keyed(key: bytes, use: bytes, data: bytes) -> bytes:
    return blake2b(data, digest_size=16, key=key, person=use).digest()


def _chosen(part: Part, digest: bytes) -> int:
    """Return the log in which a reference is kept."""
    hashed = blake2b(digest, digest_size=8, key=part.home, person=b"home").digest()
    return int.from_bytes(hashed) * part.logs >> 64
