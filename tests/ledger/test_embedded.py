"""The embedded server: who may reach it, and what outlives a kill."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ledger import system_user
from ledger.embedded import EmbeddedServer, NotStarted
from ledger.system_user import SystemUser

if TYPE_CHECKING:
    from collections.abc import Iterator

# Another process that uses the server: it says so, waits for a word, then stops it as it should.
USES = """
import sys
from pathlib import Path
from ledger.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1]), durable=False):
    print("started", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A data directory that the server's user can reach, with a cluster in it once a test has started one."""
    parent = Path(tempfile.mkdtemp(prefix="whosaw-embedded-"))
    parent.chmod(0o711)
    yield parent / "data"
    shutil.rmtree(parent)


@pytest.fixture
def running(place: Path) -> Iterator[EmbeddedServer]:
    """A server that this process uses alone."""
    with EmbeddedServer(place, durable=False) as embedded:
        yield embedded
    assert embedded.pid() is None


def another(place: Path) -> subprocess.Popen[str]:
    """Start another process that uses the server, and return once it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", USES, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def end(process: subprocess.Popen[str], *, kill: bool = False) -> None:
    """Let it finish, or not."""
    if kill:
        process.kill()
    process.communicate("\n")


def ask(embedded: EmbeddedServer, statement: str) -> list[tuple[object, ...]]:
    """Run a statement and return its rows."""
    with psycopg.connect(embedded.dsn(), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def kill_server(embedded: EmbeddedServer) -> None:
    """Kill the postmaster and return when it is dead, reaped or not."""
    pid = embedded.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while embedded.pid() is not None:
        time.sleep(0.01)


def test_it_listens_on_nothing_but_its_own_socket(running: EmbeddedServer) -> None:
    assert ask(running, "SHOW listen_addresses") == [("",)]
    server = psutil.Process(running.pid())
    for process in (server, *server.children()):
        with suppress(psutil.NoSuchProcess):  # The one that was just asked may be gone by now.
            assert process.net_connections("inet") == []
    assert ask(running, "SHOW unix_socket_directories") == [(str(running.socket),)]


def test_it_trusts_nobody(running: EmbeddedServer) -> None:
    assert ask(running, "SELECT DISTINCT type, auth_method, error FROM pg_hba_file_rules") == [
        ("local", "scram-sha-256", None)
    ]
    for guess in ("", "postgres", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(make_conninfo(running.dsn(), passfile="/dev/null", password=guess))
    secret = (running.directory / "pgpass").read_text(encoding="ascii").strip().rpartition(":")[2]
    assert len(secret) > 40
    assert secret not in running.dsn()


def test_nobody_else_of_this_machine_reaches_it(running: EmbeddedServer) -> None:
    for path in (running.directory, running.cluster, running.socket):
        assert path.stat().st_mode & 0o777 == 0o700
    for path in running.directory.iterdir():
        assert path.is_dir() or path.stat().st_mode & 0o777 == 0o600
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        stranger = SystemUser(nobody.pw_uid, nobody.pw_gid)
        assert stranger.may_enter(running.directory.parent)
        assert not stranger.may_enter(running.directory)
        assert not stranger.may_enter(running.socket)
        assert psutil.Process(running.pid()).uids().effective != 0


def test_what_it_logs_quotes_no_row(running: EmbeddedServer) -> None:
    ask(running, "CREATE TABLE person (mail text UNIQUE, age int CHECK (age < 200))")
    ask(running, "INSERT INTO person VALUES ('ann@example.org', 1)")
    for wrong in (
        "INSERT INTO person VALUES ('ann@example.org', 1)",
        "INSERT INTO person VALUES ('ann@example.org', 999)",
        "SELECT 'ann@example.org'::int",
        "SELEC 'ann@example.org'",
    ):
        with pytest.raises(psycopg.Error):
            ask(running, wrong)
    ask(running, "DROP TABLE person")
    assert b"ann@" not in (running.directory / "server.log").read_bytes()


def test_it_outlives_a_killed_process_and_the_next_one_finds_it_and_stops_it(place: Path) -> None:
    end(another(place), kill=True)
    embedded = EmbeddedServer(place, durable=False)
    left = embedded.pid()
    assert left is not None
    with embedded:
        assert embedded.pid() == left
        assert ask(embedded, "SELECT 1") == [(1,)]
    assert embedded.pid() is None
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


def test_the_last_of_several_processes_stops_it(place: Path) -> None:
    with EmbeddedServer(place, durable=False) as embedded:
        second = another(place)
        pid = embedded.pid()
        end(second)
        assert embedded.pid() == pid
        third = another(place)
    assert embedded.pid() == pid
    end(third)
    assert embedded.pid() is None


def test_a_killed_server_is_recovered_with_what_it_had_committed(place: Path) -> None:
    with EmbeddedServer(place) as embedded:
        ask(embedded, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS x")
        kill_server(embedded)
        with pytest.raises(psycopg.OperationalError):
            ask(embedded, "SELECT 1")
        with EmbeddedServer(place) as again:
            assert ask(again, "SELECT count(*) FROM kept") == [(1000,)]
            ask(again, "DROP TABLE kept")


def test_a_dead_server_s_number_that_a_stranger_has_now_does_not_stop_the_next(place: Path) -> None:
    with EmbeddedServer(place, durable=False) as embedded:
        file = embedded.cluster / "postmaster.pid"
        said = file.read_text(encoding="ascii")
        kill_server(embedded)
        file.write_text(said.replace(said.split("\n", 1)[0], str(os.getpid()), 1), encoding="ascii")
        assert embedded.pid() is None
        with EmbeddedServer(place, durable=False) as again:
            assert ask(again, "SELECT 1") == [(1,)]


def test_a_server_without_fsync_is_not_handed_out_as_durable(running: EmbeddedServer, place: Path) -> None:
    assert running.pid() is not None
    with pytest.raises(NotStarted, match="without fsync"):
        EmbeddedServer(place).start()


def test_a_path_too_long_for_a_socket_gets_a_short_one_and_wiping_leaves_nothing(place: Path) -> None:
    deep = place.parent / ("long-" * 20) / "data"
    embedded = EmbeddedServer(deep, durable=False)
    embedded.start()
    assert len(str(embedded.socket)) < len(str(deep))
    assert ask(embedded, "SELECT 1") == [(1,)]
    embedded.stop(wipe=True)
    embedded.stop()
    assert not deep.exists()
    assert not embedded.socket.exists()
    assert not [process for process in psutil.process_iter(["cmdline"]) if str(deep) in (process.info["cmdline"] or ())]


def test_a_place_that_can_not_be_written_is_one_clear_line(place: Path) -> None:
    file = place.parent / "file"
    file.write_text("", encoding="ascii")
    with pytest.raises(NotStarted, match="can not be used") as caught:
        EmbeddedServer(file / "data").start()
    assert "\n" not in str(caught.value)


def test_a_socket_directory_that_somebody_else_made_is_refused(place: Path) -> None:
    deep = place.parent / ("else-" * 20) / "data"
    embedded = EmbeddedServer(deep, durable=False)
    embedded.socket.symlink_to(place.parent)
    try:
        with pytest.raises(NotStarted, match="belongs to another"):
            embedded.start()
    finally:
        embedded.socket.unlink()


def test_the_system_user_is_made_although_somebody_else_holds_the_password_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = iter([False, False, True])  # two processes on a fresh machine want it at once
    nobody = pwd.getpwnam("nobody")
    there = False

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        nonlocal there
        there = next(made)
        return subprocess.CompletedProcess(command, 1, "", "useradd: cannot lock /etc/passwd; try again later.")

    def find(_: str) -> pwd.struct_passwd:
        if not there:
            raise KeyError
        return nobody

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/sbin/useradd")
    monkeypatch.setattr(pwd, "getpwnam", find)
    monkeypatch.setattr(system_user, "PAUSE_SECONDS", 0)
    assert SystemUser.of(tmp_path / "data") == (nobody.pw_uid, nobody.pw_gid)
