"""The account of one person on a small ledger and on one ten times its size: it must cost the same."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench import scene
from bench.measure import Row, row
from ledger import Reference
from projections import progress
from projections.account import Issue, account
from projections.follow import Follower
from projections.install import install

if TYPE_CHECKING:
    from pathlib import Path

    from ledger import Ledger, Subject

GROUP = 1_000
ENTRIES_A_PERSON = 10
NAMES = ("holdings", "disclosures", "views", "policies")


def grow(ledger: Ledger, dsn: str, size: int) -> None:
    """Fill a ledger with ten entries a person, and fold it."""
    install(dsn)
    people = size // ENTRIES_A_PERSON
    chance = random.Random(7)
    like = scene.fact(ledger.hashes, 0, 0)
    for start in range(0, size, 100 * GROUP):
        futures = [
            ledger.submit(scene.copies(ledger.hashes, like, chance.choices(range(people), k=GROUP)))
            for _ in range(start, min(start + 100 * GROUP, size), GROUP)
        ]
        for future in futures:
            future.result()
        scene.say(f"growing a ledger: {ledger.head(0):,} of {size:,}")
    with Follower(dsn) as follower:
        if not follower.wait(0, ledger.head(0), 3_600.0):
            raise RuntimeError("the projections did not catch up")


def p99_milliseconds(ledger: Ledger, people: int, questions: int) -> float:
    """Assemble accounts of people chosen at random, one after the other; return the 99th percentile."""
    chance = random.Random()
    subjects: list[Subject] = []
    while len(subjects) < questions:
        found = ledger.lookup(Reference("customer", f"C-{chance.randrange(people)}"))
        if found is not None:
            subjects.append(found)
    signer = ledger.keys.signers[0]
    issue = Issue(
        "en", datetime(2026, 11, 1, tzinfo=UTC), {"name": "x", "contact": "y"}, signer.origin, "", signer.verifier_key
    )
    times: list[float] = []
    with ledger.connection() as connection:
        at = progress.reached(connection, 0, NAMES)
        for subject in subjects:
            started = time.perf_counter()
            account(connection, subject, at, issue)
            times.append(time.perf_counter() - started)
    return sorted(times)[int(len(times) * 0.99)] * 1000


def account_at_size(server: str, folder: Path, small: int, large: int, questions: int, runs: int) -> Row:
    """The ratio of the percentiles, large to small."""
    pairs: list[tuple[float, float]] = []
    with scene.ledger(server, folder) as (little, little_dsn), scene.ledger(server, folder) as (big, big_dsn):
        grow(little, little_dsn, small)
        grow(big, big_dsn, large)
        for counted in range(-1, runs):
            pair = (
                p99_milliseconds(big, large // ENTRIES_A_PERSON, questions),
                p99_milliseconds(little, small // ENTRIES_A_PERSON, questions),
            )
            if counted >= 0:
                pairs.append(pair)
    return row(f"account of a person, p99 in ms, {large:,} events against {small:,}", "<= 1.50", pairs)
