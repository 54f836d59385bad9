"""The page in a bundle that says, in plain language, how to check it, what it proves and what it does not."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.language import Language

COMPLETE = {
    "en": "Up to the snapshot named in manifest.json, these are all entries of this person's stream: none is missing.",
    "fr": "Jusqu’à l’instantané nommé dans manifest.json, ce sont toutes les inscriptions de la personne : aucune ne "
    "manque.",
}
INCOMPLETE = {
    "en": "No entry between the first and the last one was left out. That none came after is not proven: there was no "
    "snapshot yet.",
    "fr": "Aucune inscription entre la première et la dernière ne manque. Qu’il n’y en ait pas eu ensuite n’est pas "
    "prouvé : il n’y avait pas encore d’instantané.",
}


def guide(language: Language, document: Mapping[str, Any], *, complete: bool) -> bytes:
    """Return the page.

    Args:
        language: Of the page.
        document: The account.
        complete: Whether the bundle proves that nothing was left out.
    """
    return (
        _page(language)
        .format(
            controller=document["controller"]["name"],
            position=document["as_of"]["position"],
            time=document["as_of"]["time"],
            log=document["as_of"]["log"],
            origin=document["proof"]["log"],
            completeness=(COMPLETE if complete else INCOMPLETE)[language],
        )
        .encode()
    )


@cache
def _page(language: Language) -> str:
    return (Path(__file__).parent / f"how-to-check.{language}.txt").read_text(encoding="utf-8")
