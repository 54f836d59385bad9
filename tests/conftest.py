"""A real PostgreSQL for every test that asks for one: one server a run, one migrated template, one clone a test."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from ledger import Keys, Ledger
from ledger.embedded import EmbeddedServer
from ledger.migrate import SCHEMA, create_logs, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "ledger.example/test"
DIRECTORIES = (SCHEMA, SCHEMA.parents[1] / "api" / "schema")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark a test by what it asks for, so that `-m 'not postgres'` runs the rest in seconds."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of the run's server: WHOSAW_TEST_DSN, or one that all workers of this run share."""
    given = os.environ.get("WHOSAW_TEST_DSN")
    if given:
        yield given
        return
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    embedded = EmbeddedServer(shared / "server", durable=False)
    embedded.start()
    yield embedded.dsn()
    embedded.stop(wipe=True)


@pytest.fixture(scope="session")
def template(server: str) -> Iterator[str]:
    """The name of a database that is migrated once for each worker."""
    name = f"template_{secrets.token_hex(6)}"
    _create(server, name)
    migrate(make_conninfo(server, dbname=name), DIRECTORIES)
    yield name
    _drop(server, name)


@pytest.fixture
def new_database(server: str, template: str) -> Iterator[Callable[[], str]]:
    """Make migrated, empty databases; each is the address as its owner."""
    names: list[str] = []

    def make() -> str:
        names.append(f"test_{secrets.token_hex(6)}")
        _create(server, names[-1], template)
        return make_conninfo(server, dbname=names[-1])

    yield make
    for name in names:
        _drop(server, name)


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """A migrated database without logs."""
    return new_database()


@pytest.fixture
def make_ledger(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Callable[..., Ledger]]:
    """Make ledgers of as many logs as asked for, each in a database of its own."""
    opened: list[Ledger] = []

    def make(logs: int = 3) -> Ledger:
        dsn = new_database()
        create_logs(dsn, NAME, logs)
        opened.append(Ledger(dsn, Keys.create(tmp_path / f"keys{len(opened)}", NAME, logs), durable=False))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of one log in `database`."""
    create_logs(database, NAME, 1)
    with Ledger(database, Keys.create(tmp_path / "keys", NAME, 1), durable=False) as opened:
        yield opened


def _create(server: str, name: str, template: str = "template1") -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
