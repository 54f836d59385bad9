"""Files that are text and were made to do harm: to a terminal, or to the memory of whoever reads them."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from whosaw_client import command
from whosaw_client.report import MOST_CHARACTERS
from whosaw_client.tables import MOST_CELLS
from whosaw_client.text import MOST_MARKS
from whosaw_client.verify import verify_bundle

from tests.client.bundles import closed, opened
from tests.client.page import NODE, Node
from tests.client.test_page import both

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.client.conftest import Made

    Change = Callable[[dict[str, Any]], object]

ESCAPE = "\x1b[2J\x1b[HGREEN  bundle.zip\n"
"""Clears a terminal and writes another verdict."""
VIEWS = "report/views.csv"


def listed(path: str) -> Change:
    return lambda manifest: manifest["files"].append({"path": path, "bytes": 1, "sha256": "0" * 64})


WORDS: dict[str, Change] = {
    "a path that a terminal obeys": listed(f"z{ESCAPE}"),
    "a path that is half a pair": listed("z\ud800"),
    "a path of a million letters": listed("z" * 1_000_000),
    "a language that a terminal obeys": lambda manifest: manifest.update(language=ESCAPE),
    "a language that is half a pair": lambda manifest: manifest.update(language="\ud800"),
}
CROWDED: dict[str, tuple[str, bytes]] = {
    "a report of empty lists": ("report/account.json", b'{"a":[' + b"[]," * (MOST_MARKS // 2) + b"[]]}"),
    "a manifest of numbers": ("manifest.json", b'{"a":[' + b"0," * MOST_MARKS + b"0]}"),
    "a table of one row of empty cells": (VIEWS, b"position" + b"," * 3_000_000),
    "a table of a few cells too many": (VIEWS, b"position" + b"," * MOST_CELLS),
    "a table of too many rows": (VIEWS, b"position\n" + b"1\n" * 1_000_000),
}


def with_manifest(made: Made, change: Change) -> bytes:
    """Return a bundle whose manifest, and nothing else, is another."""
    manifest: dict[str, Any] = json.loads(opened(made.body)["manifest.json"])
    change(manifest)
    return closed(opened(made.body), manifest=json.dumps(manifest).encode())


@pytest.mark.parametrize("name", WORDS)
def test_what_a_forger_wrote_is_shown_on_one_short_line(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(with_manifest(made, WORDS[name]))
    report = verify_bundle(path, made.key)
    assert command.run([str(path), "--key", made.key]) == command.RED
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    shown = printed.splitlines()
    assert len(shown) == 2 + len(report.findings) + len(report.notes)
    assert max(map(len, shown)) < 4 * MOST_CHARACTERS


def test_an_outcome_is_told_also_where_not_every_character_can_be_written(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "bundlé.zip", io.BytesIO()
    path.write_bytes(with_manifest(made, lambda manifest: manifest["as_of"].update(position="≤")))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="ascii"))
    monkeypatch.setattr(sys, "argv", ["whosaw-verify", str(path), "--key", made.key])
    with pytest.raises(SystemExit) as error:
        command.main()
    assert error.value.code == command.RED
    sys.stdout.flush()
    assert out.getvalue().startswith(b"RED  ")


@pytest.mark.parametrize("name", CROWDED)
def test_a_file_of_little_but_marks_costs_a_few_times_its_size(made: Made, tmp_path: Path, name: str) -> None:
    place, content = CROWDED[name]
    path, files = tmp_path / "bundle.zip", opened(made.body)
    path.write_bytes(closed(files, manifest=content) if place == "manifest.json" else closed(files | {place: content}))
    tracemalloc.start()
    report = verify_bundle(path, made.key)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [each.where for each in report.findings if not each.ok] == [place]
    assert most < 12 * path.stat().st_size


def test_empty_lines_of_a_table_are_passed_over_and_not_kept(made: Made, tmp_path: Path) -> None:
    path, files = tmp_path / "bundle.zip", opened(made.body)
    path.write_bytes(closed(files | {VIEWS: files[VIEWS] + b"\n" * 2_000_000}))
    tracemalloc.start()
    report = verify_bundle(path, made.key)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.green, report.findings
    assert most < 8 * path.stat().st_size


@pytest.mark.skipif(NODE is None, reason="needs node, whose WebCrypto stands for a browser's")
def test_the_page_says_the_same_of_all_of_them(made: Made, tmp_path: Path) -> None:
    path, files = tmp_path / "bundle.zip", opened(made.body)
    with Node(tmp_path) as node:
        for change in WORDS.values():
            path.write_bytes(with_manifest(made, change))
            assert both(node, path, made.key) == "red"
        for place, content in CROWDED.values():
            body = closed(files, manifest=content) if place == "manifest.json" else closed(files | {place: content})
            path.write_bytes(body)
            assert both(node, path, made.key) == "red"
        path.write_bytes(closed(files | {VIEWS: files[VIEWS] + b"\n" * 100_000}))
        assert both(node, path, made.key) == "green"
