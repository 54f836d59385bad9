"""Projections that catch up: all of them against the append rate, and against the library's runner on one fold."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import psycopg
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder

from bench import scene
from bench.append import Feed, append_rate
from bench.measure import Clock, Row, row
from ledger.recorder import datastore
from projections.follow import Follower
from projections.install import install

if TYPE_CHECKING:
    from pathlib import Path

    from ledger import Ledger

POLL_SECONDS = 0.02
DROP = "DROP SCHEMA IF EXISTS projections CASCADE"
VIEW = """
    CREATE TABLE runner_view (subject uuid, position bigint PRIMARY KEY, recipient text, purpose text, body jsonb)
"""
INSERT = "INSERT INTO runner_view VALUES (%s, %s, %s, %s, %s)"


def catch_up_rate(dsn: str, size: int) -> float:
    """Fold a whole log from nothing with every projection at once; return entries a second."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute(DROP)
    install(dsn)
    with Clock() as clock, Follower(dsn) as follower:
        if not follower.wait(0, size, 600.0):
            raise RuntimeError("the projections did not catch up")
    return size / clock.seconds


def runner_rate(ledger: Ledger, dsn: str, size: int) -> float:
    """Fold disclosures as the library's ProjectionRunner does: one event, one transaction, with its tracking."""
    store = datastore(dsn, role="postgres", pool=2)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS runner_view, runner_tracking")
        connection.execute(VIEW)

    class View(PostgresTrackingRecorder):
        """The library's tracking, with one row of ours in the same transaction."""

        def fold(self, stream: UUID, state: bytes, tracking: Tracking) -> None:
            data = orjson.loads(state)["data"]
            with self.datastore.transaction(commit=True) as cursor:
                self._insert_tracking(cursor, tracking)
                values: tuple[Any, ...] = (
                    stream,
                    tracking.notification_id,
                    data["recipient"]["id"],
                    data["purpose"],
                    orjson.dumps(data).decode(),
                )
                cursor.execute(INSERT, values, prepare=True)

    view = View(store, tracking_table_name="runner_tracking")
    view.create_table()
    done = 0
    with Clock() as clock, ledger.recorders[0].subscribe(gt=0) as subscription:
        for notification in subscription:
            stream = notification.originator_id
            assert isinstance(stream, UUID), "streams are UUIDs here"
            view.fold(stream, notification.state, Tracking("ledger", notification.id))
            done += 1
            if done == size:
                break
    store.close()
    return done / clock.seconds


def all_of_them(server: str, folder: Path, size: int, runs: int) -> list[Row]:
    """Both rows, over one log."""
    with scene.ledger(server, folder) as (ledger, dsn):
        feed = Feed()
        feed.meet(ledger)
        append_rate(ledger, feed, size)
        grown = ledger.head(0)
        pairs: list[tuple[float, float]] = []
        library: list[tuple[float, float]] = []
        for _ in range(runs):
            mine = catch_up_rate(dsn, ledger.head(0))
            time.sleep(POLL_SECONDS)
            pairs.append((mine, append_rate(ledger, feed, size)))
            library.append((mine, runner_rate(ledger, dsn, min(grown, 1_000))))
    return [
        row("projections, all of them, catching up, against the append rate", ">= 1.00", pairs),
        row("projections, all of them, against the library's runner on one fold", ">= 25.00", library),
    ]
