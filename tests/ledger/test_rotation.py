"""A log's signing key changes, and neither yesterday's verifiers nor tomorrow's are lost; a signer lives elsewhere."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import psycopg
import pytest

from ledger import Forked, Keys, Ledger, RolledBack, Unavailable, WrongLedger
from ledger.checkpoint import open_checkpoint
from ledger.merkle import EMPTY_ROOT, Growth, root_of
from ledger.migrate import create_logs
from ledger.rotation import begin, end, retired_keys
from ledger.signed_head import Head
from ledger.signer import Signer, Superseded
from ledger.signing_process import Line, SigningServer
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "ledger.example/rotation"


@pytest.fixture
def folder(database: str, tmp_path: Path) -> Path:
    create_logs(database, NAME, 1)
    Keys.create(tmp_path / "keys", NAME, 1)
    return tmp_path / "keys"


def record(dsn: str, keys: Keys, event_id: str) -> bytes:
    """Record one fact and return the checkpoint over it."""
    with Ledger(dsn, keys, durable=False) as ledger:
        (receipt,) = ledger.append([fact(ledger, used(event_id, "C-1"))])
        note = ledger.checkpoint(0, receipt.checkpoint)
    assert note is not None
    return note


def test_during_a_rotation_both_keys_sign_and_afterwards_the_new_one_alone(database: str, folder: Path) -> None:
    keys = Keys.open(folder, NAME, 1)
    old = keys.signers[0].verifier_key
    first = record(database, keys, "a")
    begin(folder, 0)
    keys = Keys.open(folder, NAME, 1)
    new, still = keys.signers[0].verifier_keys
    assert (new != old, still) == (True, old)
    both = record(database, keys, "b")
    assert open_checkpoint(both, old) == open_checkpoint(both, new)
    assert end(folder, 0, keys.signers[0]) == old
    keys = Keys.open(folder, NAME, 1)
    assert keys.signers[0].verifier_keys == (new,)
    assert retired_keys(folder, 0) == [old]
    last = record(database, keys, "c")
    assert open_checkpoint(last, new).size == 3
    with pytest.raises(ValueError, match="no signature by"):
        open_checkpoint(last, old)
    # What was signed before stays what it was.
    assert open_checkpoint(first, old).size == 1
    assert sorted(path.name for path in folder.iterdir()) == [
        "home.key", "kek", "log0.key", "log0.retired", "lookup.key", "signed",
    ]  # fmt: skip


def test_one_rotation_at_a_time(folder: Path) -> None:
    begin(folder, 0)
    with pytest.raises(WrongLedger, match="under way"):
        begin(folder, 0)
    end(folder, 0, Keys.open(folder, NAME, 1).signers[0])
    with pytest.raises(WrongLedger, match="found one key"):
        end(folder, 0, Keys.open(folder, NAME, 1).signers[0])


def test_a_rotation_that_stopped_at_any_step_is_gone_on_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Keys.open(folder, NAME, 1).signers[0].verifier_key

    def crash(*_: object) -> None:
        raise SystemError

    for place in ("ledger.rotation.os.link", "pathlib.Path.replace"):
        with monkeypatch.context() as patched:
            patched.setattr(place, crash)
            with pytest.raises(SystemError):
                begin(folder, 0)
        # A ledger that is opened now signs as before.
        assert Keys.open(folder, NAME, 1).signers[0].verifier_keys == (before,)
    begin(folder, 0)
    assert Keys.open(folder, NAME, 1).signers[0].verifier_keys[1] == before
    signer = Keys.open(folder, NAME, 1).signers[0]
    for place in ("pathlib.Path.replace", "pathlib.Path.unlink"):
        with monkeypatch.context() as patched:
            patched.setattr(place, crash)
            with pytest.raises(SystemError):
                end(folder, 0, signer)
    assert retired_keys(folder, 0) == [before]


@contextmanager
def signing(folder: Path, socket: Path) -> Iterator[SigningServer]:
    server = SigningServer(socket, [each for each in Keys.open(folder, NAME, 1).signers if isinstance(each, Signer)])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def apart(folder: Path) -> Path:
    """Move the log's key away from the ledger's others, as an operator would who wants it out of reach."""
    other = folder.parent / "signing"
    Keys.create(other, NAME, 1)
    (folder / "log0.key").replace(other / "log0.key")
    return other


def test_a_ledger_whose_key_is_in_another_process_signs_and_refuses_alike(database: str, folder: Path) -> None:
    socket = folder.parent / "s"
    elsewhere = apart(folder)
    with signing(elsewhere, socket):
        assert socket.stat().st_mode & 0o777 == 0o600
        keys = Keys.open(folder, NAME, 1, signing=socket)
        note = record(database, keys, "a")
        assert open_checkpoint(note, keys.signers[0].verifier_key).size == 1
        record(database, keys, "b")
        # What the process keeps, not what the ledger's side says, decides.
        with pytest.raises(Unavailable):
            keys.signers[0].sign(Head(2, bytes(32)), {2: bytes(32)})
        with pytest.raises(Forked):
            keys.signers[0].committed(Head(2, bytes(32)))
        with psycopg.connect(database) as connection:
            connection.execute("DELETE FROM ledger.entry WHERE position > 1")
            connection.execute("UPDATE ledger.log SET size = 1")
        with pytest.raises(RolledBack):
            record(database, keys, "c")


def test_a_signing_process_that_restarts_is_found_again(database: str, folder: Path) -> None:
    socket = folder.parent / "s"
    elsewhere = apart(folder)
    with signing(elsewhere, socket):
        keys = Keys.open(folder, NAME, 1, signing=socket)
        record(database, keys, "a")
    with signing(elsewhere, socket):
        record(database, keys, "b")
    with pytest.raises(Unavailable, match="does not answer"):
        Keys.open(folder, NAME, 1, signing=socket)


def test_the_process_takes_nobodys_word_for_what_a_head_grew_from(database: str, folder: Path) -> None:
    """Who has the API's process may have heads signed that extend the log, and no other history."""
    socket = folder.parent / "s"
    elsewhere = apart(folder)
    with signing(elsewhere, socket):
        keys = Keys.open(folder, NAME, 1, signing=socket)
        for event_id in "abc":
            record(database, keys, event_id)
        signer = keys.signers[0]
        newest = signer.newest()
        assert newest is not None
        other = [bytes((number,)) * 32 for number in range(5)]
        three, frontier = Head(3, root_of(other[:3])), {0: other[2], 1: root_of(other[:2])}
        forged = Head(5, root_of(other))
        for old, growth in (
            (newest, None),
            (newest, Growth(*newest, frontier, other[3:])),
            (three, Growth(*three, frontier, other[3:])),
            (Head(0, EMPTY_ROOT), Growth(0, EMPTY_ROOT, {}, other)),
        ):
            with pytest.raises(Superseded):
                signer.sign(forged, {old.size: old.root, newest.size: newest.root}, growth)
        with pytest.raises(Superseded):
            signer.committed(forged)
        assert signer.newest() == newest
        record(database, keys, "d")


def test_what_was_committed_while_the_process_was_away_is_proven_from_the_tiles(database: str, folder: Path) -> None:
    """A crash between the commit and the kept head, and the process has lost what it knew, too."""
    socket = folder.parent / "s"
    elsewhere = apart(folder)
    with signing(elsewhere, socket):
        keys = Keys.open(folder, NAME, 1, signing=socket)
        record(database, keys, "a")
        kept = (elsewhere / "signed" / "log0").read_bytes()
        with Ledger(database, keys, durable=False) as ledger:
            ledger.append([fact(ledger, used(f"b{number}", "C-1")) for number in range(700)])
    (elsewhere / "signed" / "log0").write_bytes(kept)
    with signing(elsewhere, socket):
        keys = Keys.open(folder, NAME, 1, signing=socket)
        with Ledger(database, keys, durable=False) as ledger:
            again = fact(ledger, used("b7", "C-1"))
            assert ledger.append([again])[0].repeated
            # That receipt may leave only when its head is kept.
            newest = keys.signers[0].newest()
            assert newest is not None
            assert newest.size == 701
            ledger.append([fact(ledger, used("c", "C-1"))])


def test_many_groups_are_signed_by_the_process_one_while_another_commits(database: str, folder: Path) -> None:
    socket = folder.parent / "s"
    elsewhere = apart(folder)
    with signing(elsewhere, socket):
        keys = Keys.open(folder, NAME, 1, signing=socket)
        with Ledger(database, keys, durable=False) as ledger, Ledger(database, keys, durable=False) as other:
            waiting = [
                each.submit([fact(each, used(f"{name}{number}", f"C-{number}"))])
                for number in range(100)
                for name, each in (("a", ledger), ("b", other))
            ]
            positions = [future.result(timeout=60)[0].position for future in waiting]
        assert sorted(positions) == list(range(1, 201))
        newest = keys.signers[0].newest()
        assert newest is not None
        assert newest.size == 200


def test_what_is_no_request_is_refused_and_the_process_lives_on(folder: Path) -> None:
    socket = folder.parent / "s"
    with signing(folder, socket):
        line = Line(socket)
        for request in (
            {}, {"do": "sign"}, {"do": "sign", "log": "another/log0"},
            {"do": "burn", "log": f"{NAME}/log0", "head": [1, ""]},
            {"do": "sign", "log": f"{NAME}/log0", "head": [1, "AAAA"], "from": {}},
            {"do": "sign", "log": f"{NAME}/log0", "head": [1, "A" * 43 + "="], "from": []},
        ):  # fmt: skip
            with pytest.raises(WrongLedger, match="expected a request"):
                line.ask(request)
        assert list(line.signers()) == [f"{NAME}/log0"]
        with pytest.raises(WrongLedger, match="another process signs here"):
            SigningServer(socket, [])


def test_a_caller_that_is_killed_leaves_no_trace(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder.parent / "s"
    with signing(folder, path):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))
            # Closed with an answer unread: the other end is told of a reset.
            caller.sendall(b'{"do":"keys"}\n' * 2_000)
        line = Line(path)
        assert list(line.signers()) == [f"{NAME}/log0"]
    assert capsys.readouterr().err == ""


def test_the_command_signs_until_it_is_told_to_stop(database: str, folder: Path) -> None:
    socket = folder.parent / "s"
    elsewhere = apart(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "signer", "--socket", str(socket)],
        env=os.environ | {"WHOSAW_KEYS_DIR": str(elsewhere), "WHOSAW_NAME": NAME},
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 20
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        keys = Keys.open(folder, NAME, 1, signing=socket)
        record(database, keys, "a")
    finally:
        process.terminate()
        _, complaint = process.communicate(timeout=10)
    assert process.returncode == 0, complaint
    assert not socket.exists()


@pytest.mark.parametrize("logs", [1, 3])
def test_the_command_rotates_and_retires_and_says_so_in_the_log_under_both_signatures(
    database: str, tmp_path: Path, logs: int
) -> None:
    create_logs(database, NAME, logs)
    keys = Keys.create(tmp_path / "keys", NAME, logs)
    chosen = logs - 1
    old = keys.signers[chosen].verifier_key
    with Ledger(database, keys, durable=False) as ledger:
        ledger.append([fact(ledger, used(f"e{number}", f"C-{number}")) for number in range(10)])

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", "keys", "rotate", str(chosen), *arguments],
            env=os.environ
            | {
                "WHOSAW_KEYS_DIR": str(tmp_path / "keys"), "WHOSAW_NAME": NAME, "WHOSAW_LOGS": str(logs),
                "WHOSAW_DATABASE_URL": database, "WHOSAW_DURABLE": "false",
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    new = command()
    assert new != old
    assert command("--retire") == new
    newest = command("--revoke")
    assert newest not in {old, new}
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT e.log_id, e.position, e.bytes, c.note FROM ledger.entry AS e JOIN ledger.checkpoint AS c"
            " ON c.log_id = e.log_id AND c.size = e.position WHERE type = 'ledger.key_changed' ORDER BY position"
        ).fetchall()
    assert [(log, json.loads(entry)["data"]["key_change"]) for log, _, entry, _ in rows] == [
        (chosen, "rotated"), (chosen, "retired"), (chosen, "revoked"),
    ]  # fmt: skip
    for (_, position, _, note), signers in zip(rows, [(old, new), (new,), (new, newest)], strict=True):
        for key in signers:
            assert open_checkpoint(note, key).size == position
    assert retired_keys(tmp_path / "keys", chosen) == [new, old]
