"""Codes: words of borrowed and local schemes, and what people read in their place."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

LANGUAGES = ("en", "fr")


class Code(NamedTuple):
    """One word of a scheme."""

    code: str
    """Such as dpv:DirectMarketing."""
    scheme: str
    """The scheme's prefix."""
    version: str
    """The scheme's version."""
    labels: dict[str, str]
    """What people read, by language: en and fr."""
    definition: dict[str, str] | None
    """A sentence, by language, where a label is not enough."""
    broader: tuple[str, ...]
    """The codes that this one is a kind of, as its scheme has it; empty where nothing here asks."""


class Scheme(NamedTuple):
    """A set of codes."""

    prefix: str
    """What its codes begin with."""
    version: str
    """Its version."""
    namespace: str
    """The address that the prefix stands for."""
    title: dict[str, str]
    """Its name, by language."""


def _read() -> tuple[dict[str, Scheme], dict[str, Code]]:
    schemes: dict[str, Scheme] = {}
    codes: dict[str, Code] = {}
    for file in sorted((files("ledger.vocabulary") / "schemes").iterdir(), key=str):
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        scheme = Scheme(data["prefix"], data["version"], data["namespace"], data["title"])
        schemes[scheme.prefix] = scheme
        for local, its in data["codes"].items():
            codes[f"{scheme.prefix}:{local}"] = _code(scheme, local, its)
    return schemes, codes


def _code(scheme: Scheme, local: str, its: dict[str, Any]) -> Code:
    defined = {language: its[f"definition_{language}"] for language in LANGUAGES if f"definition_{language}" in its}
    labels = {language: its[language] for language in LANGUAGES}
    broader = tuple(f"{scheme.prefix}:{each}" for each in its.get("broader", ()))
    return Code(f"{scheme.prefix}:{local}", scheme.prefix, scheme.version, labels, defined or None, broader)


SCHEMES, CODES = _read()


def label(code: str, language: str) -> str:
    """Return what people read in place of a code; the code itself if nobody knows it."""
    known = CODES.get(code)
    return known.labels.get(language, code) if known is not None else code


@lru_cache(maxsize=4_096)
def kinds(code: str) -> tuple[str, ...]:
    """Return a code and those that it is a kind of, the narrowest first; of one that nobody knows, itself."""
    found = [code]
    for each in found:
        known = CODES.get(each)
        found += [wider for wider in (known.broader if known is not None else ()) if wider not in found]
    return tuple(found)


def covered(code: str, by: Collection[str]) -> bool:
    """Return whether a code is among some, or one is that it is a kind of."""
    return any(each in by for each in kinds(code))


def related(one: str, other: str) -> bool:
    """Return whether one of two codes is a kind of the other, or both are the same."""
    return one in kinds(other) or other in kinds(one)
