"""The exceptions by which the law lets data be disclosed without consent, as its packs say them: the one place to look.

Source: PIPEDA 7(3); P-39.1, s. 18 and 18.3; GDPR, Art. 6(1), each as the pack in force on the day has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from projections.law.pack import pack_for

if TYPE_CHECKING:
    from datetime import datetime

    from projections.law.pack import Pack

REGIMES = {"ca-pipeda": "whosaw:PIPEDA", "ca-qc-p39.1": "whosaw:P39.1", "eu-gdpr": "whosaw:GDPR"}
"""Whose paragraphs a scheme's codes are."""
PAPERS = frozenset({"ca-pipeda:7-3-c", "ca-qc-p39.1:18-6"})
"""Those that a paper compels."""
RECOVERY = frozenset({"ca-pipeda:7-3-b", "ca-qc-p39.1:18-9", "ca-qc-p39.1:18-9.1"})
"""Those for the recovery of the company's own claim: who buys it recovers another's."""
MANDATES = frozenset({"ca-qc-p39.1:18.3"})
"""Those for whoever acts for the company: it may do what the company may, so that a person's no is a no to both."""
CONFIRM = "whosaw:ConfirmWithCounsel"


class Ground(NamedTuple):
    """An exception that the law recognises."""

    codes: tuple[str, ...]
    """Its paragraph; and, where nobody has read that again in the text, that counsel is to confirm it."""
    law: str
    """Law pack and version."""
    paper: bool
    """Whether it needs a warrant, an order or a power to compel, on paper."""
    own_claim: bool
    """Whether it is for recovering what is owed to the company itself."""
    mandate: bool
    """Whether it only lets somebody act for the company, and says nothing of what for."""


def ground(basis: str | None, time: datetime) -> Ground | None:
    """Return the exception that a basis names, as the law was at a time; None if it names none."""
    pack = _of(basis, time)
    found = pack.ground(basis) if pack is not None and basis is not None else None
    if pack is None or found is None:
        return None
    codes = (found.code, CONFIRM) if found.confirm else (found.code,)
    return Ground(codes, _named(pack), found.code in PAPERS, found.code in RECOVERY, found.code in MANDATES)


def is_older(basis: str, time: datetime) -> bool:
    """Return whether a basis is of a law of which no pack says how it was at a time."""
    return basis.partition(":")[0] in REGIMES and _of(basis, time) is None


def law_pack(regime: str | None, time: datetime) -> str | None:
    """Return the law pack and version of a regime at a time; None if there is none."""
    found = pack_for(regime, time.date()) if regime is not None else None
    return None if found is None else _named(found)


def _of(basis: str | None, time: datetime) -> Pack | None:
    regime = REGIMES.get((basis or "").partition(":")[0])
    return None if regime is None else pack_for(regime, time.date())


def _named(pack: Pack) -> str:
    return f"{pack.code}/{pack.version}"
