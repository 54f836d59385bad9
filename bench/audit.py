"""The audit against PostgreSQL alone: all is recomputed and compared, against the same rows sent and thrown away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from bench import scene
from bench.append import Feed, append_rate
from bench.measure import Clock, Row, compare
from ledger.audit import Log, LogAudit, Processes, Secrets
from ledger.audit.piece import CHECKPOINTS, connected
from ledger.audit.register import PARTS, REFERENCES, SUBJECTS
from ledger.audit.span import ENTRIES, MEMBERS, TILES
from ledger.audit.tree import SPAN, TILE

if TYPE_CHECKING:
    from pathlib import Path

    from ledger import Ledger


class Query(NamedTuple):
    """What one connection sends."""

    dsn: str
    text: str


def discard(query: Query) -> int:
    """Let the database send a query's rows as COPY has them, and throw each away; return how many bytes came."""
    server = connected(query.dsn).pgconn
    server.exec_(f"COPY ({query.text}) TO STDOUT (FORMAT binary)".encode())
    get = server.get_copy_data
    volume = 0
    while (length := get(0)[0]) > 0:
        volume += length
    while server.get_result() is not None:
        pass
    return volume


def queries(dsn: str, size: int) -> list[Query]:
    """Return everything that an audit reads, in the same pieces."""
    found: list[str] = []
    for first in range(0, size, SPAN):
        last = min(first + SPAN, size)
        found += [each.format(0, first, last) for each in (ENTRIES, MEMBERS, CHECKPOINTS)]
        found.append(TILES.format(0, 0, first // TILE, last // TILE))
    for part in range(PARTS):
        low, high = UUID(int=part << 124), UUID(int=((part + 1) << 124) - 1)
        found += [each.format(0, low, high) for each in (SUBJECTS, REFERENCES)]
    return [Query(dsn, each) for each in found]


def audited(ledger: Ledger, dsn: str, folder: Path, processes: Processes, size: int, *, whole: bool) -> float:
    """Audit from the beginning; return entries a second."""
    work = folder / uuid4().hex
    work.mkdir()
    signer, keys = ledger.keys.signers[0], ledger.keys
    log = Log(0, signer.origin, signer.verifier_keys, signer.newest())
    secrets = Secrets(dict(keys.ring.versions()), keys.lookup, keys.home) if whole else None
    with Clock() as clock:
        outcome = LogAudit(dsn, log, secrets, processes, work).run([])
    assert outcome.size == size
    assert not outcome.findings, outcome.findings[0]
    return size / clock.seconds


def sent(dsn: str, processes: Processes, size: int, *, whole: bool) -> float:
    """Let the database send all of it to as many connections; return entries a second."""
    wanted = [each for each in queries(dsn, size) if whole or "ledger.subject" not in each.text]
    with Clock() as clock:
        for _ in processes.each(discard, wanted):
            pass
    return size / clock.seconds


def against_reading(server: str, folder: Path, size: int, runs: int) -> list[Row]:
    """Measure on a ledger of at least `size` entries, in groups of a thousand."""
    jobs = os.cpu_count() or 1
    with scene.ledger(server, folder) as (ledger, dsn), Processes(jobs) as processes:
        feed = Feed()
        feed.meet(ledger)
        while ledger.head(0) < size:
            # No more at a time than a writer lets wait.
            append_rate(ledger, feed, min(100_000, size - ledger.head(0)))
        head = ledger.head(0)
        return [
            compare(
                f"audit of {head:,} entries, {what}, {jobs} processes, against reading the same rows",
                ">= 0.50",
                lambda whole=whole: audited(ledger, dsn, folder, processes, head, whole=whole),
                lambda whole=whole: sent(dsn, processes, head, whole=whole),
                runs,
            )
            for what, whole in (("without keys", False), ("with keys and references", True))
        ]
