"""Heads snapshots: where every stream of a log ended at one position, as a sorted tree that nothing can be left out of.

A leaf's data is a label, a number and a hash, 72 bytes; leaves are sorted by label. A stream's leaf says how many
entries it had, and the leaf hash of the last: so n entries, each naming the hash of the one before, are all of them.
Somebody's cohorts (entries about several people that she is a member of) have a leaf of their own: how many, and a hash
chained over their positions. Two neighbours without her label between them prove that there is no such stream.

A label is a hash of a random id: a sealed stream's is one more random label, wherever it falls.

Leaves are kept in pages of 256. Above them, a tile of level L holds the roots of up to 256 pages or tiles of the level
below, the last of them perhaps unfinished; the tree over these roots is the tree over the leaves (RFC 6962, 2.1).

Pure: bytes in, bytes out. The formats are frozen, see docs/bundle.md.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from ledger.merkle import TILE_HEIGHT, TILE_WIDTH, inclusion_path, inclusion_root, leaf_hash, root_of, subtree_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Kind = Literal["stream", "cohorts"]

STREAM = b"whosaw/stream/v1"
COHORTS = b"whosaw/cohorts/v1"
LABEL_BYTES = 32
LEAF_BYTES = 72
COHORT_BYTES = 40
"""Of a record that says: whose cohorts (a label), and one position more."""
PAGE_LEAVES = TILE_WIDTH
NO_COHORTS = bytes(32)
"""What the chain over somebody's cohorts begins with."""

_label = itemgetter(slice(LABEL_BYTES))


class Leaf(NamedTuple):
    """One leaf's data."""

    label: bytes
    """32 bytes."""
    number: int
    """Of a stream: its last sequence. Of somebody's cohorts: how many."""
    hash: bytes
    """Of a stream: the leaf hash of its last entry. Of cohorts: the chain's last hash."""

    @property
    def bytes(self) -> bytes:
        """The 72 bytes that are hashed as a leaf."""
        return self.label + self.number.to_bytes(8) + self.hash


class Tile(NamedTuple):
    """The roots of up to 256 pages, or of as many tiles of the level below."""

    level: int
    """From 1."""
    place: int
    """In its level, from 0."""
    hashes: list[bytes]
    """The last one is of what is unfinished, if it is the tree's right edge."""


class Neighbour(NamedTuple):
    """A leaf that stands next to where an absent one would stand."""

    label: bytes
    number: int
    hash: bytes
    index: int  # pyright: ignore[reportIncompatibleMethodOverride] - of tuples; nobody searches a leaf
    path: list[bytes]


class Present(NamedTuple):
    """A stream, or somebody's cohorts, with the proof that this is where it ended."""

    kind: Kind
    id: bytes
    """16 bytes."""
    number: int
    hash: bytes
    index: int  # pyright: ignore[reportIncompatibleMethodOverride] - likewise
    """The leaf's, from 0."""
    path: list[bytes]
    """Leaf to root."""


class Absent(NamedTuple):
    """No such stream, or nobody's cohorts: the two leaves between which it would stand."""

    kind: Kind
    id: bytes
    left: Neighbour | None
    """None: it would be the first leaf."""
    right: Neighbour | None
    """None: it would be the last leaf."""


def label(kind: Kind, identity: bytes) -> bytes:
    """Return the label of a stream, or of a subject's cohorts; the id has 16 bytes."""
    return sha256((STREAM if kind == "stream" else COHORTS) + identity).digest()


def chained(before: bytes, position: int) -> bytes:
    """Return the hash of somebody's cohorts once one more is among them."""
    return sha256(COHORTS + before + position.to_bytes(8)).digest()


def leaf_of(data: bytes) -> Leaf:
    """Return what a leaf's 72 bytes say."""
    return Leaf(data[:LABEL_BYTES], int.from_bytes(data[LABEL_BYTES:40]), data[40:LEAF_BYTES])


def merged(previous: Iterable[bytes], updates: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the leaves of a snapshot, sorted, out of those of the one before and what has happened since.

    Args:
        previous: Leaves, 72 bytes each, sorted.
        updates: Sorted records. A stream that has changed: its new leaf. A cohort: label and position, 40 bytes.
    """
    rest = iter(previous)
    old = next(rest, b"")
    for name, changes in groupby(updates, _label):
        while old and old[:LABEL_BYTES] < name:
            yield old
            old = next(rest, b"")
        before = b""
        if old[:LABEL_BYTES] == name:
            before, old = old, next(rest, b"")
        yield _changed(name, before, changes)
    if old:
        yield old
        yield from rest


def _changed(name: bytes, before: bytes, changes: Iterator[bytes]) -> bytes:
    """Return a leaf after its changes."""
    leaf = before
    for change in changes:
        if len(change) == LEAF_BYTES:
            leaf = change
        else:
            _, number, last = leaf_of(leaf) if leaf else (name, 0, NO_COHORTS)
            leaf = Leaf(name, number + 1, chained(last, int.from_bytes(change[LABEL_BYTES:]))).bytes
    return leaf


def leaf_hashes(page: bytes) -> list[bytes]:
    """Return the hashes of a page's leaves."""
    return [leaf_hash(page[start : start + LEAF_BYTES]) for start in range(0, len(page), LEAF_BYTES)]


def root_over(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a page or a tile of these hashes."""
    return subtree_root(hashes) if len(hashes) == PAGE_LEAVES else root_of(hashes)


class Top:
    """Grows the tiles above the pages, from the left. Holds 256 hashes a level."""

    def __init__(self) -> None:
        self._unfinished: list[list[bytes]] = []
        self._full: list[int] = []
        """Tiles of each level that are done."""

    def add(self, page_root: bytes) -> list[Tile]:
        """Add the next page's root; return the tiles that became full."""
        tiles: list[Tile] = []
        root, level = page_root, 0
        while True:
            if level == len(self._unfinished):
                self._unfinished.append([])
                self._full.append(0)
            hashes = self._unfinished[level]
            hashes.append(root)
            if len(hashes) < TILE_WIDTH:
                return tiles
            tiles.append(Tile(level + 1, self._full[level], hashes))
            self._unfinished[level] = []
            self._full[level] += 1
            root = subtree_root(hashes)
            level += 1

    def finish(self) -> tuple[list[Tile], bytes]:
        """Return the unfinished tiles, and the root over all; at least one page was added."""
        tiles: list[Tile] = []
        carried: list[bytes] = []
        level = 0
        while True:
            hashes = (self._unfinished[level] if level < len(self._unfinished) else []) + carried
            full = self._full[level] if level < len(self._full) else 0
            if full == 0 and len(hashes) == 1:
                return tiles, hashes[0]
            carried = []
            if hashes:
                tiles.append(Tile(level + 1, full, hashes))
                carried = [root_over(hashes)]
            level += 1


def path_of(index: int, leaves: int, hashes: Callable[[int, int], Sequence[bytes]]) -> list[bytes]:
    """Return the inclusion path of a leaf, leaf to root.

    Args:
        index: 0 ≤ index < leaves.
        leaves: Of the snapshot.
        hashes: (level, place) → the hashes of a tile; of level 0, those of a page's leaves. One or two a level are
            asked for.
    """

    def subtree(first: int, last: int) -> bytes:
        # What is as wide as a page is one hash of the tile above, and so on up.
        level = (last - first - 1).bit_length() // TILE_HEIGHT
        start, end = first >> (TILE_HEIGHT * level), -(-last >> (TILE_HEIGHT * level))
        place, offset = divmod(start, TILE_WIDTH)
        return root_of(hashes(level, place)[offset : offset + end - start])

    return inclusion_path(index, leaves, subtree)


def is_present(head: Present, leaves: int, root: bytes) -> bool:
    """Tell whether a head is proven under a snapshot's root."""
    leaf = Leaf(label(head.kind, head.id), head.number, head.hash)
    return inclusion_root(head.index, leaves, leaf_hash(leaf.bytes), head.path) == root


def is_absent(head: Absent, leaves: int, root: bytes) -> bool:
    """Tell whether it is proven under a snapshot's root that there is no such leaf."""
    wanted = label(head.kind, head.id)
    left, right = head.left, head.right
    for each in (left, right):
        if each is not None:
            leaf = Leaf(each.label, each.number, each.hash)
            if inclusion_root(each.index, leaves, leaf_hash(leaf.bytes), each.path) != root:
                return False
    if left is None:
        return right is not None and right.index == 0 and wanted < right.label
    if right is None:
        return left.index == leaves - 1 and left.label < wanted
    return left.index + 1 == right.index and left.label < wanted < right.label
