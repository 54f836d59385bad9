"""One small ledger for many changes, and audits of whatever a superuser made of it."""

from __future__ import annotations

import random
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from ledger import Keys, Ledger, snapshot
from ledger.audit import Finding, Log, LogAudit, Papers, Processes, Secrets, in_order
from ledger.migrate import create_logs
from tests.conftest import _database
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

NAME = "ledger.example/audited"
CUSTOMERS = 40


class Scene(NamedTuple):
    """A ledger's database and its keys; nobody writes to it any more."""

    dsn: str
    keys: Keys
    folder: Path

    def owner(self) -> psycopg.Connection[Any]:
        """Connect as a superuser."""
        return psycopg.connect(self.dsn, autocommit=True)

    def change(self, *statements: str) -> None:
        """Change what is stored, whatever the schema forbids."""
        with self.owner() as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.encode())

    def audit(self, against: Path | None = None, *, kept: bool = True) -> list[Finding]:
        """Audit every log from the beginning; return what does not match.

        Args:
            against: Checkpoints from outside.
            kept: Whether the newest heads outside the database are still there.
        """
        papers = Papers(against) if against is not None else None
        work = self.folder / uuid4().hex
        work.mkdir(parents=True)
        found: list[Finding] = []
        with Processes(1) as processes:
            for log_id, signer in enumerate(self.keys.signers):
                newest = signer.newest() if kept else None
                head = (newest.size, newest.root) if newest is not None else None
                log = Log(log_id, signer.origin, signer.verifier_keys, head, len(self.keys.signers))
                secrets = Secrets(dict(self.keys.ring.versions()), self.keys.lookup, self.keys.home)
                mine = papers.of(log.origin) if papers is not None else []
                found += LogAudit(self.dsn, log, secrets, processes, work).run(mine).findings
        return in_order(found)


def record(ledger: Ledger, count: int, prefix: str, chance: random.Random) -> None:
    """Record facts about a few customers, some about several at once, in groups of any size."""
    number = 0
    while number < count:
        size = min(chance.choice((1, 3, 40, 100)), count - number)
        facts = [fact(ledger, used(f"{prefix}-{number + each}", *names(chance))) for each in range(size)]
        ledger.append(facts)
        number += size


def names(chance: random.Random) -> list[str]:
    many = chance.choice((1, 1, 1, 1, 3))
    return [f"C-{each}" for each in chance.sample(range(CUSTOMERS), many)]


def made(dsn: str, folder: Path, logs: int, count: int) -> Scene:
    """Make a ledger with a snapshot in its middle."""
    create_logs(dsn, NAME, logs)
    keys = Keys.create(folder / "keys", NAME, logs)
    chance = random.Random(1)
    with Ledger(dsn, keys, durable=False) as ledger:
        record(ledger, count, "a", chance)
        for log_id in range(logs):
            snapshot.make(ledger, log_id)
        record(ledger, count // 4, "b", chance)
        for log_id in range(logs):
            snapshot.make(ledger, log_id)
        record(ledger, count // 4, "c", chance)
    return Scene(dsn, keys, folder)


@pytest.fixture(scope="module")
def original(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A ledger of one log with about 1,100 entries; not to be changed, or to be put back."""
    with _database(server, template) as dsn:
        yield made(dsn, tmp_path_factory.mktemp("audited"), 1, 700)


@contextmanager
def copied(scene: Scene, server: str) -> Generator[Scene]:
    """Lend a copy of a ledger's database: what a backup is, too."""
    name = f"test_{uuid4().hex}"
    original = Identifier(str(conninfo_to_dict(scene.dsn)["dbname"]))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), original))
    try:
        yield scene._replace(dsn=make_conninfo(server, dbname=name))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def scene(original: Scene, server: str) -> Iterator[Scene]:
    """A copy to change."""
    with copied(original, server) as copy:
        yield copy


@pytest.fixture
def copy(server: str) -> Iterator[Callable[[Scene], Scene]]:
    """Makes copies."""
    with ExitStack() as stack:
        yield lambda scene: stack.enter_context(copied(scene, server))
