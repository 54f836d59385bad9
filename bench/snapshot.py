"""Heads snapshots: from scratch, against hashing alone, and with a hundredth changed; and appends beside one."""

from __future__ import annotations

import time
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING

import psycopg

from api.snapshot_clock import REST_SECONDS
from bench import scene
from bench.append import GROUP, Feed, append_rate
from bench.measure import Clock, Row, compare, row
from ledger import snapshot

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from ledger import Ledger, Receipt

# One process, as a snapshot has it.
HASH_ALL = "SET max_parallel_workers_per_gather = 0; SELECT max(sha256(bytes)) FROM ledger.entry"
NEWCOMERS = 1_000_000_000
"""Numbers of customers that no other measurement has."""
IN_FLIGHT = 20
"""Requests that wait while a ledger grows."""


def grow(ledger: Ledger, streams: int) -> None:
    """Append one fact about each of so many new customers."""
    like = scene.fact(ledger.hashes, 0, NEWCOMERS)
    futures: list[Future[list[Receipt]]] = []
    for start in range(0, streams, GROUP):
        customers = range(NEWCOMERS + start, NEWCOMERS + min(start + GROUP, streams))
        futures.append(ledger.submit(scene.copies(ledger.hashes, like, customers)))
        if len(futures) == IN_FLIGHT:
            futures.pop(0).result()
        if start % 100_000 == 0:
            scene.say(f"growing a ledger: {start:,} of {streams:,} streams")
    for future in futures:
        future.result()


def forget(dsn: str) -> None:
    """Let the next snapshot be made from scratch."""
    with psycopg.connect(dsn) as connection:
        connection.execute("TRUNCATE ledger.heads, ledger.heads_page")


def made(ledger: Ledger) -> float:
    """Make a snapshot; return its leaves a second."""
    with Clock() as clock:
        found = snapshot.make(ledger, 0)
    assert found is not None
    return found.leaves / clock.seconds


def hashed(dsn: str, streams: int) -> float:
    """Let the database hash every entry once, and do nothing else; return streams a second."""
    with psycopg.connect(dsn) as connection, Clock() as clock:
        connection.execute(HASH_ALL)
    return streams / clock.seconds


def snapshots(server: str, folder: Path, streams: int, size: int, runs: int) -> list[Row]:
    """Measure on a ledger of so many streams, of one entry each."""
    with scene.ledger(server, folder) as (ledger, dsn):
        grow(ledger, streams)
        feed = Feed()
        feed.meet(ledger)
        scratch: list[tuple[float, float]] = []
        changed: list[tuple[float, float]] = []
        rounds = count(1)
        for number in range(runs):
            forget(dsn)
            append_rate(ledger, feed, GROUP)
            scratch.append((made(ledger), hashed(dsn, streams)))
            # A hundredth of the streams gets another entry.
            like = scene.fact(ledger.hashes, next(rounds), 0)
            chosen = range(NEWCOMERS + number, NEWCOMERS + streams, 100)
            ledger.append(scene.copies(ledger.hashes, like, chosen))
            changed.append((made(ledger), scratch[-1][0]))
            scene.say(f"snapshot {number}: {scratch[-1]}, {changed[-1]}")
        return [
            row(
                f"snapshot of {streams:,} streams from scratch, against hashing their entries once", ">= 0.25", scratch
            ),
            row(f"snapshot of {streams:,} streams with 1 % changed, against from scratch", ">= 1.50", changed),
            beside(ledger, dsn, feed, size, runs),
        ]


def beside(ledger: Ledger, dsn: str, feed: Feed, size: int, runs: int) -> Row:
    """Appends in the same process, from the beginning of a snapshot from scratch to its end, against appends alone."""

    def during() -> float:
        forget(dsn)
        # As the clock does it.
        build = Thread(target=lambda: snapshot.make(ledger, 0, lambda _what, _done, _of: time.sleep(REST_SECONDS)))
        build.start()
        rounds, seconds = 0, 0.0
        while build.is_alive() or rounds == 0:
            rounds += 1
            seconds += size / append_rate(ledger, feed, size)
        build.join()
        return rounds * size / seconds

    return compare(
        "append in process during a snapshot from scratch, against without",
        ">= 0.50",
        during,
        # As long as a build lasts, about: a short run says more about the disk's last minute than about appends.
        lambda: append_rate(ledger, feed, 10 * size),
        runs,
    )
