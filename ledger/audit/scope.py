"""What an audit of one log is given, and what it comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ledger.audit.found import Finding


class Log(NamedTuple):
    """A log as it should be, by what stands outside the database."""

    log_id: int
    origin: str
    verifiers: tuple[str, ...]
    """Of every key that signs or signed."""
    signed: tuple[int, bytes] | None
    """The newest head that was kept outside, read before the audit begins."""
    logs: int = 1
    """How many the ledger has."""


class Secrets(NamedTuple):
    """The keys that say whether others open and where references belong, 32 bytes each."""

    keks: dict[int, bytes]
    """Version → key-encryption key."""
    lookup: bytes
    home: bytes


class Outcome(NamedTuple):
    """What an audit of one log came to."""

    log_id: int
    origin: str
    size: int
    """The last position that was looked at."""
    counts: dict[str, int]
    read: list[tuple[int, int]]
    """Positions first to last that were read in this run."""
    before: list[tuple[int, int, str]]
    """Those that an earlier run had read, and when."""
    findings: list[Finding]
