"""G5: the connection is cut around COMMIT. Nobody is told success or failure; the same ids again tell what is true."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger import Keys, Ledger, Unavailable
from ledger import writer as writing
from ledger.migrate import create_logs
from ledger.recorder import PREPARED
from tests.api.conftest import event, running
from tests.checker import History, check
from tests.conftest import NAME
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.group import Group

CUTS = 20
PORT_FILE = ".s.PGSQL.5432"
BIND = b"B"
"""How a message begins that sends a statement's parameters."""
COUNT = "SELECT count(*) FROM ledger.entry WHERE position > %s"


class Cutter:
    """A way to the server that can be cut: just before COMMIT reaches it, or just after it has answered."""

    def __init__(self, dsn: str, folder: Path) -> None:
        host = str(conninfo_to_dict(dsn)["host"])
        self.dsn = make_conninfo(dsn, host=str(folder))
        self.cuts = 0
        self.broken = Event()
        """While set, nobody else gets through: the server stays away after the cut."""
        self._server = str(Path(host) / PORT_FILE)
        self._armed: str | None = None
        self._stay_away = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / PORT_FILE))
        self._listener.listen(64)
        self._threads: list[Thread] = []
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # shutdown wakes up whoever waits in accept or recv; close alone would not.
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._sockets):
            each.close()

    def arm(self, moment: str, *, stay_away: bool = False) -> None:
        """Cut at the next commit of a group: "before" the server sees it, or "after" it has done it."""
        self._stay_away = stay_away
        self._armed = moment

    def _run(self, target: Any, *arguments: Any) -> None:
        thread = Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                self._sockets += [client, server]
                if self.broken.is_set():
                    _end(client)
                    continue
                server.connect(self._server)
                self._run(self._forward, client, server)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the client says, and at the armed moment nothing any more; the answers pass beside."""
        muted = Event()
        self._run(_answer, server, client, muted)
        holds = False
        with suppress(OSError):
            while said := client.recv(1 << 20):
                if self.broken.is_set():
                    break
                holds = holds or b"BEGIN" in said
                # A group is one statement; it is its own transaction, unless the head was locked before.
                commits = b"COMMIT" in said if holds else said[:1] == BIND and PREPARED in said
                if self._armed is not None and commits:
                    moment, self._armed = self._armed, None
                    if self._stay_away:
                        self.broken.set()
                    self.cuts += 1
                    if moment == "after":
                        muted.set()
                        server.sendall(said)
                        # It answers a closing only when it has done everything before.
                        server.shutdown(socket.SHUT_WR)
                        while server.recv(1 << 16):
                            pass
                    break
                server.sendall(said)
        _end(client)
        _end(server)


def _answer(server: socket.socket, client: socket.socket, muted: Event) -> None:
    with suppress(OSError):
        while said := server.recv(1 << 20):
            if muted.is_set():
                return
            client.sendall(said)
    _end(client)


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cutter(database: str, tmp_path: Path) -> Iterator[Cutter]:
    with Cutter(database, tmp_path) as cutter:
        yield cutter


@pytest.fixture
def keys(database: str, tmp_path: Path) -> Keys:
    create_logs(database, NAME, 1)
    return Keys.create(tmp_path / "keys", NAME, 1)


def verifiers(keys: Keys) -> list[str]:
    return [signer.verifier_key for signer in keys.signers]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_commit_that_is_cut_off_is_looked_for_and_acknowledged_once(
    moment: str, cutter: Cutter, database: str, keys: Keys
) -> None:
    history = History()
    with Ledger(cutter.dsn, keys, durable=False) as ledger:
        for number in range(CUTS):
            cutter.arm(moment)
            fresh = used(f"e{number}", f"C-{number % 3}")
            operation = history.invoke(fresh["source"], fresh["id"])
            for _ in range(2):
                history.acknowledge(operation, ledger.append([fact(ledger, fresh)])[0])
            assert cutter.cuts == number + 1
            assert operation.receipt is not None
            assert operation.receipt.position == number + 1
    assert check(history, database, verifiers(keys)) == CUTS


@pytest.mark.parametrize(("moment", "status"), [("before", 201), ("after", 200)])
def test_an_unknown_outcome_is_called_unknown_and_a_retry_tells(
    moment: str, status: int, cutter: Cutter, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PATIENCE_SECONDS", 0.0)
    with running(cutter.dsn, tmp_path, follow=False) as service:
        service.record(event())
        sent = event()
        cutter.arm(moment, stay_away=True)
        unknown = service.send(sent)
        assert (unknown.status_code, unknown.json()["code"]) == (503, "unavailable")
        assert unknown.headers["retry-after"]
        with psycopg.connect(database) as owner:
            assert owner.execute(COUNT, (1,)).fetchone() == (int(moment == "after"),)
        cutter.broken.clear()
        told = service.send(sent)
        while told.status_code == 503:
            time.sleep(0.02)
            told = service.send(sent)
        assert (told.status_code, told.json()["position"], told.json()["repeated"]) == (status, 2, status == 200)


def test_a_lost_answer_that_is_called_a_failure_is_caught(
    cutter: Cutter, database: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PATIENCE_SECONDS", 0.0)
    history = History()
    with Ledger(cutter.dsn, keys, durable=False) as ledger:
        operation = history.invoke("/services/billing", "e1")
        cutter.arm("after", stay_away=True)
        with pytest.raises(Unavailable):
            ledger.append([fact(ledger, used("e1", "C-1"))])
        operation.refused = True
        cutter.broken.clear()
    with pytest.raises(AssertionError, match="refused, but there"):
        check(history, database, verifiers(keys))


def test_a_lost_answer_that_is_called_a_success_is_caught(
    cutter: Cutter, database: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History()
    with Ledger(cutter.dsn, keys, durable=False) as ledger:
        commit = ledger.recorders[0].commit

        def hopeful(connection: psycopg.Connection[Any], group: Group) -> None:
            with suppress(psycopg.OperationalError):
                commit(connection, group)

        monkeypatch.setattr(ledger.recorders[0], "commit", hopeful)
        operation = history.invoke("/services/billing", "e1")
        cutter.arm("before")
        history.acknowledge(operation, ledger.append([fact(ledger, used("e1", "C-1"))])[0])
    with pytest.raises(AssertionError, match="acknowledged, but not there"):
        check(history, database, verifiers(keys))
