"""Projections that catch up: all of them against the append rate, and one of them against the library's runner.

The second row compares one fold with itself: the runner's peer executes the very statement that the follower
executes, into tables of the same definition, and must arrive at the same rows. What differs is how: the library's
ProjectionRunner hands over one event at a time and commits each with its tracking, as shipped: waiting for the disk.
Ours folds batches, and its commits do not wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from bench import scene
from bench.append import Feed, append_rate
from bench.measure import Clock, Row, row
from ledger.recorder import datastore
from projections import DISCLOSURES, PROJECTIONS
from projections.follow import Follower
from projections.install import install
from projections.projection import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ledger import Ledger
    from projections.projection import Projected

RUNNER_EVENTS = 1_000
"""As many as the runner folds in about a second."""
DROP = "DROP SCHEMA IF EXISTS projections CASCADE"
PEER = "-c search_path=runner"
CONTENTS = SQL(
    "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {}.disclosure AS t WHERE position <= %s"
)


def catch_up_rate(dsn: str, size: int, projections: Sequence[Projected] = PROJECTIONS) -> float:
    """Fold a whole log from nothing; return entries a second, from the follower's start to the last one readable."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute(DROP)
    install(dsn, projections)
    follower = Follower(dsn, projections)
    try:
        with Clock() as clock:
            follower.start()
            there = follower.wait(0, size, 600.0)
    finally:
        follower.stop()
    if not there:
        raise RuntimeError("the projections did not catch up")
    return size / clock.seconds


def runner_rate(ledger: Ledger, dsn: str, size: int) -> float:
    """Fold disclosures as the library's ProjectionRunner does: one event, one transaction, with its tracking.

    Raises:
        RuntimeError: Its rows are not those that the follower made of the same entries.
    """
    with psycopg.connect(dsn, autocommit=True, options=PEER) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute("DROP SCHEMA IF EXISTS runner CASCADE; DROP TABLE IF EXISTS public.runner_tracking")
        connection.execute("CREATE SCHEMA runner")
        connection.execute(DISCLOSURES.definition)
    store = datastore(make_conninfo(dsn, options=PEER), role="postgres", pool=2)

    class View(PostgresTrackingRecorder):
        """The library's tracking, with our fold of one entry in the same transaction."""

        def fold(self, tracking: Tracking) -> None:
            with self.datastore.transaction(commit=True) as cursor:
                self._insert_tracking(cursor, tracking)
                DISCLOSURES.fold(cursor, Batch(0, tracking.notification_id - 1, tracking.notification_id))

    view = View(store, tracking_table_name="runner_tracking")
    view.create_table()
    done = 0
    with Clock() as clock, ledger.recorders[0].subscribe(gt=0) as subscription:
        for notification in subscription:
            view.fold(Tracking("ledger", notification.id))
            done += 1
            if done == size:
                break
    store.close()
    if contents(dsn, "runner", size) != contents(dsn, "projections", size):
        raise RuntimeError("the two folds differ")
    return done / clock.seconds


def contents(dsn: str, schema: str, upto: int) -> Any:
    """Return how many disclosures a schema holds up to a position, and what they add up to."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(CONTENTS.format(Identifier(schema)), (upto,)).fetchone()


def all_of_them(server: str, folder: Path, size: int, runs: int) -> list[Row]:
    """Both rows, over one log."""
    with scene.ledger(server, folder) as (ledger, dsn):
        feed = Feed()
        feed.meet(ledger)
        append_rate(ledger, feed, size)
        pairs: list[tuple[float, float]] = []
        library: list[tuple[float, float]] = []
        for _ in range(runs):
            mine = catch_up_rate(dsn, ledger.head(0))
            pairs.append((mine, append_rate(ledger, feed, size)))
            alone = catch_up_rate(dsn, ledger.head(0), (DISCLOSURES,))
            library.append((alone, runner_rate(ledger, dsn, RUNNER_EVENTS)))
    return [
        row("projections, all of them, catching up, against the append rate", ">= 1.00", pairs),
        row("one projection catching up, against the library's runner on the same fold", ">= 25.00", library),
    ]
