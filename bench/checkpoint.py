"""What the tree and its signed checkpoint cost an append, in the same transaction: with them, against without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import scene
from bench.append import Feed
from bench.measure import Clock, Row, compare
from ledger import recorder
from ledger.edge import Edge
from ledger.signer import LogSigner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from ledger import Ledger, Receipt
    from ledger.group import Group
    from ledger.merkle import Growth
    from ledger.signed_head import Head

# Of the group's statement: the row of the checkpoint, and what uses its parameter instead.
SIGNED = b"""), signed AS (
        INSERT INTO ledger.checkpoint (log_id, size, note) SELECT head.log_id, $1::bigint, $5::bytea FROM head
    )
    SELECT pg_notify('whosaw_entry', '') FROM head
"""
UNSIGNED = b""")
    SELECT pg_notify('whosaw_entry', '') FROM head WHERE $5::bytea IS NOT NULL
"""


class Unsigned(LogSigner):
    """Signs nothing and keeps nothing."""

    def newest(self) -> Head | None:
        """Return None: nothing is kept."""

    def sign(self, head: Head, grown_from: Mapping[int, bytes], growth: Growth | None = None) -> bytes:  # noqa: ARG002
        """Return no note."""
        return b""

    def committed(self, head: Head) -> None:
        """Keep nothing."""


class Bare(Edge):
    """Counts entries, and builds no tree over them."""

    def extend(self, group: Group, leaves: Sequence[bytes], signer: LogSigner) -> None:  # noqa: ARG002
        """Complete a group without tiles, root and note."""
        self.tree.size += len(leaves)
        group.size, group.root = self.tree.size, bytes(32)
        self.appended = group.appended


def strip(ledger: Ledger, feed: Feed) -> None:
    """Take tree and checkpoint from a fresh ledger that has recorded nothing yet.

    The leaf hash of each entry stays: the next entry of its stream states it.
    """
    signer = ledger.keys.signers[0]
    unsigned = Unsigned(signer.origin, signer.verifier_keys)
    (writer,), (each,) = ledger._writers, ledger.recorders  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    each._signer = unsigned  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    preparer = writer._preparer  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    preparer._signer, preparer._edge = unsigned, Bare(0)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    whole = recorder.RECORD
    assert SIGNED in whole, "the group's statement has changed"
    recorder.RECORD = whole.replace(SIGNED, UNSIGNED)  # pyright: ignore[reportConstantRedefinition]
    try:
        # A connection prepares it once.
        feed.meet(ledger)
    finally:
        recorder.RECORD = whole  # pyright: ignore[reportConstantRedefinition]


def rate(ledger: Ledger, feed: Feed, size: int, request: int) -> float:
    """Append facts, so many a request, each after the one before: each is a group; return facts a second."""
    ready = feed.take(ledger, size)
    with Clock() as clock:
        waiting: list[Future[list[Receipt]]] = []
        for start in range(0, size, request):
            # Two under way, as the writer takes them: one is prepared while the other commits.
            if len(waiting) > 1:
                waiting.pop(0).result()
            waiting.append(ledger.submit(ready[start : start + request]))
        for each in waiting:
            each.result()
    return size / clock.seconds


def in_the_transaction(server: str, folder: Path, size: int, runs: int) -> list[Row]:
    """Measure with large groups and with small ones, whose cost is the transaction's more than the facts'."""
    with scene.ledger(server, folder) as (whole, _), scene.ledger(server, folder) as (bare, _):
        ours, theirs = Feed(), Feed()
        ours.meet(whole)
        strip(bare, theirs)
        return [
            compare(
                f"append in process, groups of {request:,}, with tree and signed checkpoint, against without",
                ">= 0.87",
                lambda request=request, much=much: rate(whole, ours, much, request),
                lambda request=request, much=much: rate(bare, theirs, much, request),
                runs,
            )
            for request, much in ((1_000, size), (32, size // 4))
        ]
