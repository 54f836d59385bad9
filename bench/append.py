"""Appending in process: against the raw limit, against the library's recorder, and on a large ledger."""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder

from bench import scene
from bench.limit import Limit
from bench.measure import Clock, Row, compare
from ledger.recorder import datastore

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from ledger import Ledger, Receipt

GROUP = 1_000
KNOWN = 4_000
"""Customers that the ledger has met before; half of the facts are about them, half about new ones."""


class Feed:
    """Makes facts that were never sent before, half about known customers."""

    def __init__(self) -> None:
        self._numbers = count()
        self._newcomers = count(KNOWN)
        self._chance = random.Random(1)

    def take(self, ledger: Ledger, size: int) -> list[scene.Fact]:
        """Return facts, ready to append."""
        customers = [self._chance.randrange(KNOWN) if index % 2 else next(self._newcomers) for index in range(size)]
        return [scene.fact(ledger.hashes, next(self._numbers), customer) for customer in customers]

    def grow(self, ledger: Ledger, size: int) -> None:
        """Append copies of one fact, about ten for each newcomer."""
        like = scene.fact(ledger.hashes, next(self._numbers), 0)
        futures: list[Future[list[Receipt]]] = []
        for start in range(0, size, GROUP):
            newcomers = [next(self._newcomers) for _ in range(GROUP // 10)]
            customers = self._chance.choices(newcomers, k=min(GROUP, size - start))
            futures.append(ledger.submit(scene.copies(ledger.hashes, like, customers)))
        for future in futures:
            future.result()

    def meet(self, ledger: Ledger) -> None:
        """Let the ledger know the customers that are known."""
        for start in range(0, KNOWN, GROUP):
            ledger.append(
                [scene.fact(ledger.hashes, next(self._numbers), customer) for customer in range(start, start + GROUP)]
            )


def append_rate(ledger: Ledger, feed: Feed, size: int) -> float:
    """Append facts, a request a thousand; return facts a second, from the first request to the last receipt."""
    ready = feed.take(ledger, size)
    with Clock() as clock:
        futures = [ledger.submit(ready[start : start + GROUP]) for start in range(0, size, GROUP)]
        for future in futures:
            future.result()
    return size / clock.seconds


def stored_bytes(dsn: str, size: int) -> list[bytes]:
    """Return the newest entries' bytes: what the limit stores."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT bytes FROM ledger.entry ORDER BY log_id, position DESC LIMIT %s", (size,)
        ).fetchall()
    return [entry for (entry,) in rows]


def against_the_limit(server: str, folder: Path, size: int, runs: int) -> Row:
    """Everything on, against the same bytes into a plain table."""
    with scene.ledger(server, folder) as (ledger, dsn), scene.database(server) as plain:
        feed = Feed()
        feed.meet(ledger)
        append_rate(ledger, feed, GROUP)
        entries = stored_bytes(dsn, GROUP) * (size // GROUP)
        limit = Limit(plain)
        try:
            return compare(
                "append in process, groups of 1,000, against the raw limit",
                ">= 0.50",
                lambda: append_rate(ledger, feed, size),
                lambda: limit.rate(entries, GROUP),
                runs,
            )
        finally:
            limit.close()


def against_the_library(server: str, folder: Path, size: int, runs: int) -> Row:
    """Everything on, against the library's recorder with nothing on."""
    with scene.ledger(server, folder) as (ledger, dsn), scene.database(server) as plain:
        feed = Feed()
        feed.meet(ledger)
        entries = stored_bytes(dsn, GROUP)
        store = datastore(plain, role="postgres", pool=2)
        recorder = PostgresApplicationRecorder(store)
        recorder.create_table()

        def vanilla() -> float:
            events = [
                [StoredEvent(uuid4(), 1, "data.disclosed", entry) for entry in entries] for _ in range(size // GROUP)
            ]
            with Clock() as clock:
                for each in events:
                    # The recorder's lock, notification and insert in one transaction, as it has them, without the
                    # pipeline around them: there a statement of a megabyte never returns (seen waiting in its sync).
                    with store.transaction(commit=True) as cursor:
                        recorder._insert_stored_events(cursor, each)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            return size / clock.seconds

        try:
            return compare(
                "append in process, groups of 1,000, against the library's recorder without its pipeline",
                ">= 1.50",
                lambda: append_rate(ledger, feed, size),
                vanilla,
                runs,
            )
        finally:
            store.close()


def on_a_large_ledger(server: str, folder: Path, large: int, size: int, runs: int) -> Row:
    """The rate on a ledger of many entries, against the rate on an empty one."""
    with scene.ledger(server, folder) as (grown, _), scene.ledger(server, folder) as (empty, _):
        old, new = Feed(), Feed()
        old.meet(grown)
        while grown.head(0) < large:
            old.grow(grown, min(100_000, large - grown.head(0)))
            scene.say(f"growing a ledger: {grown.head(0):,} of {large:,}")
        new.meet(empty)
        return compare(
            f"append at {large:,} events, against an empty ledger",
            ">= 0.90",
            lambda: append_rate(grown, old, size),
            lambda: append_rate(empty, new, size),
            runs,
        )


def disk(server: str, folder: Path, size: int) -> Row:
    """Bytes of everything of record, against the bytes of the stored entries."""
    with scene.ledger(server, folder) as (ledger, dsn):
        feed = Feed()
        feed.meet(ledger)
        append_rate(ledger, feed, size)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("VACUUM ledger.entry, ledger.subject, ledger.reference, ledger.tile")
            found = connection.execute(
                "SELECT (SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c"
                " WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r'),"
                " (SELECT sum(octet_length(bytes))::bigint FROM ledger.entry)"
            ).fetchone()
        assert found is not None
        whole, entries = found
        return Row(
            "disk: bytes of record, against the bytes of the entries",
            float(whole),
            float(entries),
            (whole / entries,) * 3,
            "<= 1.75",
            1,
        )
