"""What an audit finds: the place that does not match, and what kind of change it looks like."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 100
"""Findings that are kept of one part; more of them say nothing new."""


class Kind(StrEnum):
    """What a change looks like. A guess at the least change that explains what is stored, never a proof of who did."""

    ROW_EDITED = "row edited"
    ROW_INSERTED = "row inserted"
    ROW_REMOVED = "row removed"
    ROW_MOVED = "row moved"
    TAIL_CUT = "tail cut"
    OLD_BACKUP = "old backup restored"
    CHECKPOINT_EDITED = "checkpoint edited"
    CHECKPOINT_FORKED = "checkpoint forked"
    CHECKPOINT_REMOVED = "checkpoint removed"
    OTHER_KEY = "signed by another key"
    TILE_EDITED = "tile edited"
    HEAD_EDITED = "head edited"
    STREAM_BROKEN = "stream broken"
    STREAM_SWAPPED = "stream swapped"
    PROJECTION_DIFFERS = "projection differs"
    KEY_UNOPENED = "key does not open"
    REFERENCE_EDITED = "reference edited"
    SNAPSHOT_DIFFERS = "snapshot differs"


class Finding(NamedTuple):
    """One place that does not match."""

    log_id: int
    position: int
    """The first position that it concerns; 0 if it is no one's in particular."""
    kind: Kind
    where: str
    """The table, and the row in it."""
    expected: str
    found: str
    upto: int = 0
    """The last position that it may be, where one alone can not be named; else 0."""

    def json(self) -> dict[str, Any]:
        """Return the finding's members."""
        return {name: value for name, value in self._asdict().items() if name != "upto" or value}

    def line(self) -> str:
        """Return the finding as one line."""
        place = f"position {self.position}" if self.position else "no one position"
        if self.upto > self.position:
            place = f"positions {self.position} to {self.upto}"
        return f"log {self.log_id}, {place}: {self.kind} ({self.where}); expected {self.expected}, found {self.found}"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by log and position; those of no one position come last."""
    return sorted(findings, key=lambda each: (each.log_id, each.position == 0, each.position))


def short(data: bytes | None) -> str:
    """Return the beginning of a hash, to be recognised by."""
    return "nothing" if data is None else f"{data[:8].hex()}…"
