"""Whether time tells of a seal: answers about people with sealed facts against those whose facts were about strangers.

Everybody has the same open history. Half of them, drawn at random, have sealed facts as well; for each of the others as
many facts were recorded about a stranger, at the same time. Answers about both are timed in turn, drawn at random, in
one run of one ledger. Welch's t says how many standard errors lie between the two means; below 4.5 nothing is told.

Source: Goodwill, Jun, Jaffe, Rohatgi, A testing methodology for side-channel resistance validation (4.5); dudect
(timings that something else made slow are also looked at without).
"""

from __future__ import annotations

import gc
import random
import time
from statistics import fmean, variance
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import psycopg

from bench import scene
from bench.event import event
from bench.measure import Row
from bench.questions import Asker
from ledger import Reference, fact_of
from ledger.vocabulary import parse_event
from projections.account import account
from projections.follow import Follower
from projections.install import install
from projections.pins import Pins
from projections.resolution import person_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ledger import Fact, Ledger, Subject
    from ledger.fact import KeyedHashes

PEOPLE = 60
"""With sealed facts, and as many without."""
OPEN = 10
SEALED = 5
"""Facts of each person."""
KEPT = 0.9
"""The share of timings that is kept when the slowest are left out."""
LIMIT = "<= 4.50"
SEAL = {"visibility": "sealed", "seal_ref": "S-1"}


class Measured(NamedTuple):
    """Seconds of each answer of one run."""

    sealed: list[float]
    stranger: list[float]

    def fastest(self) -> Measured:
        """Leave out what was slower than most, whichever it was about."""
        most = sorted([*self.sealed, *self.stranger])[int(KEPT * (len(self.sealed) + len(self.stranger)))]
        return Measured(*([each for each in taken if each <= most] for taken in self))

    @property
    def t(self) -> float:
        """Welch's t: how many standard errors lie between the means."""
        return welch(self.sealed, self.stranger)


def welch(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Welch's t of two samples of at least two values each."""
    error = variance(first) / len(first) + variance(second) / len(second)
    return (fmean(first) - fmean(second)) / error**0.5


def fact(hashes: KeyedHashes, number: int, customer: int, **more: Any) -> Fact:
    """Return a validated disclosure, sealed or not."""
    told = event(number, customer)
    told["data"] |= more
    return fact_of(hashes, parse_event(orjson.dumps(told)), "key-bench")


def grow(ledger: Ledger, dsn: str) -> tuple[list[Subject], list[Subject]]:
    """Record everybody's history and fold it; return who has sealed facts, and who has not."""
    install(dsn)
    everybody = list(range(2 * PEOPLE))
    hidden = set(random.sample(everybody, PEOPLE))
    number = 0
    for turn in range(OPEN):
        random.shuffle(everybody)
        for customer in everybody:
            facts = [fact(ledger.hashes, number, customer)]
            if turn < SEALED:
                sealed = customer in hidden
                more = SEAL if sealed else {}
                facts.append(fact(ledger.hashes, number + 1, customer if sealed else 100_000 + customer, **more))
            number += 2
            ledger.append(facts)
    with Follower(dsn) as follower:
        if not follower.wait(0, ledger.head(0), 600.0):
            raise RuntimeError("the projections did not catch up")
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")
    found = {each: ledger.lookup(Reference("customer", f"C-{each}")) for each in sorted(everybody)}
    known = {each: subject for each, subject in found.items() if subject is not None}
    return [known[each] for each in known if each in hidden], [known[each] for each in known if each not in hidden]


def measure(ledger: Ledger, asker: Asker, people: tuple[list[Subject], list[Subject]], timings: int) -> Measured:
    """Time answers about both kinds of people, each drawn at random."""
    taken: tuple[list[float], list[float]] = ([], [])
    order = [random.randrange(2) for _ in range(timings)]
    gc.collect()
    gc.disable()
    try:
        for which in order:
            subject = random.choice(people[which])
            started = time.perf_counter()
            found = ledger.find(subject.id)
            assert found is not None, "everybody is known"
            person = person_of(asker.connection, ledger.hashes, found, Pins(found.log_id, asker.at))
            account(asker.connection, person, asker.issue)
            taken[which].append(time.perf_counter() - started)
    finally:
        gc.enable()
    return Measured(*taken)


def row_of(name: str, measured: Sequence[Measured]) -> Row:
    """Return a row whose ratio is |t|, over the runs."""
    found = sorted(abs(each.t) for each in measured)
    ours, limit = (1000 * fmean(second for each in measured for second in each[which]) for which in (0, 1))
    return Row(name, ours, limit, (found[0], found[len(found) // 2], found[-1]), LIMIT, len(found))


def sealed_against_strangers(server: str, folder: Path, timings: int, runs: int) -> list[Row]:
    """The account of somebody with sealed facts against one without; the ratio of these rows is |t|."""
    with scene.ledger(server, folder) as (ledger, dsn):
        people = grow(ledger, dsn)
        with ledger.connection() as connection:
            asker = Asker(ledger, connection, 2 * PEOPLE)
            measure(ledger, asker, people, timings // 5)
            found = [measure(ledger, asker, people, timings) for _ in range(runs)]
            half = PEOPLE // 2
            noise = measure(ledger, asker, (people[1][:half], people[1][half:]), timings)
    scene.say(f"|t| of two halves of those without sealed facts: {abs(noise.t):.2f}")
    name = f"account with sealed facts in ms, against a stranger's, |t| of {timings:,} timings"
    fastest = [each.fastest() for each in found]
    return [row_of(name, found), row_of(f"{name}, of the fastest {KEPT:.0%}", fastest)]
