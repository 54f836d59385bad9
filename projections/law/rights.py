"""By which codes requests name a right: what the packs' data says, so that a law's own paragraph counts like ours."""

from __future__ import annotations

from projections.law.pack import PACKS


def codes_of(right: str) -> frozenset[str]:
    """Return every code by which an event may name a right, in any version of any law.

    Args:
        right: The code that the packs list it under, such as whosaw:Access.
    """
    of_packs = (each for pack in PACKS for each in pack.rights if each.code == right)
    return frozenset({right, *(code for each in of_packs for code in each.also)})


ACCESS = codes_of("whosaw:Access")
"""Requests to see what is held: they hold what they ask for."""
ERASURE = codes_of("whosaw:Erasure")
"""Requests to delete."""
