# pyright: reportPrivateUsage=false
"""The snapshots' clock, what an operator sees of it, and that a sealed stream shows in no answer."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from api import snapshot_clock
from api.cli import snapshots
from api.cli.storage import prepare
from api.cli.variables import read_settings
from api.snapshot_clock import ANY_POSITION, SnapshotClock
from ledger import Ledger, Unavailable, snapshot
from ledger.heads import label
from tests.api.conftest import event
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from ledger.snapshot import Snapshot
    from tests.api.conftest import Service

LONGEST_SECONDS = 20.0


def until(found: Callable[[], Any]) -> Any:
    """Wait until something is found and return it."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        if what := found():
            return what
        time.sleep(0.02)
    raise AssertionError("it never came")


def newest(ledger: Ledger, log_id: int) -> Snapshot | None:
    with ledger.connection() as connection:
        return snapshot.newest(connection, log_id, ANY_POSITION)


def test_the_clock_makes_a_snapshot_of_each_log_and_then_the_next(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(2)
    ledger.append([fact(ledger, used(f"e{number}", f"C-{number}")) for number in range(20)])
    clock = SnapshotClock(ledger, 1)
    clock.start()
    try:
        first = until(lambda: all(newest(ledger, log_id) for log_id in range(2)) and newest(ledger, 0))
        ledger.append([fact(ledger, used(f"f{number}", f"C-{number}")) for number in range(20)])
        until(lambda: newest(ledger, 0) != first)
    finally:
        clock.stop()
    second = newest(ledger, 0)
    assert second is not None
    assert second.recorded.timestamp() - first.recorded.timestamp() >= 1


def test_a_restart_does_not_hurry_the_clock(ledger: Ledger) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    made = snapshot.make(ledger, 0)
    ledger.append([fact(ledger, used("e2", "C-1"))])
    clock = SnapshotClock(ledger, 100)
    assert 90 < clock._turn(0) <= 100
    assert newest(ledger, 0) == made


def test_a_database_that_is_away_is_tried_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> None:
        raise Unavailable("a secret")

    clock = SnapshotClock(ledger, 1)
    clock._began -= 10
    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr(snapshot, "make", refuse)
        assert clock._turn(0) == 1
    assert [record.getMessage() for record in caplog.records] == ["no snapshot was made"]
    assert "secret" not in caplog.text
    ledger.append([fact(ledger, used("e1", "C-1"))])
    clock._turn(0)
    assert newest(ledger, 0) is not None


def test_stopping_gives_up_what_is_being_made(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []

    def long(_ledger: Ledger, _log_id: int, watch: Callable[[str, int, int], None]) -> None:
        for _ in range(10_000):
            begun.append(True)
            watch("entries", 1, 2)
            time.sleep(0.01)

    monkeypatch.setattr(snapshot, "make", long)
    monkeypatch.setattr(snapshot_clock, "FIRST_SECONDS", 0.0)
    clock = SnapshotClock(ledger, 1)
    clock.start()
    until(lambda: begun)
    clock.stop()
    assert len(begun) < 1_000


def test_nothing_but_the_clock_and_the_command_makes_a_snapshot() -> None:
    """A snapshot that follows a question would tell an observer whom it was about."""
    root = Path(snapshot_clock.__file__).parent
    callers = {path.name for path in root.rglob("*.py") if "snapshot.make(" in path.read_text(encoding="utf-8")}
    users = {path.name for path in root.rglob("*.py") if "of_each_log(" in path.read_text(encoding="utf-8")}
    assert callers == {"snapshot_clock.py", "snapshots.py"}
    assert users == {"snapshots.py", "demo.py"}


def test_no_clock_is_wound_up_for_zero_seconds(start: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.app.SnapshotClock", None)
    assert start(snapshot_seconds=0).client.get("/livez").status_code == 200


def test_the_age_of_the_newest_snapshot_is_a_figure(service: Service) -> None:
    assert 'whosaw_snapshot_age_seconds{log="0"}' not in service.client.get("/metrics").text
    service.record(event())
    assert snapshot.make(service.state.ledger, 0) is not None
    assert 'whosaw_snapshot_age_seconds{log="0"} 0' in service.client.get("/metrics").text


def test_the_command_makes_one_for_each_log(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"DATABASE_URL": database, "LOGS": "2", "DURABLE": "false"}.items():
        monkeypatch.setenv(f"WHOSAW_{name}", value)
    keys, _ = prepare(database, read_settings())
    with Ledger(database, keys, durable=False) as ledger:
        ledger.append([fact(ledger, used(f"e{number}", f"C-{number}")) for number in range(20)])
        size = ledger.head(1)
    snapshots.make_all()
    assert f"up to position {size}, in entry {size + 1}" in capsys.readouterr().out.splitlines()[1]
    snapshots.make_all()
    assert capsys.readouterr().out.count("nothing new") == 2


def test_a_sealed_stream_shows_in_no_answer_about_the_person(service: Service) -> None:
    """Neither its id nor its label, before a snapshot or after, and no answer changes with what is sealed."""
    service.record(event(customer="C-1"), event("data.viewed", customer="C-1"))
    subject = service.look_up("C-1")
    service.follow(2)
    before = [service.ask(f"/v1/subjects/{subject}/{what}").json() for what in ("holdings", "disclosures", "views")]
    service.record(event("data.disclosed", customer="C-1", visibility="sealed"))
    ledger = service.state.ledger
    made = snapshot.make(ledger, 0)
    assert made is not None
    with psycopg.connect(service.dsn) as connection:
        (found,) = connection.execute(
            "SELECT subject FROM ledger.reference WHERE digest = %s",
            (UUID(bytes=ledger.hashes.sealed(bytes.fromhex(subject))),),
        )
    hidden: UUID = found[0]
    with ledger.connection() as reader:
        head = snapshot.head_of(reader, made, "stream", bytes.fromhex(subject))
        sealed = snapshot.head_of(reader, made, "stream", hidden.bytes)
    assert sealed.kind == "stream"
    assert hidden.hex not in str(head)
    named = (hidden.hex, str(hidden), label("stream", hidden.bytes).hex())
    for what in ("holdings", "disclosures", "views", "timeline"):
        answer = service.ask(f"/v1/subjects/{subject}/{what}?min_position={made.entry_position}")
        assert not any(name in answer.text for name in named), what
    after = [service.ask(f"/v1/subjects/{subject}/{what}").json() for what in ("holdings", "disclosures")]
    assert [len(each.get("items", [])) for each in after] == [len(each.get("items", [])) for each in before[:2]]
