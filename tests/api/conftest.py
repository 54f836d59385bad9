"""The application as it runs: a migrated database, its projections followed in the same process, a key of each role."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from starlette.testclient import TestClient

from api import access
from api.app import create_app
from api.settings import Settings
from ledger import Keys
from ledger.migrate import create_logs
from projections import PROJECTIONS, progress
from projections.install import install
from tests.conftest import NAME, _database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from httpx2 import Response

    from api.state import State

SOURCE = "/services/billing"
PURPOSE = {"Whosaw-Purpose": "whosaw:AccessRequest"}
WAIT = {"Prefer": "wait=30"}
ENTRIES = "SELECT log_id, position, type, bytes FROM ledger.entry ORDER BY log_id, position"


class Keyring(dict[str, str]):
    """A key of each role, issued when it is first asked for."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    def __missing__(self, role: str) -> str:
        more = {"position": access.POSITIONS[role], "label": f"test of {role}", "person": f"emp-{role}"}
        text = self._service.issue(access.ROLES[role], **more)
        self[role] = text
        return text


class Service:
    """The application, its database and its callers."""

    def __init__(self, app: FastAPI, client: TestClient, dsn: str) -> None:
        self.app = app
        self.client = client
        self.dsn = dsn
        self.keys = Keyring(self)

    @property
    def state(self) -> State:
        parts: State = self.app.state.parts
        return parts

    def issue(self, scopes: tuple[str, ...], **more: Any) -> str:
        """Issue a key; return its text."""
        sources = [SOURCE] if "events:write" in scopes else []
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return access.issue(connection, **{"label": "test", "scopes": scopes, "sources": sources} | more)[0]

    def bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[role]}"}

    def send(self, body: Any, content_type: str = "application/json", **headers: str) -> Response:
        """Post events, as the emitter."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return self.client.post(
            "/v1/events", content=content, headers=self.bearer("emitter") | {"Content-Type": content_type} | headers
        )

    def record(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        """Record events; return their receipts."""
        answer = self.send(list(events))
        assert answer.status_code in {200, 201}, answer.text
        receipts: list[dict[str, Any]] = answer.json()["receipts"]
        return receipts

    def ask(self, path: str, role: str = "officer", **headers: str) -> Response:
        """Ask a question, with a purpose, and wait for what is named as `min_position`."""
        return self.client.get(path, headers=self.bearer(role) | PURPOSE | WAIT | headers)

    def look_up(self, value: str, kind: str = "customer") -> str:
        """Return the subject id of a reference."""
        answer = self.client.post(
            "/v1/subjects/lookup",
            json={"reference": {"kind": kind, "value": value}},
            headers=self.bearer("officer") | PURPOSE,
        )
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["id"]
        return found

    def rows(self, statement: str) -> list[Any]:
        """Return what a statement selects, as the owner."""
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[arg-type]

    def follow(self, position: int, log_id: int = 0) -> None:
        """Wait until every projection has folded what is recorded up to a position."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            assert progress.wait(connection, log_id, position, [each.name for each in PROJECTIONS], 30)

    def entries(self, type_: str | None = None) -> list[dict[str, Any]]:
        """Return what is recorded, as its members."""
        with psycopg.connect(self.dsn) as connection:
            rows = connection.execute(ENTRIES).fetchall()
        return [orjson.loads(bytes(row[3])) for row in rows if type_ in {None, row[2]}]


def event(type_: str = "data.collected", customer: str = "C-1", **data: Any) -> dict[str, Any]:
    """Return a right event about a customer."""
    return {
        "specversion": "1.0",
        "id": secrets.token_hex(8),
        "source": SOURCE,
        "type": type_,
        "time": "2026-11-01T10:00:00-05:00",
        "data": {
            "subjects": [{"reference": {"kind": "customer", "value": customer}, "role": "dpv:Customer"}],
            "actor": {"kind": "service", "id": "billing", "role": "whosaw:BillingService"},
            "system": "crm",
        }
        | DATA.get(type_, {})
        | data,
    }


RECIPIENT = {
    "id": "collections-north",
    "name": "Collections North Inc.",
    "address": "1 Example Street, Montreal",
    "country": "loc:CA-QC",
    "kind": "whosaw:DebtCollector",
    "role": "dpv:DataProcessor",
}
DATA: dict[str, dict[str, Any]] = {
    "data.collected": {
        "categories": ["pd:Name", "pd:EmailAddress"],
        "purposes": ["dpv:ServiceProvision"],
        "context": "whosaw:SignUp",
        "channel": "whosaw:Web",
        "origin": "subject",
        "basis": "ca-pipeda:consent",
        "retained": True,
    },
    "data.disclosed": {
        "recipient": RECIPIENT,
        "categories": ["pd:Name"],
        "purpose": "dpv:CustomerClaimsManagement",
        "recipient_purpose": None,
        "basis": "ca-qc-p39.1:18-9",
        "initiative": "controller",
        "mode": "transmitted",
    },
    "data.viewed": {
        "actor": {"kind": "human", "id": "emp-017", "role": "whosaw:SupportAgent"},
        "categories": ["pd:Name"],
        "purpose": "dpv:CustomerCare",
        "view": "detail",
        "result_count": 1,
    },
}


@contextmanager
def running(dsn: str, folder: Path, logs: int = 1, **settings: Any) -> Iterator[Service]:
    """Run the application on a migrated database without logs."""
    create_logs(dsn, NAME, logs)
    install(dsn)
    keys_dir = folder / f"keys-{uuid4().hex}"
    Keys.create(keys_dir, NAME, logs)
    told: dict[str, Any] = {"name": NAME, "logs": logs, "keys_dir": keys_dir, "follow": True, "durable": False}
    app = create_app(Settings(**told | settings), dsn=dsn)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Service(app, client, dsn)


@pytest.fixture
def start(server: str, template: str, installed: str, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts applications, each on a database of its own."""
    with ExitStack() as stack:

        def start(logs: int = 1, **settings: Any) -> Service:
            dsn = stack.enter_context(_database(server, installed if logs == 1 else template))
            return stack.enter_context(running(dsn, tmp_path, logs, **settings))

        yield start


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    """The application of one test."""
    return start()


@pytest.fixture
def subject(service: Service) -> str:
    first, *_ = service.record(event(), event("data.disclosed"), event("data.viewed"))
    found: str = first["stream"]
    return found


@pytest.fixture(scope="module")
def standing(server: str, installed: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One application for all tests of a file that leave nothing behind which another one would notice."""
    with _database(server, installed) as dsn, running(dsn, tmp_path_factory.mktemp("standing")) as service:
        yield service
