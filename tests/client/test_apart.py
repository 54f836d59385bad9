"""The verifier stands apart: it shares no code with what it checks, and opens no connection."""

from __future__ import annotations

import ast
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import whosaw_client
from whosaw_client import command

from tests.client.bundles import closed, edited, opened
from tests.client.test_vectors import FOLDER, KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client.conftest import Made

ROOT = Path(__file__).resolve().parents[2]
CLIENT = Path(whosaw_client.__file__).parent
ALLOWED = {"cryptography", "whosaw_client", *sys.stdlib_module_names}
NETWORK = {"socket", "ssl", "http", "urllib", "ftplib", "smtplib", "asyncio", "subprocess", "ctypes", "socketserver"}
WITNESS = "witness.py"
"""A server: the one file that may be reached."""


def imported(path: Path) -> Iterator[str]:
    """Yield the first name of everything that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            yield str(node.module).split(".")[0]


def test_it_imports_the_standard_library_and_cryptography_only() -> None:
    files = sorted(CLIENT.glob("**/*.py"))
    assert len(files) > 10
    for path in files:
        names = set(imported(path))
        assert names <= ALLOWED, path.name
        assert path.name == WITNESS or not names & NETWORK, path.name
        assert not names & {"importlib", "runpy", "pickle", "marshal"}, path.name


def test_nothing_of_the_ledger_imports_it() -> None:
    for package in ("ledger", "projections", "api", "examples"):
        for path in (ROOT / package).glob("**/*.py"):
            assert "whosaw_client" not in set(imported(path)), path


def test_it_runs_where_nothing_of_ours_is_installed(tmp_path: Path) -> None:
    program = (
        "import sys; sys.meta_path.insert(0, type('Refuse', (), {'find_spec': staticmethod("
        "lambda name, *_: sys.exit(name) if name.split('.')[0] in {'ledger', 'projections', 'api', 'socket', '_socket'}"
        " else None)}));"
        "from whosaw_client.command import run; sys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(FOLDER / "good.zip"), "--key", KNOWN["key"], "--json"],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["verdict"] == "green"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("no connection is opened")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refused)


@pytest.mark.usefixtures("offline")
def test_the_report_for_programs_has_one_shape(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bodies = {
        "green": made.body,
        "red": closed(edited(opened(made.body), "report/account.json", lambda account: account["disclosures"].pop())),
        "key": made.body,
        "nothing": b"",
    }
    other = KNOWN["key"]
    for name, body in bodies.items():
        path = tmp_path / f"{name}.zip"
        path.write_bytes(body)
        code = command.run([str(path), "--json", "--key", other if name == "key" else made.key])
        printed = json.loads(capsys.readouterr().out)
        assert (code, printed["verdict"]) == ((0, "green") if name == "green" else (1, "red"))
        assert {"verdict", "checks", "more", "notes"} <= set(printed)
        for each in printed["checks"]:
            assert set(each) == {"code", "ok", "where", "expected", "found"}
            assert isinstance(each["ok"], bool)
            assert each["where"]
            assert each["ok"] or (each["expected"] and each["found"])
        if name in {"green", "red", "key"}:
            assert {"subject", "log", "size", "as_of", "covers", "entries"} <= set(printed)


@pytest.mark.usefixtures("offline")
def test_what_is_printed_for_people_says_where_and_what_to_do(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(made.body)
    assert command.run([str(path), "--key", made.key]) == command.GREEN
    green = capsys.readouterr().out
    assert "Do not rely" not in green
    assert "\033" not in green
    for wrong in (" 1 entries", " 1 files", " 1 disclosures", " 1 looks"):
        assert wrong not in green
    assert command.run([str(path), "--key", KNOWN["key"]]) == command.RED
    assert capsys.readouterr().out.splitlines()[-1].startswith("First make sure that the key is the one of this log")
    path.write_bytes(closed(edited(opened(made.body), "logs/0/heads.json", lambda heads: heads.update(streams=1))))
    assert command.run([str(path), "--key", made.key]) == command.RED
    assert capsys.readouterr().out.splitlines()[-1].startswith("Do not rely on this file.")


@pytest.mark.usefixtures("offline")
def test_wrong_arguments_are_told_from_a_red_bundle(made: Made, tmp_path: Path) -> None:
    path, key, note = tmp_path / "bundle.zip", tmp_path / "key", tmp_path / "note"
    path.write_bytes(made.body)
    key.write_text(made.key)
    note.write_bytes(made.older)
    good = [str(path), "--key", made.key]
    assert command.run([str(path), "--key", str(key)]) == command.GREEN
    assert command.run([*good, "--since", str(note)]) == command.GREEN
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe+\x00")
    for arguments in (
        [], [str(path)], ["--key", made.key], [*good, "--since", str(tmp_path / "none")],
        [*good, "--consistency", str(tmp_path / "none"), "--since", str(note)], [*good, "--proof", str(note)],
        [*good, "--entry", str(note)], ["--key", made.key, "--proof", str(note)], [*good, "--wrong"],
        [str(tmp_path), "--key", made.key], [str(path), "--key", str(tmp_path / "none")], [*good, "more"],
        [str(path), "--key", str(binary)], [str(path), "--key", str(tmp_path)], ["x\0.zip", "--key", made.key],
        [str(path), "--key", "x\0+"], [*good, "--consistency", str(note)], ["y" * 5_000, "--key", made.key],
    ):  # fmt: skip
        assert command.run(arguments) == command.WRONG, arguments
