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
    from collections.abc import Iterator
    from pathlib import Path

# A server's writer: it records one fact well, and freezes in the middle of the next group. Once it thaws it goes on.
FREEZES = """
import os, signal, sys, time
from pathlib import Path
from ledger import Keys, Ledger, ledger, recorder
from tests.ledger.facts import fact, used
dsn, folder, name, session, moment = sys.argv[1:]
ledger.SESSION = session
copy = recorder._copy
def stop():
    os.kill(os.getpid(), signal.SIGSTOP)
    # Another thread may take the signal first: this one must not get further meanwhile.
    time.sleep(1)
def freeze(cursor, statement, rows):
    recorder._copy = copy
    if moment == "between statements":
        copy(cursor, statement, rows)
        stop()
        return
    with cursor.copy(statement) as running:
        running.write(recorder.COPY_HEADER)
        while cursor.connection.pgconn.flush():
            pass
        stop()
        running.write(b"".join((*rows, recorder.COPY_TRAILER)))
with Ledger(dsn, Keys.open(Path(folder), name, 1), durable=False) as opened:
    opened.append([fact(opened, used("well", "C-1"))])
    recorder._copy = freeze
    print(opened.append([fact(opened, used("frozen", "C-1"))])[0].position, flush=True)
"""
SHORT = ledger.SESSION.replace("5s", "1s")
FOR_EVER = ledger.SESSION.replace("5s", "0")


@contextmanager
def frozen(dsn: str, folder: Path, session: str, moment: str) -> Iterator[subprocess.Popen[str]]:
    """A writer that is stopped and holds the head of its log."""
    program = [sys.executable, "-c", FREEZES, dsn, str(folder), NAME, session, moment]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, "it freezes")
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("moment", ["between statements"])
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


@pytest.mark.parametrize("moment", ["between statements", "in the middle of one"])
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
        assert waiting.result(60)[0].sequence == 3
