"""Answering from heads snapshots: where a stream ended, or that there is none, each with its proof.

A proof costs one page of leaves and one tile a level above: three rows for sixteen million streams.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from psycopg.rows import tuple_row

from ledger.errors import Damaged, LedgerError
from ledger.heads import (
    LABEL_BYTES,
    LEAF_BYTES,
    PAGE_LEAVES,
    Absent,
    Neighbour,
    Present,
    label,
    leaf_hashes,
    leaf_of,
    path_of,
)
from ledger.own_fact import SOURCE

if TYPE_CHECKING:
    from psycopg import Connection

    from ledger.heads import Kind

TYPE = "ledger.heads"
NEWEST = """
    SELECT h.covers, h.position, e.bytes
    FROM ledger.heads AS h JOIN ledger.entry AS e ON e.log_id = h.log_id AND e.position = h.position
    WHERE h.log_id = %b AND h.position <= %b ORDER BY h.covers DESC LIMIT 1
"""
# By the primary key.
PAGES = """
    SELECT content FROM ledger.heads_page
    WHERE log_id = %b AND covers = %b AND level = %b AND place >= %b AND place < %b ORDER BY place
"""
# By the index heads_page_first.
PAGE_OF = """
    SELECT place FROM ledger.heads_page
    WHERE log_id = %b AND covers = %b AND level = 0 AND first <= %b ORDER BY first DESC LIMIT 1
"""


class Snapshot(NamedTuple):
    """One heads snapshot whose pages are kept."""

    log_id: int
    entry_position: int
    """Of the entry with its root."""
    covers: int
    """The position up to which every entry is in it."""
    leaves: int
    root: bytes
    recorded: datetime
    """When its entry was appended."""


class NotKept(LedgerError):
    """A snapshot's pages are gone, for newer ones took their place. Ask again, from the newest."""


def newest(connection: Connection[Any], log_id: int, covered_by: int) -> Snapshot | None:
    """Return the newest snapshot that can answer, of those whose entry's position is at most `covered_by`; or None.

    What is older than the newest few, whose pages are kept, answers nothing.
    """
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        row = cursor.execute(NEWEST, (log_id, covered_by)).fetchone()
    if row is None:
        return None
    covers, position, entry = row
    return said(log_id, covers, position, entry)


def said(log_id: int, covers: int, position: int, entry: bytes) -> Snapshot:
    """Return what a snapshot's entry says of it; tables that can be changed are not asked.

    Raises:
        Damaged: It is not the entry of that snapshot.
    """
    members = orjson.loads(entry)
    data = members["data"]
    if (members["type"], members["source"], data["covers"]) != (TYPE, SOURCE, covers):
        raise Damaged(f"log {log_id}: entry {position} is not the snapshot at {covers}")
    return Snapshot(
        log_id, position, covers, data["streams"], b64decode(data["root"]), datetime.fromisoformat(members["appended"])
    )


def head_of(connection: Connection[Any], snapshot: Snapshot, kind: Kind, identity: bytes) -> Present | Absent:
    """Return where a stream ended, or how many cohorts somebody was in, with the proof; or that there is no such leaf.

    Args:
        connection: Reads what is committed.
        snapshot: From `newest`.
        kind: Of the id.
        identity: 16 bytes.

    Raises:
        NotKept: Newer snapshots took its place meanwhile. Ask again, from the newest.
    """
    pages = _Pages(connection, snapshot)
    wanted = label(kind, identity)
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(PAGE_OF, (snapshot.log_id, snapshot.covers, wanted)).fetchone()
    place: int = row[0] if row else 0
    leaves = pages.leaves(place)
    # Of this page, how many leaves are not above the wanted one.
    below = sum(1 for each in leaves if each[:LABEL_BYTES] <= wanted)
    index = place * PAGE_LEAVES + below
    if below and leaves[below - 1][:LABEL_BYTES] == wanted:
        found = pages.neighbour(index - 1)
        return Present(kind, identity, found.number, found.hash, found.index, found.path)
    left = pages.neighbour(index - 1) if index else None
    right = pages.neighbour(index) if index < snapshot.leaves else None
    return Absent(kind, identity, left, right)


class _Pages:
    """A snapshot's pages and tiles, read once each."""

    def __init__(self, connection: Connection[Any], snapshot: Snapshot) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._read: dict[tuple[int, int], bytes] = {}
        self._hashes: dict[tuple[int, int], list[bytes]] = {}

    def neighbour(self, index: int) -> Neighbour:
        """Return a leaf with its proof."""
        place, offset = divmod(index, PAGE_LEAVES)
        leaf = leaf_of(self.leaves(place)[offset])
        return Neighbour(*leaf, index, path_of(index, self._snapshot.leaves, self._tile))

    def leaves(self, place: int) -> list[bytes]:
        """Return the data of a page's leaves."""
        page = self._content(0, place)
        return [page[start : start + LEAF_BYTES] for start in range(0, len(page), LEAF_BYTES)]

    def _tile(self, level: int, place: int) -> list[bytes]:
        found = self._hashes.get((level, place))
        if found is None:
            content = self._content(level, place)
            found = leaf_hashes(content) if level == 0 else [content[at : at + 32] for at in range(0, len(content), 32)]
            self._hashes[level, place] = found
        return found

    def _content(self, level: int, place: int) -> bytes:
        found = self._read.get((level, place))
        if found is None:
            log_id, covers = self._snapshot.log_id, self._snapshot.covers
            rows = read_pages(self._connection, log_id, covers, level, place, 1)
            if not rows:
                raise NotKept(f"log {log_id}: the snapshot at {covers} is not kept any more")
            found = self._read[level, place] = rows[0]
        return found


def read_pages(
    connection: Connection[Any], log_id: int, covers: int, level: int, place: int, count: int
) -> list[bytes]:
    """Return the contents of so many pages, or of tiles of a level, from a place on; fewer if there are fewer."""
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows = cursor.execute(PAGES, (log_id, covers, level, place, place + count)).fetchall()
    return [bytes(content) for (content,) in rows]
