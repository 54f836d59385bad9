"""The growing edge of a log: its size, its last append time, and the tree as far as the next leaf needs it."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg.rows import tuple_row

from ledger.errors import Damaged
from ledger.merkle import TILE_HEIGHT, TILE_WIDTH, Growth, Tree, leaf_hash, tree_of
from ledger.proofs import Proofs
from ledger.signed_head import Head

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from psycopg import Connection

    from ledger.group import Group
    from ledger.signer import LogSigner

# The log's head, by its primary key.
HEAD = "SELECT size, appended_at FROM ledger.log WHERE log_id = %b"
# At most 255 entries at the right edge, by primary key.
EDGE_ENTRIES = """
    SELECT bytes FROM ledger.entry WHERE log_id = %b AND position > %b AND position <= %b ORDER BY position
"""
# At most 255 tiles of a level, by primary key; their hashes stay out of line and are not read.
EDGE_TILES = """
    SELECT root FROM ledger.tile WHERE log_id = %b AND level = %b AND index >= %b AND index < %b ORDER BY index
"""

ANCESTORS = 16
"""Heads remembered: at most two groups are under way, and what is kept outside is at most one behind them."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Edge:
    """One log's edge, as its writer remembers it. Not for several threads."""

    def __init__(self, log_id: int) -> None:
        self.log_id = log_id
        self.tree = Tree()
        self.appended = LONG_AGO
        """Append time of the last entry: the next one is never earlier."""
        self.known = False
        """Whether it has been read since the last doubt."""
        self.grown_from: dict[int, bytes] = {}
        """Heads that this tree has had since it was compared with the newest signed one, size → root."""

    def read(self, connection: Connection[Any], signer: LogSigner) -> None:
        """Read the head, and from what is below it the unfinished tiles; compare with the newest signed head.

        Raises:
            Damaged: Entries or tiles are missing below the head.
            RolledBack: The log is shorter than what was signed.
            Forked: The log is another history than the one that was signed.
        """
        # In this order: what is kept was committed before it was kept, so the head read after it is never behind it.
        newest = signer.newest()
        with connection.cursor(row_factory=tuple_row) as cursor:
            row = cursor.execute(HEAD, (self.log_id,)).fetchone()
        if row is None:
            raise Damaged(f"log {self.log_id} has no head")
        size: int = row[0]
        self.appended = row[1]
        self.tree = tree_at(connection, self.log_id, size)
        root = self.tree.root()
        signer.check(
            newest, size, lambda first: root if first == size else tree_at(connection, self.log_id, first).root()
        )
        prove(connection, self.log_id, Head(size, root), signer)
        self.grown_from = {size: root} if newest is None else {newest.size: newest.root, size: root}
        self.known = True

    def extend(self, group: Group, leaves: Sequence[bytes], signer: LogSigner) -> None:
        """Complete a group: its tiles, its size and the signed checkpoint over it."""
        size = self.tree.size
        growth = Growth(size, self.grown_from[size], dict(self.tree.frontier), leaves)
        group.tiles = self.tree.extend(leaves)
        head = Head(self.tree.size, self.tree.root())
        group.size, group.root = head
        group.note = signer.sign(head, self.grown_from, growth)
        self.grown_from[head.size] = head.root
        while len(self.grown_from) > ANCESTORS:
            del self.grown_from[next(iter(self.grown_from))]
        self.appended = group.appended


def prove(connection: Connection[Any], log_id: int, head: Head, signer: LogSigner) -> None:
    """Show a signer that a committed head extends the newest one that it keeps, where it does not know.

    Raises:
        Damaged: Entries or tiles are missing below the head.
        Superseded: It does not extend it.
    """
    signer.prove(head, lambda old: Proofs(lambda: nullcontext(connection)).consistency(log_id, old, head.size))


def tree_at(connection: Connection[Any], log_id: int, size: int) -> Tree:
    """Read the tree over the first entries of a log: at most 255 entries, and 255 tiles a level.

    Raises:
        Damaged: Some of them are missing.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        # Rows above this size may be there already: another writer is at work. They are not ours to count.
        entries = cursor.execute(EDGE_ENTRIES, (log_id, size - size % TILE_WIDTH, size)).fetchall()
        partial: dict[int, list[bytes]] = {0: [leaf_hash(entry) for (entry,) in entries]}
        level = 1
        while size >> (TILE_HEIGHT * level):
            width = size >> (TILE_HEIGHT * level)
            first = width - width % TILE_WIDTH
            roots = cursor.execute(EDGE_TILES, (log_id, level - 1, first, width)).fetchall()
            partial[level] = [root for (root,) in roots]
            level += 1
    try:
        return tree_of(size, partial)
    except ValueError as error:
        raise Damaged(f"log {log_id}, size {size}: {error}") from error
