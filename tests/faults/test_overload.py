"""G15, G16: who reads slowly slows no append; who storms is refused at once, and what was taken is recorded."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import ExitStack
from http.client import HTTPConnection
from threading import Event, Lock
from typing import TYPE_CHECKING

import orjson
import psutil
import psycopg
import pytest

from tests.api.conftest import PURPOSE, SOURCE
from tests.checker import History, check
from tests.faults.serving import Emitter, Process, key, prepared, until
from tests.ledger.facts import used

if TYPE_CHECKING:
    from pathlib import Path

APPENDED = 3_000
BATCH = 50
SLOW_READERS = 20
GROWTH_BYTES = 50 * 1024 * 1024
IDLE = 500
STORM = 120
MOST = 16
HOLD_HEAD = "SELECT 1 FROM ledger.log FOR UPDATE"
HOLD_PROJECTIONS = "SELECT 1 FROM projections.progress FOR UPDATE"
SNAPSHOT = "SELECT count(*) FROM ledger.entry"
SIZE = "SELECT size FROM ledger.log"
# The control: a projection that is kept current inside the append.
COUPLED = """
    CREATE FUNCTION ledger.couple() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN PERFORM 1 FROM projections.progress FOR UPDATE; RETURN NULL; END $$;
    CREATE TRIGGER couple AFTER INSERT ON ledger.entry FOR EACH STATEMENT EXECUTE FUNCTION ledger.couple();
"""


def batches(name: str, facts: int) -> list[list[str]]:
    return [[f"{name}-{first + each}" for each in range(BATCH)] for first in range(0, facts, BATCH)]


def unread(server: Process, request: bytes) -> socket.socket:
    """Ask, and never read the answer."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(request)
    return connection


def test_slow_readers_and_a_stopped_projection_slow_no_append_and_take_no_memory(database: str, tmp_path: Path) -> None:
    keys, history = prepared(database, tmp_path), History()
    with Process(database, tmp_path, ["serve"], follow=True) as server, ExitStack() as stack:
        assert server.process is not None
        emitter = Emitter(server, database, keys, history)
        for batch in batches("before", 1_000):
            emitter.emit(batch)
        assert history.operations[0].receipt is not None
        path = f"/v1/subjects/{history.operations[0].receipt.stream}/timeline?limit=500"
        headers = key(database, "officer") | PURPOSE
        assert server.request("GET", path, None, headers)[0] == 200
        lines = [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join((f"GET {path} HTTP/1.1", "Host: whosaw", *lines, "", "")).encode()
        for _ in range(SLOW_READERS):
            stack.callback(unread(server, request).close)
        reader = stack.enter_context(psycopg.connect(database))
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute(SNAPSHOT)
        stopped = stack.enter_context(psycopg.connect(database))
        stopped.execute(HOLD_PROJECTIONS)
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        for batch in batches("meanwhile", APPENDED):
            emitter.emit(batch)
        # All of them are acknowledged, and everybody else is still where she was.
        assert emitter.acknowledged == APPENDED + 1_000
        assert process.memory_info().rss - before < GROWTH_BYTES
    assert check(history, database, [signer.verifier_key for signer in keys.signers]) == APPENDED + 1_000


def test_a_reader_that_appends_wait_for_would_be_noticed(database: str, tmp_path: Path) -> None:
    keys, history = prepared(database, tmp_path), History()
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(COUPLED)
    with Process(database, tmp_path, ["serve"]) as server, psycopg.connect(database) as stopped:
        emitter = Emitter(server, database, keys, history)
        stopped.execute(HOLD_PROJECTIONS)
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(emitter.emit, ["e1"])
            with pytest.raises(Late):
                waiting.result(3)
            assert emitter.acknowledged == 0
            stopped.rollback()
            waiting.result(60)


def storm(server: Process, database: str, held: int) -> tuple[dict[int, int], list[str]]:
    """Send many requests at once while the log is held; return what was answered meanwhile, and what was recorded.

    Args:
        server: Where.
        database: Its.
        held: How many requests must be waiting when the log is let go.
    """
    headers = key(database) | {"Content-Type": "application/json"}
    before: dict[int, int] = {}
    recorded: list[str] = []
    lock, released = Lock(), Event()
    asked: list[int] = []

    def send(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=90)
        connection.request("POST", "/v1/events", orjson.dumps(used(f"e{number}", "C-1", source=SOURCE)), headers)
        asked.append(number)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        with lock:
            if not released.is_set():
                before[answer.status] = before.get(answer.status, 0) + 1
                assert answer.headers["Retry-After"], "told to come back, but not when"
            elif answer.status == 201:
                recorded.append(f"e{number}")

    with ExitStack() as stack:
        for _ in range(IDLE):
            stack.callback(socket.create_connection(("127.0.0.1", server.port)).close)
        holder = stack.enter_context(psycopg.connect(database))
        holder.execute(HOLD_HEAD)
        threads = stack.enter_context(ThreadPoolExecutor(STORM))
        sent = [threads.submit(send, number) for number in range(STORM)]
        try:
            until(lambda: len(asked) == STORM, "everybody has asked")
            until(lambda: sum(before.values()) >= STORM - held, "who is too many is told")
            # Only the control waits here for answers, in vain.
            released.wait(2 if held == STORM else 0)
        finally:
            released.set()
            holder.rollback()
        for each in sent:
            each.result()
    return before, recorded


def test_a_storm_is_refused_at_once_and_what_was_taken_is_recorded(database: str, tmp_path: Path) -> None:
    prepared(database, tmp_path)
    with Process(database, tmp_path, ["serve"], max_requests=MOST) as server:
        refused, recorded = storm(server, database, MOST)
        assert set(refused) <= {429, 503}
        assert refused == {429: STORM - MOST}
        assert len(recorded) == MOST
        assert server.request("GET", "/livez")[0] == 200
    with psycopg.connect(database) as owner:
        assert owner.execute(SIZE).fetchone() == (MOST,)


def test_a_server_that_lets_everybody_wait_would_be_noticed(database: str, tmp_path: Path) -> None:
    prepared(database, tmp_path)
    with Process(database, tmp_path, ["serve"], max_requests=10 * STORM) as server:
        refused, recorded = storm(server, database, STORM)
        assert refused == {}
        assert len(recorded) == STORM
