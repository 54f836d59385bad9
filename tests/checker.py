"""One checker for every test that breaks things: holds what clients were told against what the ledger holds.

Each client operation is written down as it ends: acknowledged with a receipt, refused, or unknown (no answer, or one
that says so). The log is its own history, so the order of things is read from it.
"""

from __future__ import annotations

import time
from base64 import b64decode
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson
import psycopg

from ledger.checkpoint import open_checkpoint
from ledger.merkle import Tree, consistency_path, inclusion_path, inclusion_root, is_consistent, leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger import Receipt


@dataclass
class Operation:
    """One fact as a client sent it, over all its retries."""

    key: tuple[str, str]
    """Source and id."""
    invoked: float = field(default_factory=time.monotonic)
    """Before the first try."""
    answered: float | None = None
    """After the receipt came."""
    receipt: Receipt | None = None
    refused: bool = False


class History:
    """What happened, as the clients saw it. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.operations: list[Operation] = []
        self.readings: list[list[tuple[int, int]]] = []
        """Of each tailing reader: (log id, position) in the order seen."""

    def invoke(self, source: str, event_id: str) -> Operation:
        """Note that a fact is about to be sent."""
        operation = Operation((source, event_id))
        with self._lock:
            self.operations.append(operation)
        return operation

    def acknowledge(self, operation: Operation, receipt: Receipt) -> None:
        """Note a receipt; a later one for the same fact must be the same."""
        first = operation.receipt
        if first is not None:
            assert first._replace(repeated=False) == receipt._replace(repeated=False), "a retry got another receipt"
            return
        operation.answered = time.monotonic()
        operation.receipt = receipt


def check(history: History, dsn: str, verifier_keys: Sequence[str]) -> int:
    """Hold a history against the database, as its owner; return how many facts were acknowledged.

    Raises:
        AssertionError: Something acknowledged is lost, doubled, reordered or unproven, or something refused is there.
    """
    acknowledged = 0
    with psycopg.connect(dsn) as connection:
        by_key: dict[tuple[str, str], list[tuple[int, int, bytes]]] = {}
        for log_id, verifier_key in enumerate(verifier_keys):
            leaves = _check_log(connection, log_id, by_key)
            for readings in history.readings:
                seen = [position for log, position in readings if log == log_id]
                unbroken(seen, f"log {log_id}, a reader")
            _check_inclusion(connection, log_id, verifier_key, leaves)
    for operation in history.operations:
        found = by_key.get(operation.key, [])
        if operation.receipt is not None:
            acknowledged += 1
            place = (operation.receipt.log_id, operation.receipt.position, operation.receipt.leaf)
            assert place in found, f"acknowledged, but not there: {operation.key}"
        if operation.refused:
            assert not found, f"refused, but there: {operation.key}"
        assert len({log for log, _, _ in found}) == len(found), f"recorded more than once: {operation.key}"
    _check_real_time(history)
    return acknowledged


def unbroken(positions: Sequence[int], whose: str) -> None:
    """Check that positions are 1, 2, 3 and so on: none missed, doubled or reordered."""
    for expected, position in enumerate(positions, 1):
        assert position == expected, f"{whose}: {position} where {expected} should be"


def _check_log(
    connection: psycopg.Connection[Any], log_id: int, by_key: dict[tuple[str, str], list[tuple[int, int, bytes]]]
) -> list[bytes]:
    """Check that one log has no holes, its chains hold, its times do not go back, and its newest head is its root."""
    leaves: list[bytes] = []
    streams: dict[str, tuple[int, bytes]] = {}
    appended = ""
    cursor = connection.execute(
        "SELECT position, bytes FROM ledger.entry WHERE log_id = %s ORDER BY position", (log_id,)
    )
    for expected, (position, stored) in enumerate(cursor, 1):
        assert position == expected, f"log {log_id}: a hole before position {position}"
        leaf = leaf_hash(stored)
        leaves.append(leaf)
        members = orjson.loads(stored)
        sequence, previous = streams.get(members["stream"], (0, b""))
        assert members["sequence"] == sequence + 1, f"log {log_id}, position {position}: the stream has a hole"
        assert b64decode(members["previous"]) == previous, f"log {log_id}, position {position}: the chain is broken"
        streams[members["stream"]] = (sequence + 1, leaf)
        assert members["appended"] >= appended, f"log {log_id}, position {position}: the append time went back"
        appended = members["appended"]
        by_key.setdefault((members["source"], members["id"]), []).append((log_id, position, leaf))
    head = connection.execute("SELECT size FROM ledger.log WHERE log_id = %s", (log_id,)).fetchone()
    assert head == (len(leaves),), f"log {log_id}: the head says {head}, the entries {len(leaves)}"
    return leaves


def _check_inclusion(connection: psycopg.Connection[Any], log_id: int, verifier_key: str, leaves: list[bytes]) -> None:
    """Check that every head ever signed is the root of the entries below it, and that the newest covers all."""
    cursor = connection.execute("SELECT size, note FROM ledger.checkpoint WHERE log_id = %s ORDER BY size", (log_id,))
    tree = Tree()
    heads: list[tuple[int, bytes]] = []
    for size, note in cursor:
        checkpoint = open_checkpoint(note, verifier_key)
        assert checkpoint.size == size
        tree.extend(leaves[tree.size : size])
        assert checkpoint.root == tree.root(), f"log {log_id}: the head of size {size} is of another tree"
        heads.append((size, checkpoint.root))
    assert (heads[-1][0] if heads else 0) == len(leaves), f"log {log_id}: entries without a checkpoint"

    def subtree(first: int, last: int) -> bytes:
        return root_of(leaves[first:last])

    # The paths themselves, on a few: the loop above has compared every root.
    for (old, old_root), (new, new_root) in zip(
        heads[:-1][:: len(heads) // 5 + 1], heads[1:][:: len(heads) // 5 + 1], strict=True
    ):
        assert is_consistent(old, old_root, new, new_root, consistency_path(old, new, subtree))
    for index in range(0, len(leaves), len(leaves) // 5 + 1):
        size, root = heads[-1]
        assert inclusion_root(index, size, leaves[index], inclusion_path(index, size, subtree)) == root


def _check_real_time(history: History) -> None:
    """Check that what was acknowledged before another was invoked stands before it in its log."""
    by_log: dict[int, list[Operation]] = {}
    for operation in history.operations:
        if operation.receipt is not None:
            by_log.setdefault(operation.receipt.log_id, []).append(operation)
    for operations in by_log.values():
        ends = sorted((op.answered or 0.0, op.receipt.position) for op in operations if op.receipt is not None)
        starts = sorted((op.invoked, op.receipt.position) for op in operations if op.receipt is not None)
        highest, index = 0, 0
        for invoked, position in starts:
            while index < len(ends) and ends[index][0] < invoked:
                highest = max(highest, ends[index][1])
                index += 1
            assert position > highest or any(
                op.receipt is not None and op.receipt.position == position and op.receipt.repeated for op in operations
            ), f"position {position} was asked for after {highest} was acknowledged"
