"""A commit whose wait for a standby was cancelled is not acknowledged, although the server calls it a success."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from ledger import Keys, Ledger
from ledger import writer as writing
from ledger.embedded import EmbeddedServer
from ledger.migrate import create_logs, migrate
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "ledger.example/standby"
CANCEL = """
    SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'
"""


@pytest.fixture
def waiting_server(tmp_path: Path) -> Iterator[str]:
    """A durable server which waits for a standby that does not exist."""
    with EmbeddedServer(tmp_path / "server") as server:
        dsn = server.dsn()
        migrate(dsn)
        create_logs(dsn, NAME, 1)
        yield dsn
        server.stop(wipe=True)


def wait_for(dsn: str, names: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")  # pyright: ignore[reportArgumentType, reportCallIssue]
        connection.execute("SELECT pg_reload_conf()")


def test_a_cancelled_wait_for_a_standby_is_no_acknowledgement(waiting_server: str, tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys", NAME, 1)
    with Ledger(waiting_server, keys) as ledger:
        ledger.append([fact(ledger, used("before", "C-1"))])
        wait_for(waiting_server, "nobody")
        # The ledger's own session hears of the setting a moment later.
        for number in range(100):
            future = ledger.submit([fact(ledger, used(f"during-{number}", "C-1"))])
            try:
                future.result(timeout=1.0)
            except TimeoutError:
                break
        with psycopg.connect(waiting_server, autocommit=True) as owner:
            owner.execute("SET synchronous_commit = local")
            cancelled = 0
            while cancelled < 3:
                row = owner.execute(CANCEL).fetchone()
                cancelled += row[0] if row else 0
                # It is there for everybody to see, but its emitter was not told so.
                assert not future.done()
                time.sleep(0.02)
            assert owner.execute("SELECT max(position) FROM ledger.entry").fetchone() == (number + 2,)
        wait_for(waiting_server, "")
        (receipt,) = future.result(timeout=writing.PATIENCE_SECONDS)
        assert receipt.position == receipt.sequence == ledger.head(0) == number + 2
