"""The page about the vocabulary is the vocabulary's own."""

from __future__ import annotations

from pathlib import Path

from ledger.vocabulary import event_types
from ledger.vocabulary.page import page

PAGE = Path(__file__).parents[2] / "docs" / "vocabulary.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m ledger.vocabulary.page > docs/vocabulary.md"


def test_the_page_explains_every_type() -> None:
    text = page()
    assert all(f"### {name}\n" in text for name in event_types())
