"""Recording over HTTP: what the route costs beyond validating, what group commit gains, batches against in-process."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import psycopg

from api import access
from bench import scene
from bench.append import Feed, append_rate
from bench.event import SOURCE
from bench.measure import Row, compare
from ledger import Keys
from ledger.migrate import SCHEMA, create_logs, migrate

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

START_SECONDS = 30.0
BUSY = 0.8
"""From here on the load generator might answer for the figure; its own time is also the server's loss on few cores."""
STARTS = count(0, 100_000_000)
"""No two runs of the load generator send the same ids."""


class Server:
    """A server process and its key."""

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self.key = key

    def rate(self, clients: int, batch: int, seconds: float) -> float:
        """Load it from a process of its own; return events answered a second. Any answer but 2xx is an error."""
        done = subprocess.run(
            [
                *(sys.executable, "-m", "bench.load", "127.0.0.1", str(self.port), str(clients), str(seconds)),
                *(str(batch), self.key, str(next(STARTS))),
            ],
            check=True,
            capture_output=True,
            timeout=START_SECONDS + 10 * seconds,
        )
        outcome = json.loads(done.stdout)
        if outcome["bad"]:
            raise RuntimeError(f"{outcome['bad']} requests were not answered with 2xx")
        if outcome["processor"] > BUSY:
            scene.say(f"the load generator took {outcome['processor']:.0%} of a processor: it may be what was measured")
        return outcome["good"] * batch / outcome["seconds"]


@contextmanager
def serving(form: str, server: str, folder: Path) -> Generator[Server]:
    """A server of a fresh ledger."""
    with scene.database(server) as dsn:
        migrate(dsn, (SCHEMA, SCHEMA.parents[1] / "api" / "schema"))
        create_logs(dsn, scene.NAME, 1)
        data_dir = folder / secrets.token_hex(6)
        Keys.create(data_dir / "keys", scene.NAME, 1)
        with psycopg.connect(dsn) as connection:
            key, _ = access.issue(connection, label="bench", scopes=["events:write"], sources=[SOURCE])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen([sys.executable, "-m", "bench.server", form, str(port), str(data_dir), dsn])
        try:
            _await(port, process)
            yield Server(port, key)
        finally:
            process.terminate()
            process.wait()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


def one_event(server: str, folder: Path, seconds: float, runs: int) -> list[Row]:
    """One event a request, 64 clients: against validating only, and against no group commit."""
    with serving("whole", server, folder) as whole:
        with serving("validate", server, folder) as validate:
            first = compare(
                "one event a request, 64 clients, against validating only",
                ">= 0.70",
                lambda: whole.rate(64, 1, seconds),
                lambda: validate.rate(64, 1, seconds),
                runs,
            )
        with serving("alone", server, folder) as alone:
            second = compare(
                "one event a request, 64 clients, against no group commit",
                ">= 5.00",
                lambda: whole.rate(64, 1, seconds),
                lambda: alone.rate(64, 1, seconds),
                runs,
            )
    return [first, second]


def batches(server: str, folder: Path, seconds: float, size: int, runs: int) -> Row:
    """Batches of 100, 8 clients, against appending in process."""
    with serving("whole", server, folder) as whole, scene.ledger(server, folder) as (ledger, _):
        feed = Feed()
        feed.meet(ledger)
        return compare(
            "batches of 100 over HTTP, 8 clients, against in process",
            ">= 0.60",
            lambda: whole.rate(8, 100, seconds),
            lambda: append_rate(ledger, feed, size),
            runs,
        )
