"""Whom entries are about."""

from __future__ import annotations

from typing import NamedTuple


class Subject(NamedTuple):
    """A person (or a policy, a recipient) as the ledger knows her: a random id, and the log her facts live in."""

    id: str
    """32 hexadecimal digits."""
    log_id: int


class Sealed(NamedTuple):
    """A stream of hers that an order hides, or hid until it ended."""

    seal: str
    """The order's name; empty for facts that name none."""
    stream: str
    """32 hexadecimal digits."""
    opened: bool
    """Whether the order has ended and all of it may be told."""
