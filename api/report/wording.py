"""Sentences, dates and numbers in the reader's language.

The sentences are data, in `words/<language>.toml`. Placeholders are filled by name; what fills them
is never read for placeholders again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_timezone_name
from babel.numbers import format_decimal

from api.report.account import Coded, code
from ledger.vocabulary import word

LANGUAGES = ("en", "fr")

HOME_ZONE = "America/Toronto"
"""The zone of an account that names none: where the product's first users are."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return every sentence of a language by its dotted key."""
    text = files("api.report").joinpath("words", f"{language}.toml").read_text("utf-8")
    flat = dict(_flatten("", tomllib.loads(text)))
    return flat if language == "en" else {key: _spaced(value) for key, value in flat.items()}


def _flatten(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, str):
            found.append((prefix + key, value))
        else:
            found += _flatten(f"{prefix}{key}.", cast("Mapping[str, Any]", value))
    return found


def _spaced(sentence: str) -> str:
    """Put the no-break spaces of Quebec typography: before a colon, inside guillemets.

    Source: Office québécois de la langue française, "Espacement avant et après les signes".
    """
    return re.sub(r" (?=[:»%])|(?<=«) ", "\N{NO-BREAK SPACE}", sentence).replace(" ;", ";")


class Wording:
    """The words of one report: immutable after construction, may be shared by threads."""

    def __init__(self, language: str, zone_name: str | None = None) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"a report is written in one of: {', '.join(LANGUAGES)}")
        self.language = language
        self._catalogue = catalogue(language)
        self._locale = Locale(language, "CA")
        try:
            self._zone = ZoneInfo(zone_name or HOME_ZONE)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            # A zone nobody knows must not cost the person her answer; the report says which it used.
            self._zone = ZoneInfo("UTC")

    def say(self, key: str, **values: str) -> str:
        """Return the sentence with its placeholders filled."""
        return self._catalogue[key].format_map(values)

    def count(self, key: str, number: int, **values: str) -> str:
        """Return the sentence for a number: `none` for zero where the catalogue has it."""
        form = "none" if number == 0 and f"{key}.none" in self._catalogue else None
        if form is None:
            form = "one" if self._locale.plural_form(number) == "one" else "other"
        return self.say(f"{key}.{form}", n=self.number(number), **values)

    def known(self, key: str) -> str | None:
        """Return the sentence, or None where the catalogue has no such key."""
        return self._catalogue.get(key)

    def word(self, of: str, value: Coded) -> str | None:
        """Return what people read in place of a closed word of the vocabulary; None for nothing.

        Args:
            of: The vocabulary's enumeration, such as origin.
            value: Comes with its label, or bare.
        """
        stated = code(value)
        return (stated.label or word(of, stated.code, self.language)) if stated else None

    def number(self, number: int) -> str:
        """Return the number as it is written in the language."""
        return format_decimal(number, locale=self._locale)

    def listed(self, items: list[str]) -> str:
        """Return the items as one phrase; items keep their own commas apart."""
        mark = "; " if any("," in item for item in items) else ", "
        return mark.join(items)

    @property
    def zone(self) -> str:
        """The zone of every time shown: its name for a reader, and its identifier."""
        name = get_timezone_name(self._zone, width="long", locale=self._locale)
        return name if self._zone.key == "UTC" else f"{name} ({self._zone.key})"

    def local(self, text: str) -> datetime | date | None:
        """Return a moment in the report's zone, a day as it is, or None if it is neither."""
        try:
            if len(text) == len("2026-11-23"):
                return date.fromisoformat(text)
            moment = datetime.fromisoformat(text)
            return moment.astimezone(self._zone) if moment.tzinfo else moment.date()
        except (ValueError, OverflowError):
            return None

    def day(self, text: str, precision: str | None = None, *, width: str = "medium") -> str:
        """Return the day in the report's zone; text that is no date comes back as it is.

        Args:
            text: RFC 3339, or a date alone.
            precision: month and year leave out what is not known.
            width: medium in tables, long in sentences.
        """
        local = self.local(text)
        if local is None:
            return text
        if precision == "year":
            return str(local.year)
        if precision == "month":
            return format_date(local, "LLLL y", locale=self._locale)
        shown = format_date(local, width, locale=self._locale)  # pyright: ignore[reportArgumentType]
        if self.language == "fr" and local.day == 1:
            shown = re.sub(r"^1(?=\s)", "1er", shown)
        # A day is one thing: it is not broken over two lines.
        return shown.replace(" ", "\N{NO-BREAK SPACE}")

    def clock(self, text: str, precision: str | None = None) -> str | None:
        """Return the time of day with its zone, or None where only the day is known."""
        local = self.local(text)
        if precision not in {None, "exact"} or not isinstance(local, datetime):
            return None
        shown = format_time(local, "short", tzinfo=self._zone, locale=self._locale)
        zone = format_datetime(local, "z", tzinfo=self._zone, locale=self._locale)
        return f"{shown} {zone}".replace(" ", "\N{NO-BREAK SPACE}")

    def moment(self, text: str) -> str:
        """Return the day in full and the time of day with its zone."""
        clock = self.clock(text)
        day = self.day(text, width="long")
        return f"{day}, {clock}" if clock else day
