"""The account of one person on a small ledger and on one ten times its size: it must cost the same."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bench import scene
from bench.measure import Row, row
from ledger import Reference
from projections import PROJECTIONS, progress
from projections.account import PROJECTIONS as NAMES
from projections.account import Issue, account
from projections.follow import Follower
from projections.install import install
from projections.person import alone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from psycopg import Connection

    from ledger import Ledger, Subject

GROUP = 1_000
ENTRIES_A_PERSON = 10


def grow(ledger: Ledger, dsn: str, size: int, read: Sequence[str]) -> None:
    """Fill a ledger with ten entries a person, and fold what a question reads."""
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
    catch_up(ledger, dsn, read)


def catch_up(ledger: Ledger, dsn: str, read: Sequence[str]) -> None:
    """Fold all that is recorded into some projections."""
    with Follower(dsn, [each for each in PROJECTIONS if each.name in read]) as follower:
        if not follower.wait(0, ledger.head(0), 3_600.0):
            raise RuntimeError("the projections did not catch up")


class Asker:
    """Assembles accounts of people chosen at random in one ledger."""

    def __init__(self, ledger: Ledger, connection: Connection[Any], people: int) -> None:
        self.connection = connection
        self._ledger, self._people = ledger, people
        self._chance = random.Random()
        self.at = progress.reached(connection, 0, NAMES)
        signer = ledger.keys.signers[0]
        issued_at, controller = datetime(2026, 11, 1, tzinfo=UTC), {"name": "x", "contact": "y"}
        self.issue = Issue("en", issued_at, controller, signer.origin, "", signer.verifier_key)

    def somebody(self) -> Subject:
        """Return a person whom the ledger knows."""
        while True:
            found = self._ledger.lookup(Reference("customer", f"C-{self._chance.randrange(self._people)}"))
            if found is not None:
                return found

    def seconds(self, subject: Subject) -> float:
        """Assemble one account; return how long it took."""
        started = time.perf_counter()
        account(self.connection, alone(subject, self.at), self.issue)
        return time.perf_counter() - started


def p99_milliseconds(askers: tuple[Asker, Asker], questions: int) -> tuple[float, float]:
    """Ask both ledgers in turn, question by question, so that what else the machine does disturbs both alike."""
    subjects = [[each.somebody() for _ in range(questions)] for each in askers]
    times: list[list[float]] = [[], []]
    for index in range(questions):
        for each, people, taken in zip(askers, subjects, times, strict=True):
            taken.append(each.seconds(people[index]))
    first, second = (sorted(taken)[int(questions * 0.99)] * 1000 for taken in times)
    return first, second


def account_at_size(server: str, folder: Path, small: int, large: int, questions: int, runs: int) -> Row:
    """The ratio of the percentiles, large to small."""
    with scene.ledger(server, folder) as (little, little_dsn), scene.ledger(server, folder) as (big, big_dsn):
        grow(little, little_dsn, small, NAMES)
        grow(big, big_dsn, large, NAMES)
        with little.connection() as few, big.connection() as many:
            askers = (Asker(big, many, large // ENTRIES_A_PERSON), Asker(little, few, small // ENTRIES_A_PERSON))
            p99_milliseconds(askers, questions)
            pairs = [p99_milliseconds(askers, questions) for _ in range(runs)]
    return row(f"account of a person, p99 in ms, {large:,} events against {small:,}", "<= 1.50", pairs)
