"""Whom entries are about."""

from __future__ import annotations

from typing import NamedTuple


class Subject(NamedTuple):
    """A person (or a policy, a recipient) as the ledger knows her: a random id, and the log her facts live in."""

    id: str
    """32 hexadecimal digits."""
    log_id: int
