"""Labels of types of facts and of their closed words, in every language of the product."""

from __future__ import annotations

import tomllib
from importlib.resources import files

ENUMERATIONS = {
    ("Erased", "mode"): "erasure_mode",
    ("Erased", "state"): "erasure_state",
    ("PolicyAssented", "mode"): "assent_mode",
    ("ConsentRecorded", "state"): "consent_state",
    ("AccountIssued", "formats"): "format",
    ("NotificationAnswered", "outcome"): "notification_outcome",
    ("KeyDestroyed", "untold_because"): "untold",
    ("Told", "outcome"): "notification_outcome",
    ("LedgerQueried", "outcome"): "query_outcome",
    ("Rule", "notice"): "notice_rule",
    ("Rule", "origins"): "origin",
    ("Rule", "assent"): "assent_mode",
}
"""Which enumeration a class's member has, where it is not named as the member."""


def _read() -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = {}
    for file in sorted((files("ledger.vocabulary") / "labels").iterdir(), key=str):
        found |= tomllib.loads(file.read_text(encoding="utf-8"))
    return found


WORDS = _read()
"""Enumeration, word, language: label."""


def enumeration(struct: str, member: str) -> str:
    """Return the name of the enumeration that a class's member has."""
    return ENUMERATIONS.get((struct, member), member)


def words(of: str, value: str) -> dict[str, str]:
    """Return a closed word's labels by language; empty if nobody knows it."""
    return WORDS.get(of, {}).get(value, {})


def word(of: str, value: str, language: str) -> str:
    """Return what people read in place of a closed word; the word itself if nobody knows it.

    Args:
        of: The enumeration, such as mode, erasure_state or actor; or type for a type's title.
        value: Such as transmitted.
        language: en or fr.
    """
    return words(of, value).get(language, value)
