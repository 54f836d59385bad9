"""One recipient's people on a small ledger and on one ten times its size: it must cost what the answer costs."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from bench import scene
from bench.event import event
from bench.measure import Row, row
from bench.questions import catch_up, grow
from ledger import fact_of
from ledger.vocabulary import parse_event
from projections import exposure, progress

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from ledger import Ledger

RECIPIENT = "answer-of-fixed-size"
DISCLOSURES = 200
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def disclose(ledger: Ledger, dsn: str, people: int) -> None:
    """Record the same number of disclosures to one recipient in any ledger, and fold them."""
    made = next(each for each in (event(number, 0) for number in range(100)) if each["type"] == "data.disclosed")
    facts = []
    for number in range(DISCLOSURES):
        one = orjson.loads(orjson.dumps(made))
        one["id"] = f"answer-{number}"
        one["data"]["recipient"]["id"] = RECIPIENT
        one["data"]["subjects"][0]["reference"]["value"] = f"C-{number * max(1, people // DISCLOSURES)}"
        facts.append(fact_of(ledger.hashes, parse_event(orjson.dumps(one)), "key-bench"))
    ledger.append(facts)
    catch_up(ledger, dsn, exposure.READ)


def milliseconds(connection: Connection[Any], asked: int) -> float:
    """Ask so often whose data the recipient had, with totals; return the median."""
    as_of = {0: progress.reached(connection, 0, exposure.READ)}
    times: list[float] = []
    for _ in range(asked):
        started = time.perf_counter()
        found, _ = exposure.exposed(connection, RECIPIENT, SINCE, UNTIL, as_of, limit=500)
        totals = exposure.totals(connection, RECIPIENT, SINCE, UNTIL, as_of)
        times.append((time.perf_counter() - started) * 1000)
        if len(found) != DISCLOSURES or not totals.people.people:
            raise RuntimeError(f"expected {DISCLOSURES} rows, found {len(found)}")
    return sorted(times)[asked // 2]


def exposure_at_size(server: str, folder: Path, small: int, large: int, asked: int, runs: int) -> Row:
    """The ratio of the medians, large to small, for an answer of 200 rows in both."""
    with scene.ledger(server, folder) as (little, little_dsn), scene.ledger(server, folder) as (big, big_dsn):
        for ledger, dsn, size in ((little, little_dsn, small), (big, big_dsn, large)):
            grow(ledger, dsn, size, exposure.READ)
            disclose(ledger, dsn, size // 10)
        with little.connection() as few, big.connection() as many:
            milliseconds(many, asked)
            milliseconds(few, asked)
            pairs = [(milliseconds(many, asked), milliseconds(few, asked)) for _ in range(runs)]
    return row(f"one recipient's exposure, 200 rows, ms, {large:,} events against {small:,}", "<= 1.50", pairs)
