"""Roots at any size, through stored tiles: right wherever the tiles have been found to be the entries'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.audit import tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

# At most 255 entries, and 256 tiles a span that has not been hashed; both by primary key.
TILE_ROOTS = (
    "SELECT root FROM ledger.tile WHERE log_id = %s AND level = 0 AND index >= %s AND index < %s ORDER BY index"
)
EDGE = "SELECT bytes FROM ledger.entry WHERE log_id = %s AND position > %s AND position <= %s ORDER BY position"


def root_at(
    connection: Connection[Any],
    log_id: int,
    size: int,
    spans: list[bytes] | None = None,
    instead: Mapping[int, bytes] | None = None,
) -> bytes:
    """Return the root over the first entries.

    Args:
        connection: Reads what is committed.
        log_id: The log.
        size: How many entries.
        spans: Roots of full spans that are known, from the first on.
        instead: Roots of tiles of level 0, by index, that count and not the stored ones; where no spans are known.
    """
    known = spans or []
    start = len(known) * tree.SPAN
    roots = connection.execute(TILE_ROOTS, (log_id, start // tree.TILE, size // tree.TILE)).fetchall()
    edge = connection.execute(EDGE, (log_id, size - size % tree.TILE, size)).fetchall()
    tiles = [root for (root,) in roots]
    for index, root in (instead or {}).items():
        if index < len(tiles):
            tiles[index] = root
    # The tiles go on where the spans end, so they are complete subtrees only when they begin at the same place.
    spans_of_tiles = [
        tree.root_of(tiles[at : at + tree.TILE]) for at in range(0, len(tiles) - tree.TILE + 1, tree.TILE)
    ]
    rest = tiles[len(spans_of_tiles) * tree.TILE :]
    leaves = [tree.leaf_of(entry) for (entry,) in edge]
    return tree.folded(joined([*known, *spans_of_tiles]) + joined(rest) + joined(leaves))


def root_of_entries(connection: Connection[Any], log_id: int, size: int, spans: list[bytes]) -> bytes:
    """Return the root over the first entries without a tile: all after the spans are hashed, fewer than a span's."""
    rest = connection.execute(EDGE, (log_id, len(spans) * tree.SPAN, size)).fetchall()
    return tree.folded(joined(spans) + joined([tree.leaf_of(entry) for (entry,) in rest]))


def joined(hashes: list[bytes]) -> list[bytes]:
    """Return the roots of the complete subtrees over neighbours of one height, the largest first."""
    return tree.peaks_of(tree.levels_of(hashes), len(hashes)) if hashes else []
