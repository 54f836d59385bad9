"""Proofs: that an entry is under a checkpoint, and that one checkpoint extends another. As lists, and as files.

A proof needs the hashes of complete subtrees, each of which lies inside one tile, and the right edge. So it costs one
tile a level: three for sixteen million entries. Every read is of the tree of one size, which never changes, whatever is
appended meanwhile.

Source: RFC 6962, section 2.1; C2SP tlog-proof and tlog-witness for the files.
"""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ledger.merkle import EMPTY_ROOT, TILE_HEIGHT, TILE_WIDTH, consistency_path, inclusion_path, node_hash
from ledger.tiles import HASH_BYTES, Address, full_tiles, narrow_tile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from psycopg import Connection

TILES_AT_ONCE = 64
"""Lowest tiles that are read together: half a megabyte of hashes, and four times that as objects."""


class Proofs:
    """Makes proofs out of stored tiles. Threads may share it.

    Sizes are those of committed checkpoints; a size beyond the log's end is `Damaged`, for rows are missing.
    """

    def __init__(self, lend: Callable[[], AbstractContextManager[Connection[Any]]]) -> None:
        """Hold what lends a connection; `contextlib.nullcontext` makes one out of a connection."""
        self._lend = lend

    def inclusion(self, log_id: int, position: int, size: int) -> list[bytes]:
        """Return the hashes that lead from the entry at a position to the root of `size` leaves, leaf to root.

        Args:
            log_id: Whose.
            position: 1 ≤ position ≤ size.
            size: Of a committed checkpoint.

        Raises:
            ValueError: The position is not one of that tree. Do not retry.
            Damaged: Tiles or entries are missing.
        """
        return self.inclusions(log_id, [position], size)[position]

    def inclusions(self, log_id: int, positions: Iterable[int], size: int) -> dict[int, list[bytes]]:
        """Return the inclusion path of each position, by rising position; see `inclusion`."""
        return dict(self.each_inclusion(log_id, positions, size))

    def each_inclusion(self, log_id: int, positions: Iterable[int], size: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield (position, inclusion path) by rising position. Each tile is read once, few at a time.

        A connection is held only while a batch is made, never while the caller works.
        """
        wanted = sorted(set(positions))
        if wanted and not 1 <= wanted[0] <= wanted[-1] <= size:
            raise ValueError(f"expected positions from 1 to {size}")
        tree = _Tree(log_id, size)
        lowest = [(index, list(group)) for index, group in groupby(wanted, lambda each: (each - 1) // TILE_WIDTH)]
        for start in range(0, len(lowest), TILES_AT_ONCE):
            batch = lowest[start : start + TILES_AT_ONCE]
            with self._lend() as connection:
                tree.prepare(connection, [index for index, _ in batch])
                subtree = partial(tree.subtree, connection)
                found = [(each, inclusion_path(each - 1, size, subtree)) for _, group in batch for each in group]
            yield from found

    def consistency(self, log_id: int, old: int, new: int) -> list[bytes]:
        """Return the hashes which show that the tree of `new` leaves extends the one of `old`; 0 ≤ old ≤ new.

        Raises:
            ValueError: The sizes are the wrong way round. Do not retry.
            Damaged: Tiles or entries are missing.
        """
        if not 0 <= old <= new:
            raise ValueError("expected the older size first")
        if old in {0, new}:
            # Everything extends the empty tree, without proof. Source: C2SP tlog-witness, «add-checkpoint».
            return []
        tree = _Tree(log_id, new)
        with self._lend() as connection:
            tree.prepare(connection, [(old - 1) // TILE_WIDTH])
            return consistency_path(old, new, partial(tree.subtree, connection))

    def root(self, log_id: int, size: int) -> bytes:
        """Return the root over the first `size` leaves, any number of them that a checkpoint covers.

        Raises:
            Damaged: Tiles or entries are missing.
        """
        if not size:
            return EMPTY_ROOT
        with self._lend() as connection:
            tree = _Tree(log_id, size)
            tree.prepare(connection, [])
            return tree.subtree(connection, 0, size)


class _Tree:
    """The tree of one size of one log, read as far as it is asked about. Not for several threads."""

    def __init__(self, log_id: int, size: int) -> None:
        self._log_id = log_id
        self._size = size
        self._tiles: dict[tuple[int, int], list[list[bytes]]] = {}
        """(level, index) → the tile's hashes, then what each two of them make, and so on."""
        self._edge: dict[int, bytes] = {}
        """First leaf → root over it and everything to its right."""

    def subtree(self, connection: Connection[Any], first: int, last: int) -> bytes:
        """Return the root over leaves first ≤ i < last: a complete subtree, or one that ends where the tree does."""
        count = last - first
        height = count.bit_length() - 1
        if count == 1 << height:
            return self._node(connection, height, first >> height)
        if last != self._size:
            raise ValueError("expected a complete subtree, or the right edge")
        found = self._edge.get(first)
        if found is None:
            left = self._node(connection, height, first >> height)
            found = self._edge[first] = node_hash(left, self.subtree(connection, first + (1 << height), last))
        return found

    def _node(self, connection: Connection[Any], height: int, index: int) -> bytes:
        """Return the root of the complete subtree number `index` of 2^height leaves."""
        level, inner = divmod(height, TILE_HEIGHT)
        place = index << inner
        key = level, place // TILE_WIDTH
        if key not in self._tiles:
            self._read(connection, [key])
        return self._tiles[key][inner][(place % TILE_WIDTH) >> inner]

    def prepare(self, connection: Connection[Any], lowest: Sequence[int]) -> None:
        """Read the tiles above and at some tiles of leaf hashes, and forget those that will not be asked for again.

        Args:
            connection: In any role that may read entries and tiles.
            lowest: Indexes, rising; the next call's are not below them.
        """
        level, indexes = 0, list(lowest)
        wanted: set[tuple[int, int]] = set()
        while self._size >> (TILE_HEIGHT * level):
            last = ((self._size >> (TILE_HEIGHT * level)) - 1) // TILE_WIDTH
            # Above an unfinished tile nothing is complete: its siblings are to the left, or at the edge.
            wanted.update((level, index) for index in indexes if index <= last)
            # And the right edge, which nearly every path ends at.
            wanted.add((level, last))
            indexes = [index // TILE_WIDTH for index in indexes]
            level += 1
        self._read(connection, sorted(wanted - self._tiles.keys()))
        self._tiles = {key: tile for key, tile in self._tiles.items() if key in wanted}

    def _read(self, connection: Connection[Any], keys: Sequence[tuple[int, int]]) -> None:
        """Read tiles, (level, index), as wide as they are in the tree of this size."""
        stored = full_tiles(connection, self._log_id, keys)
        for level, index in keys:
            width = min(TILE_WIDTH, (self._size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH)
            tile = stored.get((level, index)) or narrow_tile(connection, self._log_id, Address(level, index, width))
            self._tiles[level, index] = _pyramid(tile[: HASH_BYTES * width])


def _pyramid(tile: bytes) -> list[list[bytes]]:
    """Return a tile's hashes, and above them the root of each complete pair, eight rows in all."""
    nodes = [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]
    rows = [nodes]
    for _ in range(TILE_HEIGHT - 1):
        pairs = iter(nodes)
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
        rows.append(nodes)
    return rows


def tlog_proof(index: int, path: Sequence[bytes], note: bytes) -> bytes:
    """Return the file that proves a leaf to be under a checkpoint. Source: C2SP tlog-proof.

    Args:
        index: The leaf's, from 0: the position less 1.
        path: Its inclusion path in the checkpoint's tree.
        note: The signed checkpoint, as it was signed, with any cosignatures.
    """
    return b"".join((b"c2sp.org/tlog-proof@v1\n", f"index {index}\n".encode(), *_lines(path), b"\n", note))


def consistency_file(old: int, path: Sequence[bytes], note: bytes) -> bytes:
    """Return the file that proves a checkpoint to extend the tree of `old` leaves.

    Its format is that of a request to a witness. Source: C2SP tlog-witness, «add-checkpoint».
    """
    return b"".join((f"old {old}\n".encode(), *_lines(path), b"\n", note))


def _lines(path: Sequence[bytes]) -> Iterator[bytes]:
    return (b64encode(each) + b"\n" for each in path)
