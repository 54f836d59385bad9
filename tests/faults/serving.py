"""The real server in a process of its own, which tests kill, and clients with retries that do not mind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from base64 import b64decode
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from threading import Lock, local
from typing import TYPE_CHECKING, Any, Self

import orjson
import psycopg

from api import access
from ledger import Keys, Receipt
from ledger.migrate import create_logs
from projections.install import install
from tests.api.conftest import SOURCE
from tests.ledger.facts import used

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.checker import History, Operation

NAME = "ledger.example/faults"
SERVE = "from api.cli import main; main()"
HASTY = "from tests.faults.hasty import main; main()"
"""The control: acknowledges before it commits."""
FOLLOWING = "whosaw: following"
LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
PATIENCE_SECONDS = 90.0
"""Only ever waited for in full by a test that fails."""


def until(there: Callable[[], Any], what: str) -> None:
    """Return once it is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not there():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)


class Process:
    """A whosaw process: started, killed, started again."""

    def __init__(self, dsn: str, folder: Path, command: Sequence[str], program: str = SERVE, **settings: Any) -> None:
        told = {
            "database_url": dsn, "name": NAME, "keys_dir": folder / "keys", "data_dir": folder, "durable": False,
            "port": 0, **settings,
        }  # fmt: skip
        self._environment = os.environ | {f"WHOSAW_{name.upper()}": str(value) for name, value in told.items()}
        self._command = (sys.executable, "-c", program, *command)
        self._said = folder / f"{command[0]}.err"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self._local = local()
        self._opened: list[HTTPConnection] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for connection in self._opened:
            connection.close()

    def start(self) -> None:
        """Return when it says that it works."""
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(self._command, env=self._environment, stderr=said)
        until(self._works, "the process starts")

    def kill(self) -> None:
        """Kill it as the kernel would: no word, no clean-up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def _works(self) -> bool:
        assert self.process is not None
        said = self._said.read_text()
        assert self.process.poll() is None, said
        found = LISTENING.search(said)
        if found is None:
            return FOLLOWING in said
        self.port = int(found[1])
        try:
            return self.request("GET", "/livez")[0] == 200
        except (OSError, HTTPException):
            return False

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Ask once, over the thread's own connection; return status and document."""
        kept: tuple[int, HTTPConnection] | None = getattr(self._local, "kept", None)
        if kept is None or kept[0] != self.port:
            kept = self.port, HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
            self._opened.append(kept[1])
            self._local.kept = kept
        try:
            kept[1].request(method, path, body, headers or {})
            answer = kept[1].getresponse()
            read = answer.read()
        except (OSError, HTTPException):
            kept[1].close()
            raise
        return answer.status, orjson.loads(read) if read else None


def prepared(dsn: str, folder: Path, logs: int = 1) -> Keys:
    """Give a migrated database its logs, projections and keys."""
    create_logs(dsn, NAME, logs)
    install(dsn)
    return Keys.create(folder / "keys", NAME, logs)


def key(dsn: str, role: str = "emitter") -> dict[str, str]:
    """Issue a key; return the header that carries it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        sources = [SOURCE] if role == "emitter" else []
        text = access.issue(connection, label="faults", scopes=access.ROLES[role], sources=sources)[0]
    return {"Authorization": f"Bearer {text}"}


class Emitter:
    """Emits over HTTP as a service should: the same ids again until there is an answer."""

    def __init__(self, server: Process, dsn: str, keys: Keys, history: History) -> None:
        self._server = server
        self._headers = key(dsn) | {"Content-Type": "application/json"}
        self._logs = {signer.origin: number for number, signer in enumerate(keys.signers)}
        self._history = history
        self._lock = Lock()
        self.acknowledged = 0

    def emit(self, ids: Sequence[str], times: int = 1) -> None:
        """Send a batch until it has been answered as often as asked."""
        events = [used(each, f"C-{hash(each) % 40}", source=SOURCE) for each in ids]
        operations = [self._history.invoke(SOURCE, each) for each in ids]
        for _ in range(times):
            self.send(events, operations)

    def send(self, events: list[dict[str, Any]], operations: list[Operation]) -> None:
        """Send until answered, once."""
        body = orjson.dumps(events)
        while True:
            try:
                status, document = self._server.request("POST", "/v1/events", body, self._headers)
            except (OSError, HTTPException, ValueError):
                # Killed before, during or after: the same ids again tell.
                time.sleep(0.02)
                continue
            if status in {429, 503}:
                time.sleep(0.02)
                continue
            assert status in {200, 201}, document
            for operation, receipt in zip(operations, document["receipts"], strict=True):
                self._history.acknowledge(operation, self._receipt(receipt))
            with self._lock:
                self.acknowledged += len(events)
            return

    def _receipt(self, document: dict[str, Any]) -> Receipt:
        return Receipt(
            document["source"],
            document["id"],
            document["log"],
            self._logs[document["log"]],
            document["position"],
            document["stream"],
            document["sequence"],
            b64decode(document["leaf"], validate=True),
            datetime.fromisoformat(document["appended"]),
            document["checkpoint"],
            repeated=document["repeated"],
        )
