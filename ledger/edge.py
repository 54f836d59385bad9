"""The growing edge of a log: its size, its last append time, and the tree as far as the next leaf needs it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg.rows import tuple_row

from ledger.errors import Damaged
from ledger.merkle import TILE_HEIGHT, TILE_WIDTH, Tree, leaf_hash, tree_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from psycopg import Connection

    from ledger.checkpoint import Signer
    from ledger.group import Group

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

    def read(self, connection: Connection[Any]) -> None:
        """Read the head, and from what is below it the unfinished tiles.

        Raises:
            Damaged: Entries or tiles are missing below the head.
        """
        with connection.cursor(row_factory=tuple_row) as cursor:
            row = cursor.execute(HEAD, (self.log_id,)).fetchone()
            if row is None:
                raise Damaged(f"log {self.log_id} has no head")
            size: int = row[0]
            self.appended = row[1]
            # Rows above the size just read may be there already: another writer is at work. They are not ours to count.
            entries = cursor.execute(EDGE_ENTRIES, (self.log_id, size - size % TILE_WIDTH, size)).fetchall()
            partial: dict[int, list[bytes]] = {0: [leaf_hash(entry) for (entry,) in entries]}
            level = 1
            while size >> (TILE_HEIGHT * level):
                width = size >> (TILE_HEIGHT * level)
                first = width - width % TILE_WIDTH
                roots = cursor.execute(EDGE_TILES, (self.log_id, level - 1, first, width)).fetchall()
                partial[level] = [root for (root,) in roots]
                level += 1
        try:
            self.tree = tree_of(size, partial)
        except ValueError as error:
            raise Damaged(f"log {self.log_id}, size {size}: {error}") from error
        self.known = True

    def extend(self, group: Group, leaves: Sequence[bytes], signer: Signer) -> None:
        """Complete a group: its tiles, its size and the signed checkpoint over it."""
        group.tiles = self.tree.extend(leaves)
        group.size = self.tree.size
        group.note = signer.sign(group.size, self.tree.root())
        self.appended = group.appended
