"""Labels, in every language that the product speaks: of codes, and of the closed words of facts. Data, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


def words(enumeration: str, word: str) -> dict[str, str]:
    """Return a closed word's labels by language; empty if it has none."""
    return read().get(enumeration, {}).get(word, {})


@cache
def read() -> dict[str, dict[str, dict[str, str]]]:
    """Return every closed word's labels: enumeration, word, language."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for file in sorted((files("ledger.vocabulary") / "words").iterdir(), key=str):
        for enumeration, its in tomllib.loads(file.read_text(encoding="utf-8")).items():
            found.setdefault(enumeration, {}).update(its)
    return found
