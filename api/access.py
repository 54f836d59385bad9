"""Who is calling, and what she may do: API keys, shown once and stored as hashes.

A key is `wsk_`, 43 characters for 256 random bits, and six that check them, so that scanners for leaked secrets find
it and a mistyped one is told from a revoked one without asking the database.
"""

from __future__ import annotations

import re
import secrets
import time
import unicodedata
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.rows import args_row

from api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from psycopg import Connection
    from starlette.requests import Request

ROLES: dict[str, tuple[str, ...]] = {
    "emitter": ("events:write",),
    "officer": ("subjects:read", "disclosures:read", "exports:create", "integrity:read"),
    "regulator": ("subjects:read", "disclosures:read", "exports:create", "integrity:read", "entries:read"),
    "compliance": (
        "subjects:read",
        "disclosures:read",
        "exports:create",
        "integrity:read",
        "subjects:forget",
        "events:correct",
        "names:unlink",
        "findings:decide",
        "askers:read",
        "clearances:ask",
    ),
    "legal": (
        "subjects:read",
        "disclosures:read",
        "holds:read",
        "seals:read",
        "clearances:ask",
        "clearances:approve",
    ),
    "auditor": ("entries:read", "integrity:read"),
    "admin": ("admin", "integrity:read", "entries:read"),
}
"""The scopes that a key of each role gets."""
POSITIONS = {
    "emitter": "whosaw:Service",
    "officer": "whosaw:PrivacyOfficer",
    "regulator": "whosaw:Regulator",
    "compliance": "whosaw:ComplianceOfficer",
    "legal": "whosaw:LegalDesk",
    "auditor": "whosaw:Auditor",
    "admin": "whosaw:Administrator",
}
"""What the holder of a key of each role is, as a person is told who looked."""
SCOPES = frozenset(scope for scopes in ROLES.values() for scope in scopes)

AUTHORITY = r"^(?:\*|[A-Za-z0-9][A-Za-z0-9_.:/#-]{0,126})$"
"""The company's name for an authority, or all of them."""
CLEARANCE = re.compile(f"seal:{AUTHORITY[1:-1]}")
"""Scopes for one authority's seals, or for all."""

KEY = re.compile(r"wsk_([A-Za-z0-9_-]{43})([0-9a-f]{6})")
SECRET_BYTES = 32
OWN_SOURCES = "/whosaw/"
"""What the ledger itself speaks as: no key may, or a look-up could be made up."""
OWN_TYPES = frozenset(
    {
        "seal.ended",
        "clearance.granted",
        "subject.revoked",
        "subject.restored",
        "erasure.deferred",
        "key.destroyed",
    }
)
"""What the ledger states when it does it, and goes by afterwards: said by anybody else, it would open what an order
hides, or take somebody out of every answer who was not forgotten."""
CORRECT = "events:correct"
"""The scope to correct and void other emitters' events."""
UNLINK = "names:unlink"
"""The scope to take a name from a person: what is recorded by that name afterwards is not hers any more."""
DECIDE = "findings:decide"
"""The scope to say that a finding is dealt with, excused, or open again: not whoever caused it."""
DECISIONS = frozenset({"finding.resolved", "finding.reopened", "finding.waived"})
"""The facts that say so."""
ASK, APPROVE = "clearances:ask", "clearances:approve"
"""The scopes to ask for clearance for a while, and to agree that another one gets it."""
HOLDS = "holds:read"
"""The scope to be told which orders forbid a destruction, and why; whether one does, everybody is told."""
ASKERS = "askers:read"
"""The scope to know which key asked about a person."""
DEFAULT_LIFE = timedelta(days=365)
REMEMBER_SECONDS = 5.0
"""A revoked key may work for so long in a process that has just seen it."""
REMEMBERED = 1_000
REFUSALS_A_MINUTE = 60
"""So many of one key are recorded; further ones are refused all the same."""

INSERT = """
    INSERT INTO access.api_key (key_id, digest, label, position, scopes, sources, expires_at, person)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
# By the unique index on the digest; what two people cleared it for by clearance_key.
FIND = """
    SELECT k.key_id, k.label, k.position, k.scopes || c.scopes, k.sources, k.expires_at, k.revoked_at, k.person, c.names
    FROM access.api_key AS k
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(c.clearance ORDER BY c.clearance), '{}') AS names,
               CASE WHEN count(*) = 0 THEN ARRAY[]::text[]
                    ELSE 'seals:read'::text || array_agg('seal:' || a.authority) END AS scopes
        FROM access.clearance AS c
        CROSS JOIN LATERAL unnest(c.authorities) AS a (authority)
        WHERE c.key_id = k.key_id AND c.ended_at IS NULL AND c.until > now()
    ) AS c
    WHERE k.digest = %s
"""
LIST = """
    SELECT key_id, label, position, scopes, sources, expires_at, revoked_at, person FROM access.api_key
    ORDER BY created_at, key_id
"""
REVOKE = "UPDATE access.api_key SET revoked_at = %s WHERE key_id = %s AND revoked_at IS NULL RETURNING key_id"


class Key(NamedTuple):
    """An API key, without its secret."""

    key_id: str
    """Names it in entries and answers."""
    label: str
    """What it is for."""
    position: str
    """What its holder is: a code such as `whosaw:PrivacyOfficer`."""
    scopes: list[str]
    sources: list[str]
    """What its holder may speak for, as an emitter."""
    expires_at: datetime
    revoked_at: datetime | None
    person: str | None = None
    """The company's name for who holds it, as whoever issued it said; None if nobody did."""
    clearances: Sequence[str] = ()
    """What two people gave it for a while; its scopes are among `scopes`."""

    @property
    def alive(self) -> bool:
        """Whether it works now."""
        return self.revoked_at is None and self.expires_at > datetime.now(UTC)


def issue(
    connection: Connection[Any],
    *,
    label: str,
    scopes: Sequence[str],
    sources: Sequence[str] = (),
    position: str = POSITIONS["officer"],
    life: timedelta = DEFAULT_LIFE,
    person: str | None = None,
) -> tuple[str, Key]:
    """Make a key; return its text, which is not kept anywhere, and its record.

    Args:
        connection: In autocommit mode, or a transaction that the caller commits.
        label: What it is for; no personal value.
        scopes: Of `SCOPES`.
        sources: What an emitter may speak for; at least one with `events:write`.
        position: What its holder is, as a code: who looked at a person is told by it.
        life: Until it expires.
        person: The company's name for who holds it; without one, a key neither asks for clearance nor agrees to it.

    Raises:
        ValueError: A scope is unknown, an emitter has no source, or a person no letter or digit. Do not retry.
    """
    unknown = sorted(scope for scope in set(scopes) - SCOPES if not CLEARANCE.fullmatch(scope))
    if unknown or not scopes:
        raise ValueError(f"expected scopes of {', '.join(sorted(SCOPES))}; found {', '.join(unknown) or 'none'}")
    if "events:write" in scopes and not sources:
        raise ValueError("expected at least one source for a key that writes events")
    if any(source.startswith(OWN_SOURCES) for source in sources):
        raise ValueError(f"expected sources outside {OWN_SOURCES}, which is the ledger's own")
    if person is not None and not folded(person):
        raise ValueError("expected a person's name or number with a letter or a digit in it")
    text = secrets.token_urlsafe(SECRET_BYTES)
    key = Key(
        f"key-{secrets.token_hex(5)}",
        label,
        position,
        sorted(scopes),
        sorted(sources),
        datetime.now(UTC) + life,
        revoked_at=None,
        person=person,
    )
    row = (key.key_id, _digest(text), key.label, key.position, key.scopes, key.sources, key.expires_at, person)
    connection.execute(INSERT, row)
    return f"wsk_{text}{_check(text)}", key


def folded(person: str) -> str:
    """Return a person's name without what is written in two ways: case, width, accents, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", person).casefold())
    return "".join(each for each in plain if each.isalnum())


def listed(connection: Connection[Any]) -> list[Key]:
    """Return every key ever issued, by age."""
    with connection.cursor(row_factory=args_row(Key)) as cursor:
        return cursor.execute(LIST).fetchall()


def revoke(connection: Connection[Any], key_id: str) -> bool:
    """Stop a key for good; return whether it was working until now."""
    return connection.execute(REVOKE, (datetime.now(UTC), key_id)).fetchone() is not None


class Access:
    """Tells who is calling. Threads may share it."""

    def __init__(self, lend: Callable[[], AbstractContextManager[Connection[Any]]]) -> None:
        self._lend = lend
        self._lock = Lock()
        self._known: dict[bytes, tuple[float, Key]] = {}
        self._refusals: dict[str, tuple[int, int]] = {}

    def remembered(self, request: Request, scope: str) -> Key | None:
        """Return the caller's key if it is known without asking the database, and has the scope."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        found = KEY.fullmatch(text.strip()) if scheme.lower() == "bearer" else None
        known = self._known.get(_digest(found[1])) if found else None
        if known is None or known[0] <= time.monotonic() or not known[1].alive or scope not in known[1].scopes:
            return None
        return known[1]

    def key(self, request: Request, scope: str) -> Key:
        """Return the caller's key, which has the scope.

        Raises:
            Problem: 401 without a working key, 403 without the scope.
        """
        key = self.holder(request)
        if scope not in key.scopes:
            raise Problem("forbidden", f"expected a key with the scope {scope}")
        return key

    def holder(self, request: Request) -> Key:
        """Return the caller's key, whatever it may do.

        Raises:
            Problem: 401 without a working key.
        """
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        found = KEY.fullmatch(text.strip()) if scheme.lower() == "bearer" else None
        if found is None or not secrets.compare_digest(_check(found[1]), found[2]):
            raise Problem("unauthenticated", "expected the header Authorization: Bearer wsk_…")
        key = self._find(_digest(found[1]))
        if key is None or not key.alive:
            raise Problem("unauthenticated", "the key is unknown, expired or revoked")
        return key

    def may_record_refusal(self, key: Key) -> bool:
        """Return whether one more refusal of a key is to be recorded: a broken client must not fill the log."""
        minute = int(time.monotonic() / 60)
        with self._lock:
            known, count = self._refusals.get(key.key_id, (minute, 0))
            count = count + 1 if known == minute else 1
            if len(self._refusals) >= REMEMBERED:
                self._refusals.clear()
            self._refusals[key.key_id] = minute, count
        return count <= REFUSALS_A_MINUTE

    def _find(self, digest: bytes) -> Key | None:
        now = time.monotonic()
        known = self._known.get(digest)
        if known is not None and known[0] > now:
            return known[1]
        with self._lend() as connection, connection.cursor(row_factory=args_row(Key)) as cursor:
            key = cursor.execute(FIND, (digest,), prepare=True).fetchone()
        if key is not None:
            with self._lock:
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
                self._known[digest] = (now + REMEMBER_SECONDS, key)
        return key


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def _check(text: str) -> str:
    return sha256(b"whosaw/api-key/v1" + text.encode()).hexdigest()[:6]
