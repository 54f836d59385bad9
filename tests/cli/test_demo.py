"""The demo as a newcomer and a script start it: a process of its own, with its own database, until SIGINT."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.request import Request, urlopen

import psutil
import pytest

from api.cli.failure import Exit
from api.demo_guide import Ready, ShownKeys
from tests.conftest import PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "from api.cli import main; main()"
PATIENCE_SECONDS = 300
"""Only ever waited for in full by a test that fails."""
PURPOSE = {"Whosaw-Purpose": "whosaw:AccessRequest"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the embedded server's user can reach, wiped by the demo itself."""
    path = Path(tempfile.mkdtemp(prefix="demo-", dir=os.environ[PLACE]))
    path.chmod(0o711)
    yield path / "data"
    if (path / "data").exists():
        assert whosaw("demo", "--wipe", "--data-dir", str(path / "data")).returncode == Exit.DONE
    assert list(path.iterdir()) == []
    path.rmdir()


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("WHOSAW_")}


def whosaw(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = (sys.executable, "-c", PROGRAM, *arguments)
    return subprocess.run(command, env=clean() | variables, capture_output=True, text=True, check=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Demo:
    """A running demo."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.port = free_port()
        command = (sys.executable, "-c", PROGRAM, "demo", "--data-dir", str(folder), "--port", str(self.port), *more)
        self.process = subprocess.Popen(
            command, env=clean(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.said: list[str] = []
        self._listener = Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.end()

    def line(self) -> str:
        """Return the next line of standard output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Signal the process; return its exit code, and what else it had written to standard output."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        rest = self.process.stdout.read()
        return self.end(), rest

    def end(self) -> int:
        code = self.process.wait(PATIENCE_SECONDS)
        self._listener.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def call(ready: dict[str, Any], path: str, role: str, body: object = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    said = {"Authorization": f"Bearer {ready['keys'][role]}", "Content-Type": "application/json", **PURPOSE, **headers}
    with urlopen(Request(ready["url"] + path, data, said)) as answer:  # noqa: S310 - an http address of our own
        return json.loads(answer.read())


def processes_of(folder: Path) -> list[str]:
    """Whatever still runs with this folder in its arguments; what is dead and only not yet reaped does not run."""
    found: list[str] = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or ())
        if str(folder) in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(words)
    return found


def eventually_none(folder: Path) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while processes_of(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_script_gets_one_line_all_three_users_are_served_and_nothing_is_left(folder: Path) -> None:
    with Demo(folder, "--json") as demo:
        ready = json.loads(demo.line())
        assert set(ready) == {"url", "keys", "further_keys", "source", "reference", "log_public_key"}
        assert set(ready["keys"]) == {"emitter", "officer", "regulator", "admin"}
        assert ready["url"] == f"http://127.0.0.1:{demo.port}"
        assert ready["log_public_key"].startswith("whosaw.example/ledger/log0+")

        receipt = call(ready, "/v1/events", "emitter", disclosure(ready))
        assert receipt["position"] > 8_000
        subject = call(ready, "/v1/subjects/lookup", "officer", {"reference": ready["reference"]})["id"]
        assert call(ready, f"/v1/subjects/{subject}/holdings", "officer")["items"]
        wait = {"Prefer": "wait=30"}
        path = f"/v1/subjects/{subject}/disclosures?min_position={receipt['position']}"
        assert call(ready, path, "regulator", **wait)["items"][0]["position"] == receipt["position"]
        account = call(ready, f"/v1/subjects/{subject}/accounts?language=fr", "officer", {})
        assert account["language"] == "fr"
        assert call(ready, "/v1/keys", "admin")["keys"]

        second = whosaw("demo", "--data-dir", str(folder), "--port", str(free_port()))
        assert (second.returncode, second.stdout) == (Exit.MACHINE, "")
        assert second.stderr == f"whosaw: another demo runs in {folder}; stop it, or choose another --data-dir\n"

        assert demo.stop() == (Exit.DONE, "")
        assert demo.said[-2:] == ["whosaw: stopping\n", "whosaw: stopped\n"]
    assert eventually_none(folder)
    assert not list(folder.glob("postgres/socket/.s.*"))
    assert (folder / "demo.json").stat().st_mode & 0o777 == 0o600

    with Demo(folder, "--json") as again:
        assert json.loads(again.line())["keys"] == ready["keys"]
        again.process.kill()
        again.end()
        assert not any("loading" in line for line in again.said)

    with Demo(folder) as third:
        text = "".join(iter(third.line, "Stop:  Ctrl-C\n"))
        assert text.count("\ncurl -sS ") == 13
        for key in ready["keys"].values():
            assert key in text
        assert third.stop(signal.SIGTERM)[0] == Exit.DONE
    assert eventually_none(folder)

    other = whosaw("demo", "--data-dir", str(folder), "--scale", "10")
    assert other.returncode == Exit.ARGUMENT
    assert "holds the sample at scale 1" in other.stderr


def test_the_lines_that_set_the_keys_let_the_command_line_ask_the_same_server() -> None:
    keys = ShownKeys("wsk_e", "wsk_o", "wsk_r", "wsk_a", "wsk_c", "wsk_l")
    text = Ready("http://127.0.0.1:8080", keys, "log0+ab", "wipe", "verify").text()
    lines = [line for line in text.splitlines() if line.startswith(("export URL=", "COMPLIANCE="))]
    command = "\n".join([*lines, 'echo "$URL $OFFICER $LEGAL $LOG_KEY"', "printenv WHOSAW_URL"])
    said = subprocess.run(["/bin/sh", "-c", command], env=clean(), capture_output=True, text=True, check=True).stdout
    assert said == "http://127.0.0.1:8080 wsk_o wsk_l log0+ab\nhttp://127.0.0.1:8080\n"


def disclosure(ready: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "by-the-test",
        "source": ready["source"],
        "type": "data.disclosed",
        "time": "2026-11-20T17:30:00-05:00",
        "data": {
            "subjects": [{"reference": ready["reference"], "role": "dpv:Customer"}],
            "actor": {"kind": "service", "id": "invoicing", "role": "whosaw:BillingService"},
            "recipient": {
                "id": "bank", "name": "Banque du Grand-Fleuve", "kind": "dpv:ForProfitOrganisation",
                "role": "dpv:DataController",
            },
            "categories": ["pd:BankAccount"],
            "purpose": "dpv:PaymentManagement",
            "recipient_purpose": None,
            "basis": "dpv:ContractPerformance",
            "initiative": "controller",
            "mode": "transmitted",
        },
    }  # fmt: skip


def test_killed_while_it_loads_it_goes_on_at_the_next_start(folder: Path) -> None:
    with Demo(folder, "--json") as demo:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any("loading" in line for line in demo.said):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        demo.process.kill()
        demo.end()
    with Demo(folder, "--json") as again:
        ready = json.loads(again.line())
        assert call(ready, "/v1/subjects/lookup", "officer", {"reference": ready["reference"]})["id"]
        assert again.stop()[0] == Exit.DONE
    assert eventually_none(folder)


def test_interrupted_while_the_database_starts_it_leaves_nothing_running(folder: Path) -> None:
    with Demo(folder, "--json") as demo:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not demo.said:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert demo.stop() == (Exit.DONE, "")
    assert eventually_none(folder)


def test_a_busy_port_is_one_line_before_anything_is_made(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        found = whosaw("demo", "--data-dir", str(folder), "--port", str(port))
    assert (found.returncode, found.stdout) == (Exit.MACHINE, "")
    assert found.stderr == (
        f"whosaw: port {port} of 127.0.0.1 is busy; stop what listens there, or choose another with --port\n"
    )
    assert not folder.exists()


def test_a_folder_that_can_not_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = whosaw("demo", "--data-dir", str(tmp_path / "file" / "data"), "--port", str(free_port()))
    assert (found.returncode, found.stdout) == (Exit.MACHINE, "")
    assert found.stderr.count("\n") == 1
    assert "can not be written" in found.stderr


def test_a_database_that_is_away_is_one_line(folder: Path) -> None:
    found = whosaw(
        "demo", "--data-dir", str(folder), "--port", str(free_port()),
        WHOSAW_DATABASE_URL="postgresql://owner:secret@127.0.0.1:1/x",
    )  # fmt: skip
    assert (found.returncode, found.stdout) == (Exit.UNREACHABLE, "")
    assert found.stderr.splitlines()[-1] == (
        "whosaw: the database does not answer (Connection refused); start it, or correct WHOSAW_DATABASE_URL"
    )


def test_when_the_database_dies_it_says_so_and_ends(folder: Path) -> None:
    with Demo(folder, "--json") as demo:
        demo.line()
        number = int((folder / "postgres" / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])
        psutil.Process(number).kill()
        assert demo.process.wait(timeout=90) == Exit.UNREACHABLE
    assert demo.said[-1].startswith("whosaw: the database has stopped; start the demo again")
    assert eventually_none(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_takes_its_database_with_it(folder: Path, number: int) -> None:
    place = folder.parent / "served"
    variables = {"WHOSAW_DATA_DIR": str(place), "WHOSAW_PORT": "0"}
    assert whosaw("migrate", **variables).returncode == Exit.DONE
    command = (sys.executable, "-c", PROGRAM, "serve")
    with subprocess.Popen(command, env=clean() | variables, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        assert "listening" in server.stderr.readline()
        running = [each for each in psutil.process_iter(["cmdline"]) if str(place) in str(each.info["cmdline"])]
        assert running
        server.send_signal(number)
        server.stderr.read()
    assert server.returncode == 128 + number
    assert not [each for each in running if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    shutil.rmtree(place)
