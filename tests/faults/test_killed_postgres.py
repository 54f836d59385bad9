"""G2: kill -9 of PostgreSQL under load, the whole of it and single backends; what was acknowledged is there again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from ledger import Keys, Ledger, Overloaded, Unavailable
from ledger.embedded import EmbeddedServer
from ledger.migrate import create_logs, migrate
from tests.checker import History, check
from tests.conftest import NAME
from tests.faults.serving import until
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLS = 5
BACKENDS = 5
ACKNOWLEDGED = 2_000
CLIENTS = 8
LOGS = 2
INDEXES = """
    SELECT i.indexrelid::regclass::text, bt_index_check(i.indexrelid, true)
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_am AS a ON a.oid = (
        SELECT relam FROM pg_class WHERE oid = i.indexrelid)
    WHERE c.relnamespace = 'ledger'::regnamespace AND a.amname = 'btree'
"""
WRITERS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE '%ledger.%'
"""
# What no server of ours may run with: a commit is acknowledged while it is still in memory.
CARELESS = ("synchronous_commit = off", "wal_writer_delay = '10s'", "wal_writer_flush_after = '1GB'")


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A durable server of the test's own, where its user can reach it."""
    parent = Path(tempfile.mkdtemp(prefix="whosaw-killed-"))
    parent.chmod(0o711)
    with EmbeddedServer(parent / "data") as server:
        migrate(server.dsn())
        create_logs(server.dsn(), NAME, LOGS)
        yield server
    shutil.rmtree(parent)


def kill(server: EmbeddedServer) -> None:
    """Kill the postmaster, and its children before they can do anything about it."""
    number = server.pid()
    assert number is not None
    postmaster = psutil.Process(number)
    children = postmaster.children(recursive=True)
    postmaster.kill()
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, timeout=30)
    until(lambda: server.pid() is None, "the server is gone")


def load(ledger: Ledger, history: History, name: str, stop: Event) -> None:
    """Append as a client does whose ids never change, until told to stop."""
    chance, number = random.Random(name), 0
    while not stop.is_set():
        events = [used(f"{name}-{number}-{each}", f"C-{chance.randrange(40)}") for each in range(chance.randint(1, 6))]
        operations = [history.invoke(event["source"], event["id"]) for event in events]
        number += 1
        while True:
            try:
                receipts = ledger.append([fact(ledger, event) for event in events])
            except (Unavailable, Overloaded):
                time.sleep(0.05)
                continue
            break
        for operation, receipt in zip(operations, receipts, strict=True):
            history.acknowledge(operation, receipt)


def acknowledged(history: History) -> int:
    return sum(operation.receipt is not None for operation in list(history.operations))


def test_killing_postgres_loses_nothing_and_leaves_every_index_whole(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    keys, history, stop = Keys.create(tmp_path / "keys", NAME, LOGS), History(), Event()
    dsn = own_server.dsn()
    with Ledger(dsn, keys) as ledger, ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(load, ledger, history, f"client{number}", stop) for number in range(CLIENTS)]
        try:
            for step in range(1, KILLS + BACKENDS + 1):
                share = step * ACKNOWLEDGED // (KILLS + BACKENDS + 1)
                until(lambda share=share: acknowledged(history) >= share, "the clients get on")  # type: ignore[misc]
                if step % 2:
                    kill(own_server)
                    again = EmbeddedServer(own_server.directory)
                    again.start()
                    again.stop()  # The fixture holds it still.
                else:
                    kill_one_backend(dsn)
            until(lambda: acknowledged(history) >= ACKNOWLEDGED, "the clients get to the end")
        finally:
            stop.set()
        for client in clients:
            client.result()
    assert check(history, dsn, [signer.verifier_key for signer in keys.signers]) >= ACKNOWLEDGED
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("CREATE EXTENSION amcheck")
        checked = owner.execute(INDEXES).fetchall()
        assert len(checked) >= 8


def kill_one_backend(dsn: str) -> None:
    """Kill -9 one process of a session: PostgreSQL then restarts all of them, and recovers."""
    found: list[int] = []

    def look() -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(dsn, autocommit=True) as owner:
            found.extend(pid for (pid,) in owner.execute(WRITERS))
        return bool(found)

    until(look, "a backend writes")
    with suppress(ProcessLookupError):
        os.kill(random.choice(found), signal.SIGKILL)


def test_a_server_that_acknowledges_from_memory_is_refused_and_would_be_caught(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    keys, history = Keys.create(tmp_path / "keys", NAME, LOGS), History()
    dsn = own_server.dsn()
    with psycopg.connect(dsn, autocommit=True) as owner:
        for setting in CARELESS:
            owner.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[arg-type]
        owner.execute("CHECKPOINT")
    own_server.stop()
    own_server.start()
    with pytest.raises(Exception, match="synchronous_commit"):
        Ledger(dsn, keys)
    with Ledger(dsn, keys, durable=False) as ledger:
        for number in range(20):
            event = used(f"e{number}", "C-1")
            operation = history.invoke(event["source"], event["id"])
            history.acknowledge(operation, ledger.append([fact(ledger, event)])[0])
        kill(own_server)
    own_server.stop()
    own_server.start()
    with pytest.raises(AssertionError, match="acknowledged, but not there"):
        check(history, dsn, [signer.verifier_key for signer in keys.signers])
