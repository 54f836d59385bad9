"""Every error of the command line is one clear line and an exit code that says which kind it is."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from api.cli import run
from api.cli.failure import Exit

if TYPE_CHECKING:
    from pathlib import Path

NOBODY_LISTENS = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHOSAW_URL", NOBODY_LISTENS)
    monkeypatch.setenv("WHOSAW_KEY", "wsk_anything")
    monkeypatch.delenv("WHOSAW_DATABASE_URL", raising=False)


def line_of(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that was said, and nothing else was."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("whosaw: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["dance"], "No such command 'dance'"),
        (["ask"], "Missing argument"),
        (["ask", "everything", "--purpose", "x:Y"], "'everything' is not one of"),
        (["ask", "views"], "Missing option '--purpose'"),
        (["demo", "--port", "70000"], "--port"),
        (["demo", "--scale", "7"], "--scale 7; expected 1, 10 or 100"),
        (["emit"], "Missing argument"),
        (
            ["report", "account", "--reference", "a:b", "--out", "x.txt"],
            "expected a name ending in .pdf, .json or .zip",
        ),
        (["report", "account", "--reference", "a:b", "--out", "x.pdf", "--language", "la"], "--language en or fr"),
        (
            ["keys", "issue", "king", "--label", "x"],
            "expected one of emitter, officer, regulator, compliance, legal, auditor, admin",
        ),
        (["rebuild", "nothing"], "expected one of holdings"),
    ],
)
def test_a_wrong_argument_is_one_line_and_code_2(
    arguments: list[str], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == Exit.ARGUMENT
    assert found in line_of(capsys)


def test_nothing_was_made_by_a_wrong_argument(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["demo", "--scale", "7"])
    line_of(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_reference_of_another_shape_is_never_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "views", "--purpose", "x:Y", "--reference", "jean@courriel.example"]) == Exit.ARGUMENT
    assert "jean" not in line_of(capsys)


def test_a_missing_key_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WHOSAW_KEY", "")
    assert run(["ask", "views", "--purpose", "x:Y", "--reference", "customer:C-1"]) == Exit.ARGUMENT
    assert "whosaw keys issue" in line_of(capsys)


def test_a_server_that_does_not_answer_is_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "views", "--purpose", "x:Y", "--reference", "customer:C-1"]) == Exit.UNREACHABLE
    assert "Connection refused" in line_of(capsys)


def test_an_address_that_is_none_is_code_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WHOSAW_URL", "ftp://ledger.example")
    assert run(["ask", "views", "--purpose", "x:Y", "--reference", "customer:C-1"]) == Exit.ARGUMENT
    assert "WHOSAW_URL is not a web address" in line_of(capsys)


def test_a_database_that_does_not_answer_is_code_3_and_its_password_stays_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHOSAW_DATABASE_URL", "postgresql://owner:secret@127.0.0.1:1/whosaw")
    assert run(["migrate"]) == Exit.UNREACHABLE
    said = line_of(capsys)
    assert "Connection refused" in said
    assert "secret" not in said


def test_a_database_address_that_is_none_is_code_2_and_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHOSAW_DATABASE_URL", "secret")
    assert run(["migrate"]) == Exit.ARGUMENT
    assert "secret" not in line_of(capsys)


def test_a_wrong_setting_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHOSAW_LOGS", "many")
    assert run(["migrate"]) == Exit.ARGUMENT
    assert line_of(capsys).startswith("whosaw: WHOSAW_LOGS: ")


def test_a_missing_file_is_code_5(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emit", "nowhere.json"]) == Exit.MACHINE
    assert "nowhere.json: No such file or directory" in line_of(capsys)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "the input is empty"),
        ("not json", "line 1, column 1 is not JSON"),
        ('{"id": "1"}\nnot json\n', "line 2 is not a JSON object"),
        ('{"id": "1"}\n[]\n', "line 2 is not a JSON object"),
        ('[{"id": "1"}, {"id": "2", "id": "3"}]', "is not JSON"),
        ('{"id": "1"', "is not JSON"),
    ],
)
def test_a_file_that_is_not_json_is_code_2_with_its_line(
    content: str, found: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events").write_text(content, encoding="utf-8")
    assert run(["emit", "events"]) == Exit.ARGUMENT
    assert found in line_of(capsys)


def test_a_folder_without_a_demo_can_not_be_wiped(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--wipe"]) == Exit.NO
    assert "holds no demo" in line_of(capsys)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == Exit.DONE
    assert capsys.readouterr().out.startswith("whosaw ")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == Exit.DONE
    said = capsys.readouterr().out
    for command in ("demo", "serve", "migrate", "follow", "rebuild", "emit", "ask", "report", "keys", "doctor"):
        assert f"\n  {command} " in said


def test_a_defect_is_one_line_without_its_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("jean@courriel.example")

    monkeypatch.setattr(json, "dumps", fail)
    assert run(["ask", "views", "--purpose", "x:Y", "--reference", "customer:C-1"]) == Exit.DEFECT
    said = line_of(capsys)
    assert "unexpected KeyError" in said
    assert "jean" not in said


def test_doctor_without_a_database_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == Exit.NO
    said = capsys.readouterr().out
    assert "WHOSAW_DATA_DIR" in said
    assert "make them with 'whosaw migrate'" in said
    assert list(tmp_path.iterdir()) == []
