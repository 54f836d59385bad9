"""Making heads snapshots, in the background and beside appends.

A snapshot covers every position up to the log's size as it was at the start. These entries are committed and never
change, so nothing is locked: whatever is appended meanwhile belongs to the next one. It is made out of the one before,
and of the streams and cohorts with entries since; the first one out of nothing, by the same steps. Each statement is
short, since a long one would keep the server from cleaning the log's head row, which every append looks for.

What is true if we stop right after each step:

1. the lock             it goes with the connection
2. pages                orphans: no register row names them, and the next build removes them
3. the entry            the root is in the log for ever; the next build finds it and its pages, and goes on with 4
4. the register row     the snapshot answers. At most one more than `KEPT` is kept until the next build
5. old pages removed    all done

Snapshots are made on a clock, never for one request: a snapshot that follows a question would tell whom it was about.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from psycopg.rows import tuple_row

from ledger.errors import LedgerError
from ledger.heads import (
    COHORT_BYTES,
    LABEL_BYTES,
    LEAF_BYTES,
    PAGE_LEAVES,
    Tile,
    Top,
    leaf_hashes,
    merged,
    root_over,
)
from ledger.own_fact import name_of, own_fact
from ledger.snapshot_pages import TYPE, NotKept, Snapshot, head_of, newest, read_pages, said
from ledger.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from psycopg import Connection

    from ledger.ledger import Ledger

    Watch = Callable[[str, int, int], None]
    """Told (what is being done, how much is done, of how much)."""

__all__ = ["NotKept", "Snapshot", "head_of", "make", "newest"]

KEPT = 3
"""Snapshots of each log whose pages are kept. Of an older one only its entry is left, and it answers nothing."""
READ_POSITIONS = 20_000
"""In one statement: a fifth of a second."""
READ_MEMBERS = 50_000
PAGES_AT_ONCE = 64
"""Pages read or written together: a megabyte."""

# Two integers, so that it is no other lock of ours. Session-level: it outlives the transactions of a build.
LOCK = "SELECT pg_try_advisory_lock(779122, %b::integer)"
UNLOCK = "SELECT pg_advisory_unlock(779122, %b::integer)"
SIZE = "SELECT size FROM ledger.log WHERE log_id = %b"
# The last entry of each stream among a range of positions, as a leaf: entries by the primary key, and for each the next
# of its stream by (log_id, stream, sequence). LIMIT keeps the planner from joining whole tables, OFFSET from sorting
# entries in place of leaves.
CHANGED_STREAMS = r"""
    SELECT string_agg(leaf, ''::bytea ORDER BY leaf) FROM (
        SELECT sha256('whosaw/stream/v1'::bytea || uuid_send(e.stream)) || int8send(e.sequence)
               || sha256('\x00'::bytea || e.bytes) AS leaf
        FROM ledger.entry AS e
        LEFT JOIN LATERAL (
            SELECT l.position FROM ledger.entry AS l
            WHERE l.log_id = e.log_id AND l.stream = e.stream AND l.sequence = e.sequence + 1
            LIMIT 1
        ) AS later ON true
        WHERE e.log_id = %b AND e.position > %b AND e.position <= %b
          AND (later.position IS NULL OR later.position > %b)
        OFFSET 0
    ) AS heads
"""
# Members by the primary key, some at a time: one entry may have a hundred thousand.
NEW_COHORTS = """
    SELECT string_agg(record, ''::bytea ORDER BY record), max(ARRAY[position, ordinal::bigint]) FROM (
        SELECT sha256('whosaw/cohorts/v1'::bytea || uuid_send(subject)) || int8send(position) AS record,
               position, ordinal
        FROM ledger.member
        WHERE log_id = %b AND (position, ordinal) > (%b::bigint, %b::integer) AND position <= %b
        ORDER BY position, ordinal LIMIT %b
    ) AS members
"""
LAST_OF_STREAM = """
    SELECT position, bytes FROM ledger.entry WHERE log_id = %b AND stream = %b ORDER BY sequence DESC LIMIT 1
"""
# Stops at the first that is found.
ANYTHING_ELSE = """
    SELECT EXISTS (SELECT FROM ledger.entry WHERE log_id = %b AND position > %b AND position <= %b AND stream <> %b)
"""
REGISTER = "INSERT INTO ledger.heads (log_id, covers, position) VALUES (%b, %b, %b) ON CONFLICT DO NOTHING"
KEPT_SNAPSHOTS = "SELECT covers FROM ledger.heads WHERE log_id = %b ORDER BY covers DESC LIMIT %b"
FORGET = "DELETE FROM ledger.heads WHERE log_id = %b AND covers <> ALL (%b::bigint[])"
REMOVE_PAGES = "DELETE FROM ledger.heads_page WHERE log_id = %b AND covers <> ALL (%b::bigint[])"
COUNT_PAGES = "SELECT count(*) FROM ledger.heads_page WHERE log_id = %b AND covers = %b AND level = 0"
COPY_PAGES = "COPY ledger.heads_page (log_id, covers, level, place, first, content) FROM STDIN (FORMAT binary)"
PAGE_TYPES = ("int2", "int8", "int2", "int8", "bytea", "bytea")


class Changed(LedgerError):
    """A snapshot's pages do not lead to the root that is in the log."""


def make(ledger: Ledger, log_id: int, watch: Watch = lambda _what, _done, _of: None) -> Snapshot | None:
    """Make a snapshot of one log now, for a clock; return it once it answers.

    None: another process makes one, or nothing but snapshots was recorded since the last.

    Args:
        ledger: Open for writing.
        log_id: Which log.
        watch: Told how far it is, after every page. It may rest, so that other threads go on, and end it by raising.

    Raises:
        Unavailable: The database or the writer does not answer. What is left behind, the next one removes or completes.
    """
    with ledger.connection() as connection, _alone(connection, log_id) as alone:
        return _Build(ledger, connection, log_id, watch).run() if alone else None


@contextmanager
def _alone(connection: Connection[Any], log_id: int) -> Generator[bool]:
    """Hold a log's lock for building, if nobody else does.

    Whoever loses the connection loses the lock, and the means to write pages with it.
    """
    row = connection.execute(LOCK, (log_id,)).fetchone()
    alone = row is not None and row[0] is True
    try:
        yield alone
    finally:
        if alone and not connection.closed and not connection.broken:
            connection.execute(UNLOCK, (log_id,))


class _Build:
    """One build, under the lock."""

    def __init__(self, ledger: Ledger, connection: Connection[Any], log_id: int, watch: Watch) -> None:
        self._ledger = ledger
        self._connection = connection
        self._log_id = log_id
        self._watch = watch
        self._origin = ledger.keys.signers[log_id].origin

    def run(self) -> Snapshot | None:
        """Make the snapshot, unless there is nothing new."""
        last = self._last()
        self._settle(last)
        row = self._connection.execute(SIZE, (self._log_id,)).fetchone()
        covers: int = row[0] if row else 0
        # From here on, whatever is appended is above `covers` and belongs to the next snapshot.
        before = newest(self._connection, self._log_id, covers)
        if covers == 0 or (before is not None and not self._is_new(before, covers)):
            return None
        try:
            leaves, root = self._write(before, covers)
        except Changed:
            # Somebody changed or lost pages of the last one: nothing of it is built upon.
            self._remove()
            leaves, root = self._write(None, covers)
        # Crash here: pages without an entry, which the next build removes.
        previous = last.entry_position if last is not None else None
        position = self._record(covers, leaves, root, previous)
        # Crash here: the entry is in the log and its pages are there, so the next build registers it.
        self._register(covers, position)
        return newest(self._connection, self._log_id, position)

    def _last(self) -> Snapshot | None:
        """Return what the log's newest snapshot entry says, whether its pages are kept or not."""
        subject = self._ledger.lookup(name_of(TYPE, self._origin))
        if subject is None:
            return None
        with self._connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            row = cursor.execute(LAST_OF_STREAM, (self._log_id, UUID(hex=subject.id))).fetchone()
        if row is None:
            return None
        position, entry = row
        return said(self._log_id, orjson.loads(entry)["data"]["covers"], position, entry)

    def _settle(self, last: Snapshot | None) -> None:
        """Complete what an earlier build recorded, and remove what one left behind."""
        if last is not None and newest(self._connection, self._log_id, last.entry_position) != last:
            row = self._connection.execute(COUNT_PAGES, (self._log_id, last.covers)).fetchone()
            if row == (-(-last.leaves // PAGE_LEAVES),):
                self._register(last.covers, last.entry_position)
        self._remove()

    def _is_new(self, before: Snapshot, covers: int) -> bool:
        """Tell whether anything but snapshots was recorded since one."""
        subject = self._ledger.lookup(name_of(TYPE, self._origin))
        own = UUID(hex=subject.id) if subject is not None else UUID(int=0)
        row = self._connection.execute(ANYTHING_ELSE, (self._log_id, before.covers, covers, own)).fetchone()
        return row == (True,)

    def _write(self, before: Snapshot | None, covers: int) -> tuple[int, bytes]:
        """Write the pages and tiles; return the number of leaves and the root.

        Raises:
            Changed: The pages of the snapshot before are not what its entry says.
        """
        start = before.covers if before is not None else 0
        top, count, place = Top(), 0, 0
        with Spool(LEAF_BYTES) as streams, Spool(COHORT_BYTES) as cohorts:
            for blob in self._changed_streams(start, covers):
                streams.add(blob)
            for blob in self._new_cohorts(start, covers):
                cohorts.add(blob)
            previous = self._previous(before) if before is not None else iter(())
            leaves = merged(previous, merge(streams, cohorts))
            waiting: list[tuple[int, int, bytes | None, bytes]] = []
            while page := b"".join(islice(leaves, PAGE_LEAVES)):
                waiting.append((0, place, page[:LABEL_BYTES], page))
                waiting += map(_row, top.add(root_over(leaf_hashes(page))))
                place += 1
                count += len(page) // LEAF_BYTES
                if len(waiting) >= PAGES_AT_ONCE:
                    self._copy(covers, waiting)
                    waiting = []
                self._watch("leaves", count, max(count, before.leaves if before is not None else 0))
            tiles, root = top.finish()
            self._copy(covers, [*waiting, *map(_row, tiles)])
        return count, root

    def _changed_streams(self, start: int, covers: int) -> Iterator[bytes]:
        """Yield the new leaves of streams with entries in start < position ≤ covers, in sorted runs."""
        for first in range(start, covers, READ_POSITIONS):
            last = min(first + READ_POSITIONS, covers)
            with self._connection.cursor(binary=True, row_factory=tuple_row) as cursor:
                row = cursor.execute(CHANGED_STREAMS, (self._log_id, first, last, covers)).fetchone()
            self._watch("entries", last - start, covers - start)
            yield (row[0] if row else None) or b""

    def _new_cohorts(self, start: int, covers: int) -> Iterator[bytes]:
        """Yield (label, position) of each member of each cohort in start < position ≤ covers, in sorted runs."""
        position, ordinal = start + 1, -1
        while True:
            parameters = (self._log_id, position, ordinal, covers, READ_MEMBERS)
            with self._connection.cursor(binary=True, row_factory=tuple_row) as cursor:
                row = cursor.execute(NEW_COHORTS, parameters).fetchone()
            if row is None or row[0] is None:
                return
            yield row[0]
            position, ordinal = row[1]

    def _previous(self, before: Snapshot) -> Iterator[bytes]:
        """Yield the leaves of the snapshot before, and find at their end whether they were the right ones."""
        top, count = Top(), 0
        for place in range(0, -(-before.leaves // PAGE_LEAVES), PAGES_AT_ONCE):
            for page in read_pages(self._connection, self._log_id, before.covers, 0, place, PAGES_AT_ONCE):
                top.add(root_over(leaf_hashes(page)))
                count += len(page) // LEAF_BYTES
                yield from (page[at : at + LEAF_BYTES] for at in range(0, len(page), LEAF_BYTES))
        if count != before.leaves or top.finish()[1] != before.root:
            raise Changed(f"log {self._log_id}: the pages of the snapshot at {before.covers} are not its own")

    def _copy(self, covers: int, rows: Sequence[tuple[int, int, bytes | None, bytes]]) -> None:
        """Write pages, in a transaction of their own."""
        with self._connection.cursor() as cursor, cursor.copy(COPY_PAGES) as copy:
            copy.set_types(PAGE_TYPES)
            for row in rows:
                copy.write_row((self._log_id, covers, *row))

    def _record(self, covers: int, leaves: int, root: bytes, previous: int | None) -> int:
        """Append the entry to this very log; return its position."""
        data = {
            "log": self._origin,
            "covers": covers,
            "streams": leaves,
            "root": b64encode(root).decode(),
            "previous": previous,
        }
        fact = own_fact(self._ledger.hashes, TYPE, self._origin, data)
        (receipt,) = self._ledger.submit_to(self._log_id, [fact]).result()
        return receipt.position

    def _register(self, covers: int, position: int) -> None:
        """Let the snapshot answer, and remove what is older than the newest `KEPT`."""
        self._connection.execute(REGISTER, (self._log_id, covers, position))
        self._remove()

    def _remove(self) -> None:
        """Remove pages that belong to no kept snapshot. The register first: no kept snapshot lacks its pages."""
        rows = self._connection.execute(KEPT_SNAPSHOTS, (self._log_id, KEPT)).fetchall()
        kept = [covers for (covers,) in rows]
        self._connection.execute(FORGET, (self._log_id, kept))
        self._connection.execute(REMOVE_PAGES, (self._log_id, kept))


def _row(tile: Tile) -> tuple[int, int, bytes | None, bytes]:
    return tile.level, tile.place, None, b"".join(tile.hashes)
