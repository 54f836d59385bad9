"""G20: a writer that stops in the middle of its group lets go of the log after its time; its facts are not lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from ledger import Keys, Ledger, ledger
from ledger.migrate import create_logs
from tests.checker import History, check
from tests.conftest import NAME
from tests.faults.serving import until
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

# A server's writer: it records one fact well, and freezes in the middle of the next group. Once it thaws it goes on.
# Its group is megabytes, so that the half of the statement that the server does not take fills the socket.
FREEZES = """
import os, select, signal, sys, time
from pathlib import Path
from ledger import Keys, Ledger, ledger, recorder
from psycopg import OperationalError
from tests.ledger.facts import fact, used
dsn, folder, name, session, moment, size = sys.argv[1:]
ledger.SESSION = session
Recorder = recorder.LedgerRecorder
whole, lock = Recorder._execute, Recorder.lock
def stop():
    Recorder._execute, Recorder.lock = whole, lock
    os.kill(os.getpid(), signal.SIGSTOP)
    # Another thread may take the signal first: this one must not get further meanwhile.
    time.sleep(1)
def locked_and_frozen(self, connection):
    lock(self, connection)
    stop()
def half(self, connection, parameters):
    server = connection.pgconn
    whole(self, connection, [*parameters[:3], b"-1", *parameters[4:]])  # prepares; onto a size that no log has
    server.send_query_prepared(self._prepared[connection], parameters, recorder.FORMATS)
    assert server.flush(), "expected a part of the statement to wait, found all of it sent"
    stop()
    while server.flush():
        select.select([server.socket], [server.socket], [])
        server.consume_input()
    result = server.get_result()
    while server.get_result():
        pass
    return recorder._checked(connection, result).ntuples
with Ledger(dsn, Keys.open(Path(folder), name, 1), durable=False) as opened:
    opened.append([fact(opened, used("well", "C-1"))])
    facts = [fact(opened, used(f"frozen-{number}", "C-1")) for number in range(int(size))]
    if moment.startswith("within a statement"):
        Recorder._execute = half
    if moment.endswith("under the lock"):
        facts.append(facts[0])  # a repeat: it is looked for under the lock
    if moment == "between statements, under the lock":
        Recorder.lock = locked_and_frozen
    print(opened.append(facts)[0].position, flush=True)
"""
SIZE = 5_000
"""Facts in its group."""
WITHIN = "within a statement"
WITHIN_LOCKED = "within a statement, under the lock"
BETWEEN = "between statements, under the lock"
SHORT = ledger.SESSION.replace("5s", "1s")
FOR_EVER = ledger.SESSION.replace("5s", "0")


@contextmanager
def frozen(dsn: str, folder: Path, session: str, moment: str) -> Generator[subprocess.Popen[str]]:
    """A writer that is stopped and holds the head of its log."""
    program = [sys.executable, "-c", FREEZES, dsn, str(folder), NAME, session, moment, str(SIZE)]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, "it freezes")
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("moment", [WITHIN, WITHIN_LOCKED, BETWEEN])
def test_a_writer_that_stops_within_its_group_lets_others_go_on(moment: str, database: str, tmp_path: Path) -> None:
    create_logs(database, NAME, 1)
    keys, history = Keys.create(tmp_path / "keys", NAME, 1), History()
    with frozen(database, tmp_path / "keys", SHORT, moment) as writer, Ledger(database, keys, durable=False) as other:
        event = used("after", "C-1")
        operation = history.invoke(event["source"], event["id"])
        history.acknowledge(operation, other.submit([fact(other, event)]).result(60)[0])
        writer.send_signal(signal.SIGCONT)
        assert writer.stdout is not None
        # What it was at is recorded once, after what went past it.
        assert writer.stdout.readline() == "3\n"
        writer.wait(60)
    assert check(history, database, [signer.verifier_key for signer in keys.signers]) == 1


@pytest.mark.parametrize("moment", [WITHIN_LOCKED, BETWEEN])
def test_without_a_limit_a_stopped_writer_would_hold_the_log_for_ever(
    moment: str, database: str, tmp_path: Path
) -> None:
    create_logs(database, NAME, 1)
    keys = Keys.create(tmp_path / "keys", NAME, 1)
    with (
        frozen(database, tmp_path / "keys", FOR_EVER, moment) as writer,
        Ledger(database, keys, durable=False) as other,
    ):
        waiting = other.submit([fact(other, used("after", "C-1"))])
        with pytest.raises(Late):
            waiting.result(4)
        writer.send_signal(signal.SIGCONT)
        assert waiting.result(60)[0].sequence == SIZE + 2


def test_a_writer_that_stops_while_it_sends_its_group_holds_nothing(database: str, tmp_path: Path) -> None:
    create_logs(database, NAME, 1)
    keys = Keys.create(tmp_path / "keys", NAME, 1)
    with (
        frozen(database, tmp_path / "keys", FOR_EVER, WITHIN) as writer,
        Ledger(database, keys, durable=False) as other,
    ):
        assert other.submit([fact(other, used("after", "C-1"))]).result(60)[0].position == 2
        writer.send_signal(signal.SIGCONT)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "3\n"
        writer.wait(60)
