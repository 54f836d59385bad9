"""The commands against a real server: a service emits, an officer asks, a regulator receives a report."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from api.cli import run
from api.cli.failure import Exit
from api.cli.place import listen
from api.cli.storage import prepare
from api.cli.variables import read_settings
from api.cli.web import serving
from examples.company.company import life
from examples.company.customers import customer

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

KEY = re.compile(r"^wsk_\S+$", re.MULTILINE)
PURPOSE = ("--purpose", "whosaw:AccessRequest")
WHOM = ("--reference", "customer:C-1007")


@contextmanager
def told(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Generator[None]:
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(f"WHOSAW_{name.upper()}", value)
        yield


BEHIND = "SELECT count(*) FROM projections.progress JOIN ledger.log USING (log_id) WHERE position < size"


@pytest.fixture
def served(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A served ledger of two logs, and an environment in which the commands find it."""
    monkeypatch.chdir(tmp_path)
    with told(monkeypatch, database_url=database, data_dir=str(tmp_path / "data"), logs="2", durable="false"):
        settings = read_settings(follow=True, log_level="ERROR")
        prepare(database, settings)
        with (
            listen("127.0.0.1", 0) as listener,
            serving(settings, database, listener) as url,
            told(monkeypatch, url=url),
        ):
            yield


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = Exit.DONE) -> tuple[str, str]:
    """Run a command; return what it wrote to standard output and to standard error."""
    capsys.readouterr()
    found = run(list(arguments))
    out, err = capsys.readouterr()
    assert found == code, err
    if arguments[0] == "emit":
        followed()
    return out, err


def followed() -> None:
    """Wait until what is recorded is folded: an answer tells as much as is."""
    with psycopg.connect(os.environ["WHOSAW_DATABASE_URL"], autocommit=True) as connection:
        deadline = time.monotonic() + 60
        while connection.execute(BEHIND).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def issued(capsys: pytest.CaptureFixture[str], role: str, *more: str) -> str:
    out, _ = said(capsys, "keys", "issue", role, "--label", "test", *more)
    assert KEY.fullmatch(out.strip())
    return out.strip()


def billing_events() -> list[dict[str, Any]]:
    acts = [act for act in life(2009, customer(2009, 7)) if act.source == "/services/billing"]
    return [act.event(number) for number, act in enumerate(acts, start=1)]


def lines(events: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


@pytest.fixture
def emitter(served: None, capsys: pytest.CaptureFixture[str]) -> str:
    return issued(capsys, "emitter", "--source", "/services/billing")


@pytest.fixture
def officer(served: None, capsys: pytest.CaptureFixture[str]) -> str:
    return issued(capsys, "officer")


def test_a_file_is_emitted_once_however_often_it_is_sent(
    emitter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = billing_events()
    (tmp_path / "events.ndjson").write_text(lines(events), encoding="utf-8")
    (tmp_path / "events.json").write_text(json.dumps(events, indent=2), encoding="utf-8")
    with told(monkeypatch, key=emitter):
        first, _ = said(capsys, "emit", "events.ndjson")
        again, _ = said(capsys, "emit", "events.json")
        receipts, summary = said(capsys, "emit", "events.json", "--receipts")
    assert first.startswith(f"{len(events)} recorded, 0 known already; ")
    assert again.startswith(f"0 recorded, {len(events)} known already; ")
    assert [json.loads(receipt)["id"] for receipt in receipts.splitlines()] == [event["id"] for event in events]
    assert summary == again


def test_wrong_events_are_named_by_line_and_pointer_and_nothing_is_recorded(
    emitter: str, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = billing_events()[:3]
    events[1]["data"] = {**events[1]["data"], "retained": "yes", "mode": "telepathy"}
    events[2]["type"] = "data.nonsense"
    (tmp_path / "events.ndjson").write_text(lines(events), encoding="utf-8")
    with told(monkeypatch, key=emitter):
        _, err = said(capsys, "emit", "events.ndjson", code=Exit.REFUSED)
    assert "\n  line 2: /data/" in err
    assert "\n  line 3: /type: " in err
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT sum(size) FROM ledger.log").fetchone() == (0,)


def test_an_officer_asks_and_her_questions_are_among_the_views(
    emitter: str, officer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "events.ndjson").write_text(lines(billing_events()), encoding="utf-8")
    with told(monkeypatch, key=emitter):
        said(capsys, "emit", "events.ndjson")
    with told(monkeypatch, key=officer):
        table, _ = said(capsys, "ask", "disclosures", *WHOM, *PURPOSE)
        rows, _ = said(capsys, "ask", "timeline", *WHOM, *PURPOSE, "--json")
        account, _ = said(capsys, "ask", "account", *WHOM, *PURPOSE)
        _, nobody = said(capsys, "ask", "views", "--reference", "customer:C-0", *PURPOSE, code=Exit.NO)
        _, refused = said(capsys, "ask", "views", *WHOM, "--purpose", "because", code=Exit.REFUSED)
    assert table.split(maxsplit=1)[0] == "time"
    types = {json.loads(row)["type"] for row in rows.splitlines()}
    assert types >= {"data.disclosed", "data.collected", "ledger.queried"}
    assert json.loads(account)["subject"]["id"]
    assert nobody == "whosaw: nobody is known by that customer reference\n"
    assert "/data/purpose: expected a code" in refused


def test_answers_of_many_pages_come_whole(
    emitter: str, officer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = billing_events()[0]
    many = [{**event, "id": f"many-{number}"} for number in range(230)]
    (tmp_path / "events.json").write_text(json.dumps(many), encoding="utf-8")
    with told(monkeypatch, key=emitter):
        said(capsys, "emit", "events.json")
    with told(monkeypatch, key=officer):
        rows, _ = said(capsys, "ask", "timeline", *WHOM, *PURPOSE, "--json")
    ids = [json.loads(row)["id"] for row in rows.splitlines() if json.loads(row)["type"] == event["type"]]
    assert sorted(ids) == sorted(each["id"] for each in many)


def test_a_report_is_a_file_that_nobody_else_can_read(
    emitter: str, officer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "events.ndjson").write_text(lines(billing_events()[:5]), encoding="utf-8")
    with told(monkeypatch, key=emitter):
        said(capsys, "emit", "events.ndjson")
    out = tmp_path / "account.pdf"
    with told(monkeypatch, key=officer):
        said(capsys, "report", "account", *WHOM, "--language", "fr", "--out", str(out))
        said(capsys, "report", "account", *WHOM, "--out", str(tmp_path / "account.json"))
    assert out.read_bytes().startswith(b"%PDF-")
    assert out.stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "account.json").read_bytes())["language"] == "en"
    assert list(tmp_path.glob(".account*")) == []


def test_a_key_of_the_wrong_scope_is_refused(
    emitter: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with told(monkeypatch, key=emitter):
        _, err = said(capsys, "ask", "views", *WHOM, *PURPOSE, code=Exit.REFUSED)
    assert "the server answered 403" in err


def test_keys_are_listed_without_their_text_and_revoked_once(officer: str, capsys: pytest.CaptureFixture[str]) -> None:
    table, _ = said(capsys, "keys", "list")
    assert officer not in table
    key_id = re.findall(r"^(key-\S+) ", table, re.MULTILINE)[0]
    said(capsys, "keys", "revoke", key_id)
    said(capsys, "keys", "revoke", key_id, code=Exit.NO)
    assert "revoked" in said(capsys, "keys", "list")[0]


def test_a_key_has_single_scopes_and_says_whose_it_is(served: None, capsys: pytest.CaptureFixture[str]) -> None:
    scopes = ("--scope", "clearances:ask", "--scope", "seal:city-police")
    text, told = said(capsys, "keys", "issue", *scopes, "--label", "night desk", "--person", "emp-7")
    assert KEY.fullmatch(text.strip())
    assert ": clearances:ask, seal:city-police, until" in told
    _, told = said(capsys, "keys", "issue", "auditor", "--scope", "holds:read", "--label", "both")
    assert "entries:read, holds:read, integrity:read" in told
    row = next(line for line in said(capsys, "keys", "list")[0].splitlines() if "night desk" in line)
    assert "emp-7" in row
    _, told = said(capsys, "keys", "issue", "--label", "nothing", code=Exit.ARGUMENT)
    assert "--scope" in told
    _, told = said(capsys, "keys", "issue", "--scope", "everything", "--label", "x", code=Exit.ARGUMENT)
    assert "found everything" in told
    said(capsys, "keys", "issue", "auditor", "--label", "x", "--person", " - ", code=Exit.ARGUMENT)


def test_an_emitters_key_needs_a_source(served: None, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = said(capsys, "keys", "issue", "emitter", "--label", "test", code=Exit.ARGUMENT)
    assert "--source" in err


def test_the_logs_public_keys_are_shown(served: None, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "keys", "log")
    assert [line.split("+")[0] for line in out.splitlines()] == [
        "whosaw.example/ledger/log0", "whosaw.example/ledger/log1",
    ]  # fmt: skip


def test_migrating_twice_changes_nothing(served: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "migrate")[0] == "nothing to do\n"


def test_a_rebuilt_projection_holds_the_same(
    emitter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "events.ndjson").write_text(lines(billing_events()), encoding="utf-8")
    with told(monkeypatch, key=emitter):
        said(capsys, "emit", "events.ndjson")
    assert said(capsys, "rebuild", "disclosures")[0].endswith("the old one held the same rows\n")


def test_doctor_finds_what_is_wrong(
    served: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "keys" / "kek").chmod(0o644)
    rows, _ = said(capsys, "doctor", "--json", code=Exit.NO)
    checks = {row["what"]: row for row in map(json.loads, rows.splitlines()) if "what" in row}
    assert not checks["key modes"]["well"]
    assert checks["key modes"]["found"] == "kek 0644"
    assert checks["database version"]["well"]
    assert checks["roles"]["well"]
    assert checks["logs"]["well"]
    with told(monkeypatch, name="another.example/ledger"):
        table, _ = said(capsys, "doctor", code=Exit.NO)
    assert "WRONG" in table


def test_a_busy_port_is_one_line(served: None, capsys: pytest.CaptureFixture[str]) -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        out, err = said(capsys, "serve", "--port", str(port), code=Exit.MACHINE)
    assert out == ""
    assert err == f"whosaw: port {port} of 127.0.0.1 is busy; stop what listens there, or choose another with --port\n"


def test_a_server_whose_signer_is_not_there_says_so_in_one_line(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with told(monkeypatch, database_url=database, data_dir=str(tmp_path / "data"), durable="false"):
        prepare(database, read_settings(log_level="ERROR"))
        capsys.readouterr()
        with told(monkeypatch, signing_socket=str(tmp_path / "nobody"), port="0"):
            assert run(["serve"]) not in {Exit.DONE, Exit.DEFECT}
    (line,) = capsys.readouterr().err.splitlines()
    assert "the signing process does not answer" in line
