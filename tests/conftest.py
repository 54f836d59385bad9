"""A real PostgreSQL for every test that asks for one: one server a run, one template a worker, one copy a test.

The server is private, embedded and not durable, unless WHOSAW_TEST_DSN names one whose login is a superuser. Workers of
pytest-xdist share it. No server is an error, never a skip.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from ledger import Keys, Ledger
from ledger.embedded import EmbeddedServer
from ledger.migrate import SCHEMA, create_logs, migrate
from projections.install import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "ledger.example/test"
"""Of every ledger here."""
DIRECTORIES = (SCHEMA, SCHEMA.parents[1] / "api" / "schema")
PLACE = "WHOSAW_TEST_PLACE"
MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is private
"""Copying a database there is twenty times as fast as on a disk, and nothing here has to survive."""
ROOM = 1 << 30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that `-m 'not postgres'` runs the rest in seconds."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


def pytest_configure(config: pytest.Config) -> None:
    """Choose one place for the server before the workers start; they inherit it."""
    # A shell that runs something in the background lets it ignore Ctrl-C, which what is started here has to heed.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
        os.environ[PLACE] = tempfile.mkdtemp(prefix="whosaw-test-", dir=MEMORY if roomy else None)
        Path(os.environ[PLACE]).chmod(0o711)  # The server's user has to pass; what is inside is 0700.


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind once the last worker has stopped the server."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(PLACE))


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The DSN of a server, as its superuser."""
    given = os.environ.get("WHOSAW_TEST_DSN")
    if given:
        yield given
        return
    with EmbeddedServer(Path(os.environ[PLACE]) / "postgres", durable=False) as embedded:
        yield embedded.dsn()


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="session")
def template(server: str) -> Iterator[str]:
    """The name of a migrated database, one for each worker."""
    with _database(server, "template0") as dsn:
        with psycopg.connect(server) as connection:
            # Roles belong to the whole server: two workers that migrate at once would both make them.
            connection.execute("SELECT pg_advisory_xact_lock(7791223002)")
            migrate(dsn, DIRECTORIES)
        yield str(conninfo_to_dict(dsn)["dbname"])


@pytest.fixture(scope="session")
def installed(server: str, template: str) -> Iterator[str]:
    """The name of one that has the one log of `NAME` and projections, too: to copy it is faster than to make them."""
    with _database(server, template) as dsn:
        create_logs(dsn, NAME, 1)
        install(dsn)
        yield str(conninfo_to_dict(dsn)["dbname"])


@pytest.fixture
def new_database(server: str, template: str) -> Iterator[Callable[[], str]]:
    """Makes migrated databases without logs; each is its owner's DSN."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(_database(server, template))


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """The owner's DSN of a migrated database without logs."""
    return new_database()


@pytest.fixture
def make_ledger(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Callable[..., Ledger]]:
    """Makes ledgers of as many logs as asked for (3), each in a database of its own."""
    with ExitStack() as stack:

        def make(logs: int = 3) -> Ledger:
            dsn = new_database()
            create_logs(dsn, NAME, logs)
            keys = Keys.create(tmp_path / f"keys-{uuid4().hex}", NAME, logs)
            return stack.enter_context(Ledger(dsn, keys, durable=False))

        yield make


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with one log, in `database`."""
    create_logs(database, NAME, 1)
    with Ledger(database, Keys.create(tmp_path / "keys", NAME, 1), durable=False) as opened:
        yield opened
