"""Answers about everybody on a small ledger and on one ten times its size: they must cost what the answer costs."""

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
from projections import exposure, findings, obligations, progress, requests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from psycopg import Connection

    from ledger import Ledger

RECIPIENT = "answer-of-fixed-size"
DISCLOSURES = 200
REQUEST = {
    "regime": "whosaw:PIPEDA", "right": "whosaw:Access", "channel": "whosaw:Web", "due": None, "identity": "verified",
    "clock_start": "2026-11-01T10:00:00-05:00",
}  # fmt: skip
RULE = "whosaw:RuleRecipient"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def disclose(ledger: Ledger, dsn: str, people: int, read: Sequence[str]) -> None:
    """Record the same number of disclosures to one recipient, and of requests, in any ledger, and fold them."""
    made = next(each for each in (event(number, 0) for number in range(100)) if each["type"] == "data.disclosed")
    facts = []
    for number in range(DISCLOSURES):
        one = orjson.loads(orjson.dumps(made))
        one["id"] = f"answer-{number}"
        one["data"]["recipient"]["id"] = RECIPIENT
        one["data"]["subjects"][0]["reference"]["value"] = f"C-{number * max(1, people // DISCLOSURES)}"
        facts.append(fact_of(ledger.hashes, parse_event(orjson.dumps(one)), "key-bench"))
        one |= {"id": f"request-{number}", "type": "request.received"}
        one["data"] = {name: one["data"][name] for name in ("subjects", "actor")} | REQUEST | {"request_id": one["id"]}
        facts.append(fact_of(ledger.hashes, parse_event(orjson.dumps(one)), "key-bench"))
    ledger.append(facts)
    catch_up(ledger, dsn, read)


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


def follows(connection: Connection[Any], asked: int) -> float:
    """Ask so often what is due, what is owed and what was found about one recipient; return the median."""
    times: list[float] = []
    for _ in range(asked):
        started = time.perf_counter()
        due, _ = requests.found(connection, [0], NOW, requests.Filter("open", regime=REQUEST["regime"]), limit=500)
        owed, _ = obligations.found(connection, [0], NOW, obligations.Filter("answer_request"), limit=500)
        wanted = findings.Wanted(rules=(RULE,), recipient=RECIPIENT, since=SINCE, until=UNTIL, now=NOW)
        found, _ = findings.across(connection, [0], wanted, limit=500)
        times.append((time.perf_counter() - started) * 1000)
        if (len(due), len(owed), len(found)) != (DISCLOSURES,) * 3:
            raise RuntimeError(f"expected {DISCLOSURES} rows each, found {len(due)}, {len(owed)}, {len(found)}")
    return sorted(times)[asked // 2]


def what_follows_at_size(server: str, folder: Path, small: int, large: int, asked: int, runs: int) -> Row:
    """The ratio of the medians, large to small, for answers from rows that follow from all that counts about people."""
    read = ("requests", "obligations", "findings")
    with scene.ledger(server, folder) as (little, little_dsn), scene.ledger(server, folder) as (big, big_dsn):
        for ledger, dsn, size in ((little, little_dsn, small), (big, big_dsn, large)):
            grow(ledger, dsn, size, read)
            disclose(ledger, dsn, size // 10, read)
        with little.connection() as few, big.connection() as many:
            follows(many, asked)
            follows(few, asked)
            pairs = [(follows(many, asked), follows(few, asked)) for _ in range(runs)]
    return row(f"requests, duties, findings, 200 rows each, ms, {large:,} events against {small:,}", "<= 1.50", pairs)


def exposure_at_size(server: str, folder: Path, small: int, large: int, asked: int, runs: int) -> Row:
    """The ratio of the medians, large to small, for an answer of 200 rows in both."""
    with scene.ledger(server, folder) as (little, little_dsn), scene.ledger(server, folder) as (big, big_dsn):
        for ledger, dsn, size in ((little, little_dsn, small), (big, big_dsn, large)):
            grow(ledger, dsn, size, exposure.READ)
            disclose(ledger, dsn, size // 10, exposure.READ)
        with little.connection() as few, big.connection() as many:
            milliseconds(many, asked)
            milliseconds(few, asked)
            pairs = [(milliseconds(many, asked), milliseconds(few, asked)) for _ in range(runs)]
    return row(f"one recipient's exposure, 200 rows, ms, {large:,} events against {small:,}", "<= 1.50", pairs)
