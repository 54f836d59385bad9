"""The exceptions by which the law lets data be disclosed without consent: the one place that knows them.

Source: PIPEDA 7(3); P-39.1, s. 18 and 18.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

PACKS = {"ca-pipeda": "ca-pipeda 2018-11", "ca-qc-p39.1": "ca-qc-p39.1 2024-09"}
REGIMES = {"whosaw:PIPEDA": "ca-pipeda", "whosaw:P39.1": "ca-qc-p39.1"}
PARAGRAPHS = {
    "ca-pipeda": "7-3-",
    "ca-qc-p39.1": "18",
}
PAPERS = ("ca-pipeda:7-3-c", "ca-qc-p39.1:18-6")
"""Those that a paper compels."""
RECOVERY = ("ca-pipeda:7-3-b", "ca-qc-p39.1:18-9", "ca-qc-p39.1:18-9.1")
"""Those for the recovery of the company's own claim: who buys it recovers another's."""


class Ground(NamedTuple):
    """An exception that the law recognises."""

    code: str
    """Its paragraph."""
    law: str
    """Law pack and version."""
    paper: bool
    """Whether it needs a warrant, an order or a power to compel, on paper."""
    own_claim: bool
    """Whether it is for recovering what is owed to the company itself."""


def ground(basis: str | None, time: datetime) -> Ground | None:
    """Return the exception that a basis names, as the law was at a time; None if it names none."""
    if basis is None:
        return None
    scheme, _, paragraph = basis.partition(":")
    prefix = PARAGRAPHS.get(scheme)
    if prefix is None or not paragraph.startswith(prefix):
        return None
    return Ground(basis, PACKS[scheme], basis in PAPERS, basis in RECOVERY)


def pack(regime: str | None, time: datetime) -> str | None:
    """Return the law pack and version of a regime at a time; None if there is none."""
    return PACKS.get(REGIMES.get(regime or "", ""))
