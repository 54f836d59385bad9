"""A real ledger of a few people: recorded, folded, crashed, restarted and asked, one step at a time and without threads
that nobody waits for."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from api.app import refuse_resurrected
from api.forget_clock import ForgetClock
from api.forgetting import Terms
from api.report import render_json
from api.seal_clock import SealClock
from ledger import Keys, Ledger, Subject
from ledger.forget import Forgetting, destroy_again, resurrected
from ledger.migrate import create_logs
from ledger.recorder import datastore
from ledger.streams import sealed_streams
from ledger.tombstones import Tombstones
from projections import PROJECTIONS, disclosures, holdings, progress, reissued, timeline, views
from projections.account import Issue, account
from projections.follow import follower_dsn
from projections.install import forget_again, install
from projections.lane import Lane
from projections.person import rows
from projections.pins import Pins
from projections.progress import Progress
from projections.rebuild import rebuild
from projections.resolution import person_of
from tests.audit.conftest import Scene
from tests.ledger.facts import fact

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from ledger import Receipt
    from ledger.audit import Finding

NAME = "ledger.example/histories"
OWN = ("subject.revoked", "subject.restored", "erasure.deferred", "key.destroyed", "seal.ended")
OWN_ENTRIES = """
    SELECT log_id, position, type, stream, convert_from(bytes, 'UTF8')::jsonb -> 'data' FROM ledger.entry
    WHERE type = ANY (%s) AND position > %s AND log_id = %s ORDER BY position
"""
TABLES = (
    *(f"ledger.{table}" for table in ("subject", "reference", "member", "revoked", "opened", "taken_name")),
    *(f"projections.{table}" for table in ("holding_change", "disclosure", "look", "assent", "hold_change")),
    *("projections.correction", "projections.seal_change"),
)
LEFT = " UNION ALL ".join(
    f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table} WHERE subject = ANY (%(streams)s::uuid[]))" for table in TABLES
)


class Crash(Exception):
    """The process stops here, as far as anybody can tell from outside."""


class Answer(NamedTuple):
    """What is told about a person as of a position: positions of each answer, and the account's bytes."""

    timeline: list[int]
    disclosures: list[int]
    holdings: list[int]
    """All that they follow from, in order."""
    looks: int
    account: bytes


class World:
    """One ledger, its projections and its clocks."""

    def __init__(self, dsn: str, keys: Path, logs: int) -> None:
        self.dsn, self.logs, self.keys = dsn, logs, keys
        self.tombstones = Tombstones(keys / "tombstones")
        self._stack = ExitStack()
        self.open()
        self._follow()

    def _follow(self) -> None:
        self._store = datastore(follower_dsn(self.dsn), "whosaw_follow", pool=2)
        self._lanes = [
            Lane(each, log_id, f"{NAME}/log{log_id}", Progress(self._store, each.name, each.version), 0)
            for each in PROJECTIONS
            for log_id in range(self.logs)
        ]

    def open(self) -> None:
        """Start as a process that serves does."""
        self.ledger = self._stack.enter_context(Ledger(self.dsn, Keys.open(self.keys, NAME, self.logs), durable=False))
        self.forgetting = Forgetting(self.ledger, self.tombstones)
        refuse_resurrected(self.forgetting, self.ledger)
        self.forget_clock = ForgetClock(self.ledger, self.forgetting, Terms(35), 60)
        self.seal_clock = SealClock(self.ledger, self.forgetting, 60)

    def restart(self) -> None:
        """Forget all that is only remembered."""
        self._stack.close()
        self.open()

    def close(self) -> None:
        self._stack.close()
        self._store.close()

    @contextmanager
    def away(self) -> Generator[None]:
        """Be connected to nothing, and start again afterwards."""
        self.close()
        yield
        self.open()
        self._follow()

    def heads(self) -> dict[int, int]:
        return {log.log_id: log.size for log in self.ledger.logs()}

    def record(self, event: dict[str, Any]) -> Receipt:
        return self.ledger.append([fact(self.ledger, event)])[0]

    def fold(self, most: int = 1_000) -> dict[int, int]:
        """Fold all that is recorded, in batches; return up to where."""
        heads = self.heads()
        for lane in self._lanes:
            lane._most = most
            while lane.step(heads[lane.log_id]):
                pass
            assert lane.stopped_at is None, f"{lane.projection.name} stopped"
        return heads

    def rebuild(self, name: str) -> bool:
        """Build a projection again; return whether it was the same."""
        (found,) = [each for each in PROJECTIONS if each.name == name]
        return rebuild(self.dsn, found, batch=7).same

    def own_entries(self, log_id: int, after: int) -> list[tuple[int, int, str, UUID, dict[str, Any]]]:
        """What the ledger itself has recorded about people since."""
        with self.ledger.connection() as connection:
            return connection.execute(OWN_ENTRIES, (list(OWN), after, log_id)).fetchall()

    def ask(self, person: Subject, at: int, view: str = "current") -> Answer | None:
        """Everything that a question without clearance is told about a person; nothing if she is nobody."""
        if self.ledger.find(person.id) is None:
            return None
        with self.ledger.connection() as connection:
            seen = person_of(connection, self.ledger.hashes, person, Pins(person.log_id, at), view)  # type: ignore[arg-type]
            moments = rows(timeline.of_subject, connection, seen, limit=None).rows
            given = rows(disclosures.of_subject, connection, seen, limit=None).rows
            held = holdings.of_person(connection, seen, limit=None).rows
            looked = views.of_person(connection, seen, limit=None).rows
            note = self.ledger.checkpoint(person.log_id, at)
            assert note is not None
            beginning = datetime(2026, 1, 1, tzinfo=UTC)
            issue = Issue("en", beginning, {"name": "Example", "contact": "x"}, f"{NAME}/log{person.log_id}", "", "")
            document = account(connection, seen, issue)
        return Answer(
            [each.position for each in moments],
            [each.position for each in given],
            sorted(position for each in held for position in each.positions),
            sum(each.facts for each in looked),
            render_json(document),
        )

    def owed(self) -> set[tuple[str, str]]:
        """(person, account) of what has to be issued again."""
        with self.ledger.connection() as connection:
            # The model knows of no merge over logs.
            reached = {each: progress.reached(connection, each, ("identity",)) for each in range(self.logs)}
            return {
                (each.subject.hex, each.account)
                for log_id, position in reached.items()
                for each in reissued.to_reissue(connection, {log_id: position})
                if each.renewed is None
            }

    def audit(self, folder: Path) -> list[Finding]:
        """Look through everything that is stored, as `whosaw audit` does."""
        return Scene(self.dsn, Keys.open(self.keys, NAME, self.logs), folder).audit()

    def left_of(self, streams: list[str]) -> list[str]:
        """Tables that have rows under any of these ids."""
        with psycopg.connect(self.dsn) as owner:
            return rows_under(owner, streams)


def rows_under(owner: psycopg.Connection[Any], streams: list[str]) -> list[str]:
    """Tables that have rows under any of these ids; what says itself that somebody was forgotten does not count."""
    return [name for (name,) in owner.execute(LEFT, {"streams": streams}).fetchall()]


class Origin(NamedTuple):
    """An empty ledger, to be copied for each history."""

    server: str
    database: str
    keys: Path
    logs: int


def origin(dsn: str, server: str, folder: Path, logs: int) -> Origin:
    """Give a migrated database its logs and projections."""
    create_logs(dsn, NAME, logs)
    install(dsn)
    Keys.create(folder / "keys", NAME, logs)
    return Origin(server, str(conninfo_to_dict(dsn)["dbname"]), folder / "keys", logs)


@contextmanager
def copied(server: str, template: str) -> Generator[str]:
    """Lend a copy of a database to which nobody is connected: what a backup is, too."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@contextmanager
def world(start: Origin, folder: Path) -> Generator[World]:
    """A ledger of its own, as empty as the original."""
    keys = folder / uuid4().hex
    shutil.copytree(start.keys, keys)
    with copied(start.server, start.database) as dsn:
        made = World(dsn, keys, start.logs)
        try:
            yield made
        finally:
            made.close()


def put_back(copy: str, made: World) -> list[str]:
    """Do to an older copy what `whosaw restore` does; return the sealed streams that went with the people."""
    hidden: list[str] = []
    with psycopg.connect(copy, autocommit=True) as owner:
        hashes, wrapper = made.ledger.hashes, made.ledger._wrapper
        for each in resurrected(owner, made.tombstones.all()):
            sealed = sealed_streams(owner, each.log_id, bytes.fromhex(each.stream), hashes, wrapper)
            hidden += [one.stream.hex() for one in sealed]
            destroy_again(owner, each, [one.stream.hex() for one in sealed])
        forget_again(owner, range(made.logs))
    return hidden


def crashing(made: World, step: str) -> Callable[[], None]:
    """Put a crash at a step of what happens beside a fact; what is returned takes it away again."""
    recorders = made.ledger.recorders
    add = made.tombstones.add

    def before(*_: Any) -> None:
        raise Crash

    def listed(log_id: int, stream: str, receipt: str) -> None:
        add(log_id, stream, receipt)
        raise Crash

    if step == "entry":
        for each in recorders:
            each.guard = before  # type: ignore[method-assign]
    elif step == "tombstone":
        made.tombstones.add = before  # type: ignore[method-assign]
    elif step == "commit":
        made.tombstones.add = listed  # type: ignore[method-assign]
    else:
        for each in recorders:
            each.commit = _lost(each.commit)  # type: ignore[method-assign]

    def mend() -> None:
        vars(made.tombstones).pop("add", None)
        for each in recorders:
            vars(each).pop("guard", None)
            vars(each).pop("commit", None)

    return mend


def _lost(commit: Callable[..., None]) -> Callable[..., None]:
    def lost(*arguments: Any) -> None:
        commit(*arguments)
        raise Crash

    return lost
