"""verify.html says of every bundle what the command says, under the same codes: its script under node."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from whosaw_client.command import verify_entry
from whosaw_client.report import CODES, Refused
from whosaw_client.verify import Older, verify_bundle

from tests.client import test_archive, test_checks
from tests.client.bundles import closed, entry, opened, proof, without
from tests.client.page import NODE, PAGE, Node
from tests.client.test_checks import ACCOUNT, FORGERIES, HOSTILE
from tests.client.test_values import RAW, at, encoded, places
from tests.client.test_vectors import FOLDER, KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.client.conftest import Made

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node, whose WebCrypto stands for a browser's")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with Node(tmp_path) as running:
        yield running


def command(path: Path, key: str, since: Path | None = None, consistency: Path | None = None) -> dict[str, Any]:
    """Return the command's report, or what is wrong with its arguments."""
    tie = consistency.read_bytes() if consistency else None
    try:
        return verify_bundle(path, key, Older(since.read_bytes(), tie) if since else None).json()
    except Refused as error:
        return {"wrong": str(error)}


def outcome(report: dict[str, Any]) -> Any:
    """Return what both must say: verdict, every check with its place, facts, notes. They may show values otherwise."""
    if "wrong" in report:
        return "wrong"
    # Which of several things that are wrong with a zip's frame is named first is for each to choose.
    checks = [(each["code"], each["ok"], each["code"] == "archive" or _place(each)) for each in report["checks"]]
    facts = [report.get(name) for name in ("subject", "log", "size", "as_of", "covers", "entries", "position")]
    # A browser's numbers are those of JSON: beyond 2^53 it shows the nearest that it has.
    facts = [float(each) if isinstance(each, int) else each for each in facts]
    return report["verdict"], checks, facts, report["notes"], report["more"]


def _place(check: dict[str, Any]) -> str:
    where, kind, _ = str(check["where"]).partition(", holdings, ")
    return where + kind


def both(node: Node, path: Path, key: str, since: Path | None = None, consistency: Path | None = None) -> str:
    """Hold the two against each other; return the verdict."""
    said = command(path, key, since, consistency)
    assert outcome(node.verify(key, bundle=path, since=since, consistency=consistency)) == outcome(said)
    return str(said.get("verdict", "wrong"))


@pytest.mark.parametrize("name", KNOWN["bundles"])
def test_the_page_says_of_a_frozen_bundle_what_was_said(node: Node, name: str) -> None:
    known = KNOWN["bundles"][name]
    since = FOLDER / known["since"] if known["since"] else None
    said = node.verify(KNOWN["key"], bundle=FOLDER / name, since=since)
    assert said["verdict"] == known["verdict"]
    assert sorted({each["code"] for each in said["checks"] if not each["ok"]}) == known["failing"]
    both(node, FOLDER / name, KNOWN["key"], since)


def test_half_a_surrogate_pair_in_a_role_is_red_and_named(node: Node, made: Made, tmp_path: Path) -> None:
    files, row, path = opened(made.body), "logs/0/members/000000000002.json", tmp_path / "bundle.zip"
    path.write_bytes(closed(files | {row: re.sub(rb'"role": *"[^"]*"', rb'"role":"\\ud800"', files[row])}))
    for report in (node.verify(made.key, bundle=path), command(path, made.key)):
        check = next(each for each in report["checks"] if each["code"] == "membership")
        assert (check["ok"], check["where"]) == (False, f"{row}, role")
    assert outcome(node.verify(made.key, bundle=path)) == outcome(command(path, made.key))


def test_the_page_and_the_command_agree_on_every_forgery(node: Node, made: Made, tmp_path: Path) -> None:
    files, path = opened(made.body), tmp_path / "bundle.zip"
    for body in (made.body, made.others, made.alone):
        path.write_bytes(body)
        assert both(node, path, made.key) == "green"
    bodies = [closed(forge(files, made)) for _, forge in FORGERIES.values()]
    bodies += [*HOSTILE.values(), *(make() for make in test_archive.HOSTILE.values())]
    bodies += [closed(files | {name: raw}) for raw in RAW.values() for name in (ACCOUNT, entry(1), test_checks.HEADS)]
    bodies += [closed(files, manifest=raw) for raw in RAW.values()]
    bodies += [made.body[:length] for length in range(0, len(made.body), 9_001)]
    for body in bodies:
        path.write_bytes(body)
        assert both(node, path, made.key) == "red"


def test_every_flipped_byte_is_red_in_both(node: Node, made: Made, tmp_path: Path) -> None:
    chance, path = random.Random(2), tmp_path / "bundle.zip"
    body = closed(without(opened(made.body), "report/account.pdf"))
    for place in {*chance.sample(range(len(body)), 500), *range(len(body) - 300, len(body))}:
        changed = bytearray(body)
        changed[place] ^= chance.randrange(1, 256)
        path.write_bytes(changed)
        assert both(node, path, made.key) == "red", place


VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 1.0, 1e400, 2**53 + 1, 10**17, 10**30, "x", "A" * 43 + "=", "=1", [], {},
    [[]], [None], {"code": "pd:Name"}, {"code": 1}, {"label": "x"}, "0" * 32, "2026-11-01T10:00:00-05:00", "é𝔘＝",
)  # fmt: skip


@pytest.mark.parametrize("where", ["manifest.json", "elsewhere"])
def test_whatever_stands_anywhere_both_say_the_same(node: Node, made: Made, tmp_path: Path, where: str) -> None:
    files, chance, path = opened(made.body), random.Random(where), tmp_path / "bundle.zip"
    files = opened(closed(without(files, "report/account.pdf")))
    relisted = where == "elsewhere"
    names = [name for name in files if name.endswith(".json") and relisted is (name != "manifest.json")]
    verdicts: set[str] = set()
    for _ in range(600):
        name = ACCOUNT if ACCOUNT in names and chance.random() < 0.6 else chance.choice(names)
        document = json.loads(files[name])
        every = places(document)[1:]
        place = chance.choice(every)
        parent, last = at(document, place[:-1]), place[-1]
        what = chance.random()
        if what < 0.15:
            del parent[last]
        elif what < 0.3 and isinstance(parent, list):
            parent.insert(chance.randrange(len(parent) + 1), chance.choice(parent))
        elif what < 0.6:
            parent[last] = json.loads(json.dumps(at(document, chance.choice(every))))
        else:
            parent[last] = chance.choice(VALUES)
        path.write_bytes(closed(files | {name: encoded(document)}, relist=relisted))
        verdicts.add(both(node, path, made.key))
    assert verdicts == {"green", "red"}, "wording is free, and nothing else is"


CELLS = (
    b'"', b'""', b",", b"\r", b"\n", b"\r\n", b"\n\n", b"'", b"=1", b"[]", b"null", b"1", b" ", b"\x00", b"\xff",
    b"NaN", '"é＝"'.encode(), b'"a""b"', b'"a"b', b"[1,1.0]", b'"[""pd:Name""]"', b"\xef\xbb\xbf",
)  # fmt: skip


def test_whatever_stands_in_a_table_both_say_the_same(node: Node, made: Made, tmp_path: Path) -> None:
    files, chance, path = without(opened(made.body), "report/account.pdf"), random.Random(5), tmp_path / "bundle.zip"
    tables = [name for name in files if name.endswith(".csv")]
    verdicts: set[str] = set()
    for _ in range(500):
        name = chance.choice(tables)
        content, place = files[name], chance.randrange(len(files[name]) + 1)
        if chance.random() < 0.2:
            content = content.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\n\r\n", b"\n\r")))
        else:
            content = content[:place] + chance.choice(CELLS) + content[place + chance.randrange(3) :]
        path.write_bytes(closed(files | {name: content}))
        verdicts.add(both(node, path, made.key))
    assert verdicts == {"green", "red"}, "lines may end otherwise"


def test_an_older_checkpoint_is_tied_or_contradicted_in_both(node: Node, made: Made, tmp_path: Path) -> None:
    files = opened(made.body)
    tie = next(path for path in files if "/consistency/" in path)
    names = {"body": made.body, "older": made.older, "newer": made.newer, "tie": files[tie], "wrong": b"old 1\n\nx"}
    names |= {"untied": closed(without(files, tie)), "cut": files[tie].replace(b"\n", b"\n\n", 1)}
    names |= {"other": made.older.replace(b"log0\n", b"log1\n", 1), "same": files["logs/0/checkpoint"]}
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)
    verdicts = [
        both(node, tmp_path / bundle, made.key, tmp_path / since, tmp_path / consistency if consistency else None)
        for bundle in ("body", "untied")
        for since in ("older", "newer", "other", "same", "wrong")
        for consistency in (None, "tie", "cut", "wrong")
    ]
    assert verdicts.count("green") == 4 + 4 + 1 + 4


@pytest.mark.parametrize(
    "key", ["", "x", "a+b", "ledger.example/log0+00000000+AYqI", "a+b+" + "A" * 44, " {} \n", "{}=", "{}\x1f", "other"]
)
def test_what_is_a_key_is_one_for_both(node: Node, key: str) -> None:
    text = key.replace("{}", KNOWN["key"])
    if key == "other":
        text = json.loads((FOLDER.parent / "tree.json").read_text())["log"]["verifier_key"]
    both(node, FOLDER / "good.zip", text)


def test_one_entry_by_its_proof_is_the_same_for_both(node: Node, tmp_path: Path) -> None:
    files = opened((FOLDER / "good.zip").read_bytes())
    for name, path in (("entry", entry(1)), ("proof", proof(1)), ("other", entry(2))):
        (tmp_path / name).write_bytes(files[path])
    for one, another in (("proof", "entry"), ("proof", "other"), ("entry", "entry"), ("other", "proof")):
        said = verify_entry((tmp_path / one).read_bytes(), (tmp_path / another).read_bytes(), KNOWN["key"]).json()
        shown = node.verify(KNOWN["key"], proof=tmp_path / one, entry=tmp_path / another)
        assert outcome(shown) == outcome(said)


def test_the_page_is_one_file_that_nothing_else_is_loaded_into() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert text.count("<script") == text.count("</script>") == 1
    for loaded in ("http:", "https:", "src=", "href=", "url(", "@import", "import(", "fetch(", "XMLHttp", "innerHTML"):
        assert loaded not in text.lower().replace("innerhtml", "innerHTML").replace("xmlhttp", "XMLHttp"), loaded
    named = re.search(r"const CHECKS = \{(.*?)\n\};", text, re.DOTALL)
    assert named is not None
    assert tuple(re.findall(r"^  (\w+):", named[1], re.MULTILINE)) == CODES
