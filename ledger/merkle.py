"""The Merkle tree: hashes, growth, proofs. Pure arithmetic on 32-byte SHA-256 hashes.

A tree of n leaves is held by its *frontier*: the roots of the complete subtrees that make it up, one for each bit of n
that is set. Appending touches nothing else, and the root folds the frontier from the small end.

Source: RFC 6962, section 2.1 (RFC 9162 defines the same hashes); tiles of 256 from C2SP tlog-tiles.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EMPTY_ROOT = sha256(b"").digest()
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT


class Tile(NamedTuple):
    """256 neighbouring hashes of one tile level, complete for ever."""

    level: int
    """0 for leaf hashes; a hash of level L is the root of 256^L leaves."""
    index: int  # pyright: ignore[reportIncompatibleMethodOverride] - of tuples; nobody searches a tile
    """The tile's place in its level, from 0."""
    hashes: bytes
    """8,192 bytes, left to right."""
    root: bytes
    """The root of these 256 hashes: one hash of the level above."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry's stored bytes as a leaf. Source: RFC 6962, section 2.1."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours into their parent. Source: RFC 6962, section 2.1."""
    return sha256(b"\x01" + left + right).digest()


class Growth(NamedTuple):
    """What was appended to a tree: enough to prove that the newer one extends the older."""

    size: int
    """Of the older one."""
    root: bytes
    """Of the older one."""
    frontier: dict[int, bytes]
    """Of the older one; see `Tree`."""
    leaves: Sequence[bytes]

    def path(self) -> list[bytes]:
        """Return the consistency path from the older tree to the newer; hashes the leaves again."""
        size = self.size
        if not size or not self.leaves:
            return []

        def subtree(first: int, last: int) -> bytes:
            # A path never needs less of the older tree than one of the complete subtrees that make it up.
            if last <= size:
                return self.frontier[(last - first).bit_length() - 1]
            return root_of(self.leaves[first - size : last - size])

        return consistency_path(size, size + len(self.leaves), subtree)


class Tree:
    """A growing tree: its size, its frontier, and the hashes of each tile that is not yet full.

    Not for several threads. Built empty, or from what is stored: see `ledger.recorder`.
    """

    __slots__ = ("frontier", "partial", "size")

    def __init__(self) -> None:
        self.size = 0
        self.frontier: dict[int, bytes] = {}
        """Height of a complete subtree → its root."""
        self.partial: dict[int, list[bytes]] = {}
        """Tile level → the hashes of its last, unfinished tile; at most 255."""

    def copy(self) -> Tree:
        """Return an independent tree of the same leaves."""
        other = Tree()
        other.size = self.size
        other.frontier = dict(self.frontier)
        other.partial = {level: list(hashes) for level, hashes in self.partial.items()}
        return other

    def extend(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Append leaf hashes in order; return the tiles that became full, lower levels first."""
        tiles: list[Tile] = []
        size = self.size
        self.size = size + len(leaves)
        nodes = list(leaves)
        height = 0
        filled: list[tuple[int, bytes]] = []
        while nodes:
            if height % TILE_HEIGHT == 0:
                # The tiles that the level below filled have these nodes as their roots, one each.
                level = height // TILE_HEIGHT
                tiles += [
                    Tile(level - 1, index, hashes, root)
                    for (index, hashes), root in zip(filled, nodes, strict=level > 0)
                ]
                filled = self._fill(level, (size >> height) // TILE_WIDTH, nodes)
            if (size >> height) & 1:
                nodes.insert(0, self.frontier.pop(height))
            if len(nodes) & 1:
                self.frontier[height] = nodes.pop()
            pairs = iter(nodes)
            nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            height += 1
        return tiles

    def _fill(self, level: int, index: int, nodes: Sequence[bytes]) -> list[tuple[int, bytes]]:
        """Add hashes to a level's unfinished tile; return index and hashes of those that became full."""
        waiting = self.partial.setdefault(level, [])
        waiting.extend(nodes)
        full = len(waiting) // TILE_WIDTH
        filled = [
            (index + number, b"".join(waiting[TILE_WIDTH * number : TILE_WIDTH * (number + 1)]))
            for number in range(full)
        ]
        del waiting[: TILE_WIDTH * full]
        return filled

    def root(self) -> bytes:
        """Return the root hash of all leaves so far."""
        root: bytes | None = None
        for height in sorted(self.frontier):
            root = self.frontier[height] if root is None else node_hash(self.frontier[height], root)
        return EMPTY_ROOT if root is None else root


def tree_of(size: int, partial: Mapping[int, Sequence[bytes]]) -> Tree:
    """Build the tree of `size` leaves from the hashes of its unfinished tiles.

    Args:
        size: Number of leaves.
        partial: Tile level L → its last (size >> 8L) mod 256 hashes, for every L where that is not zero.
    """
    tree = Tree()
    tree.size = size
    level = 0
    while size >> (TILE_HEIGHT * level):
        width = (size >> (TILE_HEIGHT * level)) % TILE_WIDTH
        hashes = list(partial.get(level, ()))
        if len(hashes) != width:
            raise ValueError(f"level {level}: expected {width} hashes, found {len(hashes)}")
        tree.partial[level] = hashes
        start = 0
        for bit in reversed(range(TILE_HEIGHT)):
            if width >> bit & 1:
                tree.frontier[TILE_HEIGHT * level + bit] = subtree_root(hashes[start : start + (1 << bit)])
                start += 1 << bit
        level += 1
    return tree


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes, at least one; their number is a power of two."""
    nodes = list(hashes)
    while len(nodes) > 1:
        pairs = iter(nodes)
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return nodes[0]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, any number of them."""
    tree = Tree()
    tree.extend(leaves)
    return tree.root()


def inclusion_path(index: int, size: int, subtree: Callable[[int, int], bytes]) -> list[bytes]:
    """Return the hashes that lead from leaf `index` to the root of `size` leaves, leaf to root.

    Args:
        index: 0 ≤ index < size.
        size: Leaves of the tree.
        subtree: (first, last) → root of the leaves first ≤ i < last.

    Source: RFC 6962, section 2.1.1.
    """
    first, last = 0, size
    path: list[bytes] = []
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(subtree(middle, last))
            last = middle
        else:
            path.append(subtree(first, middle))
            first = middle
    return path[::-1]


def consistency_path(old: int, new: int, subtree: Callable[[int, int], bytes]) -> list[bytes]:
    """Return the hashes which show that the first `old` of `new` leaves have not changed; 1 ≤ old ≤ new.

    Source: RFC 6962, section 2.1.2.
    """
    first, last, whole = 0, new, True
    path: list[bytes] = []
    while old - first != last - first:
        middle = first + _split(last - first)
        if old <= middle:
            path.append(subtree(middle, last))
            last = middle
        else:
            path.append(subtree(first, middle))
            first, whole = middle, False
    if not whole:
        path.append(subtree(first, last))
    return path[::-1]


def inclusion_root(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an inclusion path leads to, or None when its length cannot be right.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    node, last = index, size - 1
    root = leaf
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            root = node_hash(root, sibling)
        node >>= 1
        last >>= 1
    return root if last == 0 else None


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a consistency path proves that the newer tree extends the older; 1 ≤ old ≤ new.

    Source: RFC 9162, section 2.1.4.2.
    """
    if old == new:
        return not path and old_root == new_root
    if not 0 < old < new or not path:
        return False
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    older = newer = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            newer = node_hash(newer, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and older == old_root and newer == new_root


def _split(count: int) -> int:
    """Return the largest power of two below count, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)
