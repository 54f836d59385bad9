"""G8, G9: each entry is folded once over kills of the projector; one that can not be folded stops one lane, visibly."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from eventsourcing.persistence import Tracking

from ledger import Keys, Ledger
from ledger.migrate import create_logs
from projections import PROJECTIONS, progress
from projections.follow import Follower
from projections.install import install
from projections.lane import Lane
from projections.rebuild import named, rebuild
from tests.api.conftest import event as emitted
from tests.conftest import NAME
from tests.faults.serving import Process, prepared, until
from tests.ledger.facts import fact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.api.conftest import Service

LOGS = 2
KILLS = 10
TYPES = ("data.collected", "data.disclosed", "data.viewed")
KILL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE '%INSERT INTO%SELECT e.log_id%'
"""
FOLDED = "SELECT coalesce(min(position), 0) FROM projections.progress WHERE log_id = %s"
SIZE = "SELECT sum(size) FROM ledger.log"
SUM = "SELECT coalesce(sum(position), 0) FROM projections.progress"
# What no emitter gets past the vocabulary: a list that is none.
POISON = """
    UPDATE ledger.entry SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), %s, %s), 'UTF8')
    WHERE log_id = %s AND position = %s
"""
GOOD, BAD = '"retained":true', '"retained":"perhaps"'


def append(ledger: Ledger, stop: Event) -> None:
    """Append facts of every folded kind until told to stop."""
    chance = random.Random(8)
    while not stop.is_set():
        facts = [
            fact(ledger, emitted(chance.choice(TYPES), f"C-{chance.randrange(30)}"))
            for _ in range(chance.randint(1, 20))
        ]
        ledger.append(facts)
        time.sleep(0.005)


def caught_up(dsn: str) -> bool:
    with psycopg.connect(dsn) as owner:
        return all(lane.behind == 0 for lane in progress.lanes(owner))


def folded(dsn: str) -> int:
    with psycopg.connect(dsn) as owner:
        row = owner.execute(SUM).fetchone()
        assert row is not None
        return int(row[0])


def same_as_rebuilt(dsn: str) -> dict[str, bool]:
    return {each.name: rebuild(dsn, each).same for each in PROJECTIONS}


def test_killing_the_projector_folds_each_entry_once(database: str, tmp_path: Path) -> None:
    keys, stop = prepared(database, tmp_path, LOGS), Event()
    with Ledger(database, keys, durable=False) as ledger, ThreadPoolExecutor(1) as thread:
        emitter = thread.submit(append, ledger, stop)
        try:
            with (
                Process(database, tmp_path, ["follow"], logs=LOGS) as follower,
                psycopg.connect(database, autocommit=True) as owner,
            ):
                for kill in range(KILLS):
                    before = folded(database)
                    until(lambda before=before: folded(database) > before, "projections get on")  # type: ignore[misc]
                    if kill % 3:
                        until(lambda: owner.execute(KILL).rowcount > 0, "a batch is interrupted")
                    else:
                        follower.kill()
                        follower.start()
                stop.set()
                emitter.result()
                until(lambda: caught_up(database), "projections catch up")
        finally:
            stop.set()
    assert same_as_rebuilt(database) == {each.name: True for each in PROJECTIONS}


class Careless(Lane):
    """Notes how far it is before it has folded, in a transaction of its own."""

    broken = False

    def step(self, size: int) -> bool:
        with self._progress.datastore.transaction(commit=True) as cursor:
            self.position = self._progress.position(cursor, self.log_id)
            if self.position >= size:
                return False
            batch = self._next(size)
            self._progress.record(cursor, Tracking(self.origin, batch.upto))
        if not Careless.broken:
            Careless.broken = True
            return True  # Killed here, once.
        with self._progress.datastore.transaction(commit=True) as cursor:
            self.projection.fold(cursor, batch)
        return True


class Skipping(Lane):
    """Passes over what it can not fold, as others do by default."""

    def _failed(self, batch: Any, error: Exception) -> bool:
        moving = super()._failed(batch, error)
        if not moving:
            with self._progress.datastore.transaction(commit=True) as cursor:
                self._progress.record(cursor, Tracking(self.origin, batch.upto))
        return True


@pytest.mark.parametrize("fault", [Careless, Skipping])
def test_a_projector_that_loses_entries_is_caught(
    fault: type[Lane], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_logs(database, NAME, 1)
    install(database)
    holdings = named("holdings")
    with Ledger(database, Keys.create(tmp_path / "keys", NAME, 1), durable=False) as ledger:
        ledger.append([fact(ledger, emitted()) for _ in range(10)])
    with psycopg.connect(database, autocommit=True) as owner:
        if fault is Skipping:
            assert owner.execute(POISON, (GOOD, BAD, 0, 5)).rowcount == 1
        monkeypatch.setattr("projections.follow.Lane", fault)
        monkeypatch.setattr(Careless, "broken", False)
        with Follower(database, [holdings]) as follower:
            assert follower.wait(0, 10, 60)
        owner.execute(POISON, (BAD, GOOD, 0, 5))
    assert not rebuild(database, holdings).same


def test_a_poisonous_entry_stops_one_lane_in_sight_and_nothing_is_lost(start: Callable[..., Service]) -> None:
    service = start(logs=LOGS, follow=False)
    receipts = [service.record(emitted(customer=f"C-{number}"))[0] for number in range(40)]
    origin = receipts[5]["log"]
    log_id = [log.origin for log in service.state.ledger.logs()].index(origin)
    position = receipts[5]["position"]
    with psycopg.connect(service.dsn, autocommit=True) as owner:
        assert owner.execute(POISON, (GOOD, BAD, log_id, position)).rowcount == 1
        with Follower(service.dsn) as follower:

            def lanes() -> dict[tuple[str, int], tuple[int | None, int]]:
                return {(lane.projection, lane.log_id): (lane.stopped_at, lane.behind) for lane in follower.lag()}

            until(lambda: lanes()["holdings", log_id][0] == position, "the lane says where it stopped")
            until(
                lambda: all(behind == 0 for lane, (_, behind) in lanes().items() if lane != ("holdings", log_id)),
                "all others go on",
            )
            ready = service.client.get("/readyz")
            assert ready.status_code == 503
            assert ready.json()["reasons"] == [f"projection holdings stopped on log {log_id} at position {position}"]
            assert {lane for lane, (stopped, _) in lanes().items() if stopped} == {("holdings", log_id)}
            owner.execute(POISON, (BAD, GOOD, log_id, position))
            until(lambda: all(found == (None, 0) for found in lanes().values()), "it goes on after the fix")
            assert service.client.get("/readyz").status_code == 200
    assert same_as_rebuilt(service.dsn) == {each.name: True for each in PROJECTIONS}
