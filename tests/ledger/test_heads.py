"""Heads, as arithmetic: every leaf is proven, everything else is proven absent, and nothing else is."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import spool
from ledger.heads import (
    LEAF_BYTES,
    PAGE_LEAVES,
    Absent,
    Leaf,
    Neighbour,
    Present,
    Tile,
    Top,
    chained,
    is_absent,
    is_present,
    label,
    leaf_hashes,
    leaf_of,
    merged,
    path_of,
    root_over,
)
from ledger.merkle import inclusion_root, leaf_hash, root_of
from ledger.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kept:
    """A snapshot in memory: its leaves, its tiles, its root."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = list(leaves)
        self.tiles: dict[tuple[int, int], list[bytes]] = {}
        top = Top()
        done: list[Tile] = []
        for place, start in enumerate(range(0, len(leaves), PAGE_LEAVES)):
            found = leaf_hashes(b"".join(leaves[start : start + PAGE_LEAVES]))
            self.tiles[0, place] = found
            done += top.add(root_over(found))
        tiles, self.root = top.finish()
        self.tiles |= {(tile.level, tile.place): tile.hashes for tile in done + tiles}

    def neighbour(self, index: int) -> Neighbour:
        path = path_of(index, len(self.leaves), lambda level, place: self.tiles[level, place])
        return Neighbour(*leaf_of(self.leaves[index]), index, path)

    def present(self, identity: bytes) -> Present:
        index = next(at for at, leaf in enumerate(self.leaves) if leaf[:32] == label("stream", identity))
        found = self.neighbour(index)
        return Present("stream", identity, found.number, found.hash, index, found.path)

    def absent(self, identity: bytes) -> Absent:
        index = sum(1 for leaf in self.leaves if leaf[:32] < label("stream", identity))
        left = self.neighbour(index - 1) if index else None
        right = self.neighbour(index) if index < len(self.leaves) else None
        return Absent("stream", identity, left, right)


def streams(count: int) -> Kept:
    """Return a snapshot of so many streams, whose ids are 0, 1, 2 …"""
    leaves = [
        Leaf(label("stream", number.to_bytes(16)), number + 1, sha256(b"%d" % number).digest()).bytes
        for number in range(count)
    ]
    return Kept(sorted(leaves))


def test_a_label_is_a_hash_of_its_kind_and_an_id() -> None:
    assert label("stream", bytes(16)) == sha256(b"whosaw/stream/v1" + bytes(16)).digest()
    assert label("cohorts", bytes(16)) == sha256(b"whosaw/cohorts/v1" + bytes(16)).digest()
    assert chained(bytes(32), 258) == sha256(b"whosaw/cohorts/v1" + bytes(38) + b"\x01\x02").digest()
    leaf = Leaf(b"a" * 32, 258, b"b" * 32)
    assert leaf.bytes == b"a" * 32 + bytes(6) + b"\x01\x02" + b"b" * 32
    assert leaf_of(leaf.bytes) == leaf


@pytest.mark.parametrize("count", [1, 2, 3, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_100])
def test_tiles_above_pages_make_the_tree_over_all_leaves(count: int) -> None:
    kept = Kept([number.to_bytes(LEAF_BYTES) for number in range(count)])
    assert kept.root == root_of([leaf_hash(leaf) for leaf in kept.leaves])
    for index in {0, 1, count // 2, count - 2, count - 1, 255, 256, 65_535, 65_536} & set(range(count)):
        assert inclusion_root(index, count, leaf_hash(kept.leaves[index]), kept.neighbour(index).path) == kept.root


@given(st.integers(1, 700), st.data())
def test_a_stream_is_proven_to_end_where_it_ends_and_nowhere_else(count: int, data: st.DataObject) -> None:
    kept = streams(count)
    head = kept.present(data.draw(st.integers(0, count - 1)).to_bytes(16))
    assert is_present(head, count, kept.root)
    number = data.draw(st.integers(0, 2**64 - 1).filter(lambda each: each != head.number))
    other = data.draw(st.binary(min_size=32, max_size=32).filter(lambda each: each != head.hash))
    index = data.draw(st.integers(-1, count + 1).filter(lambda each: each != head.index))
    for wrong in (
        head._replace(number=number),
        head._replace(hash=other),
        head._replace(index=index),
        head._replace(kind="cohorts"),
        head._replace(id=b"\xff" * 16),
        head._replace(path=[*head.path, other]),
        head._replace(path=head.path[:-1] if head.path else [other]),
    ):
        assert not is_present(wrong, count, kept.root)
    assert not is_present(head, count, other)


@given(st.integers(1, 700), st.integers(10_000, 2**128 - 1), st.data())
def test_an_unknown_id_is_proven_absent_and_a_known_one_never(count: int, unknown: int, data: st.DataObject) -> None:
    kept = streams(count)
    head = kept.absent(unknown.to_bytes(16))
    assert is_absent(head, count, kept.root)
    known = data.draw(st.integers(0, count - 1)).to_bytes(16)
    places = [None, *range(count)]
    left, right = data.draw(st.sampled_from(places)), data.draw(st.sampled_from(places))
    lie = Absent(
        "stream",
        known,
        None if left is None else kept.neighbour(left),
        None if right is None else kept.neighbour(right),
    )
    assert not is_absent(lie, count, kept.root)
    # Neighbours that are not next to each other prove nothing, nor does one with another number.
    if head.left is not None and head.left.index > 0:
        assert not is_absent(head._replace(left=kept.neighbour(head.left.index - 1)), count, kept.root)
        assert not is_absent(head._replace(left=None), count, kept.root)
    if head.right is not None:
        assert not is_absent(head._replace(right=head.right._replace(number=9_999)), count, kept.root)
    assert not is_absent(Absent("stream", known, None, None), count, kept.root)


ids = st.integers(0, 30).map(lambda number: number.to_bytes(16))
positions = st.sets(st.integers(1, 1_000), max_size=40)


@given(st.dictionaries(ids, positions), st.dictionaries(ids, positions), st.integers(0, 1_000))
def test_a_snapshot_made_of_the_one_before_is_the_one_made_from_scratch(
    entries: dict[bytes, set[int]], cohorts: dict[bytes, set[int]], middle: int
) -> None:
    """Each stream has entries at some positions, each subject is in cohorts at some; one snapshot is at `middle`."""

    def updates(first: int, last: int) -> list[bytes]:
        heads = [
            Leaf(label("stream", each), sum(1 for at in those if at <= last), max(at for at in those if at <= last)
                 .to_bytes(32)).bytes
            for each, those in entries.items()
            if any(first < at <= last for at in those)
        ]  # fmt: skip
        members = [
            label("cohorts", each) + at.to_bytes(8)
            for each, those in cohorts.items()
            for at in those
            if first < at <= last
        ]
        return sorted(heads + members)

    before = list(merged([], updates(0, middle)))
    scratch = list(merged([], updates(0, 1_000)))
    assert list(merged(before, updates(middle, 1_000))) == scratch
    assert scratch == sorted(scratch)
    for each, those in cohorts.items():
        last = bytes(32)
        for at in sorted(those):
            last = chained(last, at)
        assert (Leaf(label("cohorts", each), len(those), last).bytes in scratch) is bool(those)


@given(st.lists(st.lists(st.binary(min_size=3, max_size=3), max_size=5), max_size=40))
def test_a_spool_gives_back_everything_in_order(runs: list[list[bytes]]) -> None:
    with pytest.MonkeyPatch.context() as patch, Spool(3) as spooled:
        patch.setattr(spool, "MOST_RUNS", 3)
        patch.setattr(spool, "IN_MEMORY_BYTES", 6)
        patch.setattr(spool, "READ_RECORDS", 2)
        for run in runs:
            spooled.add(b"".join(sorted(run)))
        expected = sorted(record for run in runs for record in run)
        assert list(spooled) == expected
        assert list(spooled) == expected
