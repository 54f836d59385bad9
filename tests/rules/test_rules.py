"""Every rule: its words, its test, and that it is found by being a file."""

from __future__ import annotations

from pathlib import Path

import pytest

import projections.rules
from ledger.vocabulary.codes import CODES
from ledger.vocabulary.facts import FACTS
from projections.rules import RULES

FOLDER = Path(projections.rules.__file__).parent


def files() -> list[Path]:
    return [path for path in FOLDER.glob("*.py") if "\nRULE = " in path.read_text("utf-8")]


def test_a_rule_is_found_by_being_a_file() -> None:
    assert len(files()) == len(RULES) == len({each.code for each in RULES}) == 19


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_a_rule_is_one_small_file_with_one_test(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < 110
    assert (Path(__file__).parent / f"test_{path.stem}.py").exists()


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_all_that_a_rule_says_has_words_in_both_languages(path: Path) -> None:
    words = [piece for piece in path.read_text("utf-8").split('"') if piece.startswith("whosaw:")]
    assert words
    assert [word for word in words if word not in CODES] == []


def test_a_rule_judges_facts_that_there_are_and_names_a_version() -> None:
    for each in RULES:
        assert set(each.types) | set(each.gone) <= set(FACTS)
        assert each.types or each.gone
        assert each.version >= 1
        assert each.of is None or each.of in CODES
