"""The catalogues: both languages, every placeholder, every letter drawable."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api.report import glyphs
from api.report.account import Disclosure
from api.report.series import Series, grouped
from api.report.wording import LANGUAGES, Wording, catalogue
from ledger.vocabulary import WORDS


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    english, french = catalogue("en"), catalogue("fr")
    assert english.keys() == french.keys()
    for key, sentence in english.items():
        assert set(re.findall(r"{\w+}", sentence)) == set(re.findall(r"{\w+}", french[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_can_be_drawn_as_it_is(language: str) -> None:
    for sentence in catalogue(language).values():
        printer = glyphs.Printer()
        printer.text(sentence)
        assert not printer.named, sentence
        assert not printer.cut, sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_to_agree_has_a_sentence_of_its_own(language: str) -> None:
    sentences = {catalogue(language)[f"assent.{mode}"] for mode in WORDS["assent_mode"]}
    assert len(sentences) == len(WORDS["assent_mode"])


def test_french_sets_its_spaces_before_a_colon_and_in_guillemets() -> None:
    for key, sentence in catalogue("fr").items():
        assert not re.search(r" [:»]|« | ;", sentence), key


def test_a_value_with_braces_fills_a_placeholder_once() -> None:
    assert Wording("en").say("holdings.where", system="{system} {0}") == "in {system} {0}"


@pytest.mark.parametrize(("number", "form"), [(0, "none"), (1, "one"), (2, "other")])
def test_english_chooses_the_sentence_by_the_number(number: int, form: str) -> None:
    assert Wording("en").count("glance.views", number) == catalogue("en")[f"glance.views.{form}"]


def test_french_counts_zero_as_one() -> None:
    assert Wording("fr").count("disclosures.recipients", 0) == "0 organisme"
    assert Wording("fr").count("disclosures.recipients", 2_000_000) == "2\u00a0000\u00a0000 organismes"


def rhythm(times: list[str], **members: Any) -> Series:
    rows = grouped([Disclosure(time=time, purpose="p", **members) for time in times])
    assert len(rows) == 1
    return rows[0]


@pytest.mark.parametrize(
    ("times", "frequency"),
    [
        (["2026-01-01", "2026-01-02", "2026-01-03"], "daily"),
        (["2026-01-01", "2026-01-08", "2026-01-15"], "weekly"),
        (["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"], "monthly"),
        (["2025-01-01", "2025-04-01", "2025-07-01"], "quarterly"),
        (["2024-01-01", "2025-01-01", "2026-01-01"], "yearly"),
        (["2026-01-01", "2026-01-02", "2026-05-01"], "irregular"),
    ],
)
def test_a_series_has_the_rhythm_of_its_intervals(times: list[str], frequency: str) -> None:
    assert rhythm(times).frequency == frequency
    assert rhythm(times[::-1]).frequency == frequency


def test_a_series_begins_with_the_oldest_across_zones() -> None:
    times = ["2026-01-03T00:30:00+01:00", "2026-01-02T20:00:00-05:00", "2026-01-01T00:00:00Z"]
    assert [item.time for item in rhythm(times).disclosures] == [times[2], times[0], times[1]]


def test_two_alike_are_two_rows_and_an_authority_is_never_grouped() -> None:
    alike = [Disclosure(time="2026-01-01", purpose="p", mode="oral") for _ in range(2)]
    assert len(grouped(alike)) == 2
    ordered = [Disclosure(time="2026-01-01", purpose="p", authority="order") for _ in range(5)]
    assert len(grouped(ordered)) == 5
