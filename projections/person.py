"""Everything that is one person's at a position: her streams, and which of their facts do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ledger.route import Subject


class Part(NamedTuple):
    """One stream that is hers."""

    log_id: int
    stream: str
    """32 hexadecimal digits."""
    as_of: int
    """Nothing recorded after this position is seen."""


class Person(NamedTuple):
    """One person, as an answer sees her."""

    subject: Subject
    """As she was asked for."""
    parts: tuple[Part, ...]
    """Her own stream first; then those of aliases, and those that an ended order opened."""
