"""The pages keep up with the code: what they name exists, what exists is named where it must be."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from api.cli.commands import app
from api.demo_guide import EVENT
from api.settings import PREFIX, Settings
from ledger.vocabulary import event_types, parse_event

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "docs" / "vocabulary.md"
"""Written by its own program, which has its own test."""
PAGES = sorted([
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *(path for path in (ROOT / "docs").rglob("*.md") if path != GENERATED),
])  # fmt: skip
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
TEST = re.compile(r"\btest_[a-z0-9_]+\b(?!\.py)")
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
ADDRESS = re.compile(r"/(?:v1(?:/[\w{}$-]+)*|livez|readyz|metrics)(?![\w/])")
OTHERS = {"WHOSAW_URL", "WHOSAW_KEY", "WHOSAW_DEBUG", "WHOSAW_PORT", "WHOSAW_TEST_DSN"}
"""Variables that are no settings: of the command line, of compose.yaml, of the tests."""


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(params=PAGES, ids=named)
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def links(path: Path) -> Iterator[tuple[str, str]]:
    """Yield text and target of each link to a place of our own."""
    for text, target in LINK.findall(path.read_text(encoding="utf-8")):
        if "://" not in target:
            yield text, target


def code(path: Path) -> str:
    """Return what a page shows as code, a piece a line; lines that go on are joined."""
    pieces = (block or inline for block, inline in CODE.findall(path.read_text(encoding="utf-8")))
    return "\n".join(pieces).replace("\\\n", " ")


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
        kept = (each for each in heading.lower() if each in " -_" or unicodedata.category(each)[0] in "LN")
        found.add("".join(kept).replace(" ", "-"))
    return found


def defined(path: Path) -> set[str]:
    """Return the names that a file defines: functions, classes, methods, constants."""
    return set(re.findall(r"^\s*(?:(?:async )?def |class )?(\w+)(?=\s*[:=(\[])", path.read_text("utf-8"), re.MULTILINE))


def all_tests() -> set[str]:
    """Return the name of every test."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return set(re.findall(r"^\s*def (test_\w+)", text, re.MULTILINE))


def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    lost: list[str] = []
    for _, target in links(page):
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            lost.append(target)
    assert lost == []


def test_a_name_that_links_to_a_file_is_defined_there(page: Path) -> None:
    lost: list[str] = []
    for text, target in links(page):
        path = (page.parent / target).resolve()
        name = text.strip("`")
        if text != name and path.suffix == ".py" and name.isidentifier() and name not in defined(path):
            lost.append(f"{name} in {target}")
    assert lost == []


@pytest.mark.parametrize("name", ["guarantees.md", "standards.md"])
def test_every_test_that_is_named_exists_and_is_linked(name: str) -> None:
    path = ROOT / "docs" / name
    found = set(TEST.findall(re.sub(r"\]\([^)]*\)", "]", path.read_text(encoding="utf-8"))))
    linked = {text.strip("`") for text, _ in links(path)}
    assert len(found) > 20
    assert found - all_tests() == set()
    assert found - linked == set()


def test_every_row_of_a_promise_names_a_test() -> None:
    for name in ("guarantees.md", "standards.md"):
        rows = [line for line in (ROOT / "docs" / name).read_text("utf-8").splitlines() if line.startswith("| ")]
        rows = [row for row in rows if not row.startswith(("| promise |", "| clause |", "| attack |"))]
        assert [row for row in rows if "`test_" not in row] == [], name


def test_every_command_exists(page: Path) -> None:
    group: Any = typer.main.get_command(app)
    commands = {name: set(getattr(command, "commands", ())) for name, command in group.commands.items()}
    lost = [
        f"{name} {word}".strip()
        for name, word in re.findall(r"\bwhosaw ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*)\b)?", code(page))
        if name not in commands or (commands[name] and word and word not in commands[name])
    ]
    assert lost == []


def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+)(?: [a-z]+)*:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    asked = set(re.findall(r"\bmake ([a-z]+)", code(page)))
    assert asked <= targets


def test_every_address_exists(page: Path) -> None:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    known = [re.compile(re.sub(r"\{\w+\}", r"[^/]+", path)) for path in document["paths"]]
    asked = {address for address in ADDRESS.findall(code(page)) if not address.startswith("/v1/codes/")}
    assert {each for each in asked if not any(path.fullmatch(each) for path in known)} == set()


def test_every_setting_is_in_the_table_with_its_default() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(WHOSAW_\w+)` \| (?:`([^`]*)`|none) \| (.+) \|$", text, re.MULTILINE)
    expected = [
        (PREFIX + name.upper(), "" if field.default is None else str(field.default), field.description)
        for name, field in Settings.model_fields.items()
    ]
    assert rows == expected


def test_no_page_names_a_variable_that_nothing_reads(page: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | OTHERS
    assert set(re.findall(r"WHOSAW_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8"))) <= known


def test_the_event_of_the_readme_is_the_one_that_the_demo_prints_and_is_valid() -> None:
    shown = re.search(r"-d '\n(\{.*?^\})'", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert json.loads(shown[1]) == EVENT
    assert parse_event(shown[1].encode()).type == EVENT["type"]


def test_the_commands_of_the_readme_name_the_server_once_so_that_any_port_will_do() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r".*127\.0\.0\.1.*", text) == ["URL=http://127.0.0.1:8000"]
    assert "WHOSAW_URL=$URL" in text


def test_the_changelog_counts_the_types_right() -> None:
    assert f"{len(event_types())} types of fact" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_decision_is_listed_and_has_a_status() -> None:
    folder = ROOT / "docs" / "decisions"
    decisions = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [target for _, target in links(folder / "README.md")] == [path.name for path in decisions]
    for number, path in enumerate(decisions, 1):
        title, _, status = path.read_text(encoding="utf-8").split("\n", 3)[:3]
        assert title.startswith(f"# {number:04} ")
        assert status.startswith("Status: ")
