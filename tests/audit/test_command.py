"""`whosaw audit` as an operator runs it: on the sample company, after kills, and after being killed itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson
import psycopg

from api.cli import run
from api.cli.failure import Exit
from api.cli.storage import prepare
from api.cli.variables import read_settings
from api.outside.folder import keep, place_of
from ledger import Ledger, fact_of, snapshot
from ledger.vocabulary import parse_event
from projections.follow import Follower
from tests.audit.large import grow
from tests.checker import History
from tests.company.conftest import sample
from tests.faults.serving import NAME, Emitter, Process, prepared
from tests.faults.test_killed_server import kill_under_load
from tests.ledger.grown import Hand

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["sample"]
LOGS = 3
FACTS = 3_000
LARGE = 131_100
"""Three spans."""
PROGRAM = "from api.cli import main; main()"


def told(monkeypatch: pytest.MonkeyPatch, database: str, folder: Path, **more: str) -> None:
    """Tell commands where everything is."""
    monkeypatch.chdir(folder)
    settings = {"database_url": database, "data_dir": str(folder), "durable": "false", "log_level": "ERROR"} | more
    for name, value in settings.items():
        monkeypatch.setenv(f"WHOSAW_{name.upper()}", value)


def audited(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = Exit.DONE) -> dict[str, Any]:
    """Run the command in this process; return what it found."""
    capsys.readouterr()
    assert run(["audit", "--jobs", "1", "--json", *arguments]) == code, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_the_sample_company_is_whole_until_somebody_changes_it(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sample: list[dict[str, Any]],
) -> None:
    told(monkeypatch, database, tmp_path, logs=str(LOGS))
    keys, _ = prepare(database, read_settings())
    with Ledger(database, keys, durable=False) as ledger, Follower(database) as follower:
        facts = [fact_of(ledger.hashes, parse_event(orjson.dumps(each)), "key") for each in islice(sample, FACTS)]
        facts = [each for each in facts if each.link is None]
        for start in range(0, len(facts), 500):
            ledger.append(facts[start : start + 500])
        for log_id in range(LOGS):
            assert snapshot.make(ledger, log_id) is not None
            assert follower.wait(log_id, ledger.head(log_id), 60)
            note = ledger.checkpoint(log_id)
            assert note is not None
            keep(place_of(tmp_path / "papers", log_id, ledger.head(log_id)), note)
    found = audited(capsys, "--against", str(tmp_path / "papers"))
    assert (found["verdict"], found["findings"]) == ("whole", [])
    assert sum(each["counts"]["entries"] for each in found["logs"]) >= FACTS // 2
    assert [each["size"] for each in audited(capsys, "--log", "1")["logs"]] == [found["logs"][1]["size"]]
    with psycopg.connect(database, autocommit=True) as owner:
        row = owner.execute("""
            UPDATE projections.disclosure SET purpose = 'dpv:Marketing'
            WHERE (log_id, position) = (SELECT log_id, position FROM projections.disclosure ORDER BY 1, 2 LIMIT 1)
            RETURNING log_id, position
        """).fetchone()
    assert row is not None
    (finding,) = audited(capsys, code=Exit.NO)["findings"]
    assert (finding["log_id"], finding["position"], finding["kind"]) == (*row, "projection differs")
    # Nothing is left behind, and nothing was changed.
    assert list((tmp_path / "audit").iterdir()) == []
    assert len(audited(capsys, code=Exit.NO)["findings"]) == 1
    changed = next((tmp_path / "papers" / "2").iterdir())
    changed.write_bytes(changed.read_bytes().replace(b"/log2", b"/log1"))
    assert {each["where"] for each in audited(capsys, "--against", "papers", code=Exit.NO)["findings"]} == {
        "projections.disclosure", f"2/{changed.name}",
    }  # fmt: skip


def test_what_can_not_be_audited_is_said_in_one_line(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told(monkeypatch, database, tmp_path)
    prepare(database, read_settings())
    assert audited(capsys)["verdict"] == "whole"
    assert run(["audit", "--log", "1"]) == Exit.ARGUMENT
    assert run(["audit", "--against", "nowhere"]) == Exit.ARGUMENT
    assert capsys.readouterr().err.count("\n") == 2


def test_a_server_killed_under_load_leaves_what_audits_green(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, history = prepared(database, tmp_path), History()
    with Process(database, tmp_path, ["serve"], follow=True, snapshot_seconds=1) as server:
        kill_under_load(server, Emitter(server, database, keys, history), 3, 400)
    told(monkeypatch, database, tmp_path, name=NAME, keys_dir=str(tmp_path / "keys"))
    assert audited(capsys)["findings"] == []


def test_an_audit_that_is_killed_goes_on_where_it_was(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = prepared(database, tmp_path)
    hand = Hand(keys.signers[0].origin, bytes.fromhex((tmp_path / "keys" / "log0.key").read_text()))
    with psycopg.connect(database, autocommit=True) as owner:
        grow(owner, keys.lookup, hand, LARGE)
    told(monkeypatch, database, tmp_path, name=NAME, keys_dir=str(tmp_path / "keys"))
    command = (sys.executable, "-c", PROGRAM, "audit", "--jobs", "2")
    with subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL) as process:
        while not list((tmp_path / "audit").glob("*/0-0-65536-0")):
            assert process.poll() is None
            time.sleep(0.001)
        process.kill()
    # The whole of it, in processes of its own: what the first run had read is said.
    done = subprocess.run((*command, "--json"), env=os.environ, capture_output=True, check=True)
    (log,) = json.loads(done.stdout)["logs"]
    assert log["read_before"][0][:2] == [1, 65_536]
    assert sum(last - first + 1 for first, last, *_ in log["read"] + log["read_before"]) == LARGE
    # After an audit has come to its end, the next one reads everything.
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE ledger.entry SET type = 'data.disclosed' WHERE position = 65537")
        owner.execute("UPDATE ledger.tile SET hashes = set_byte(hashes, 70, 0) WHERE level = 1")
    findings = audited(capsys, code=Exit.NO)["findings"]
    assert [(each["kind"], each["position"]) for each in findings] == [
        ("tile edited", 2 * 256 + 1), ("row edited", 65_537), ("tile edited", 65_536 + 2 * 256 + 1),
    ]  # fmt: skip
