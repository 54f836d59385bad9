"""The tree against the standard's own definition, and against published vectors."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import (
    EMPTY_ROOT,
    Growth,
    Tile,
    Tree,
    consistency_path,
    inclusion_path,
    inclusion_root,
    is_consistent,
    leaf_hash,
    root_of,
    tree_of,
)

LEAVES = [leaf_hash(str(number).encode()) for number in range(1_500)]


def definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + definition(leaves[:split]) + definition(leaves[split:])).digest()


def subtree(first: int, last: int) -> bytes:
    return definition(LEAVES[first:last])


@pytest.mark.parametrize(
    ("entries", "root"),
    [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ([b"a"], "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c"),
        ([b"a", b"b"], "b137985ff484fb600db93107c77b0365c80d78f5b429ded0fd97361d077999eb"),
        ([b"a", b"b", b"c"], "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1"),
        ([b"a", b"b", b"c", b""], "da4b92343516e8268e41de5a54d7b2eb9443e98c31e76a8ba2b4abefa6773fc6"),
        ([b"a", b"b", b"c", b"", b"e"], "118d9f1220412719fd4d53a67ab398d2222128ffcc04ee554586d3f78c2f967f"),
    ],
)
def test_the_root_is_the_one_of_the_vectors(entries: list[bytes], root: str) -> None:
    assert root_of([leaf_hash(entry) for entry in entries]).hex() == root


@given(st.integers(0, 700), st.integers(1, 700))
def test_what_was_appended_proves_that_the_tree_was_extended(size: int, more: int) -> None:
    tree = Tree()
    tree.extend(LEAVES[:size])
    growth = Growth(size, tree.root(), dict(tree.frontier), LEAVES[size : size + more])
    tree.extend(growth.leaves)
    path = growth.path()
    if size:
        assert path == consistency_path(size, size + more, subtree)
        assert is_consistent(size, growth.root, size + more, tree.root(), path)
    else:
        assert not path


@given(st.lists(st.integers(1, 300), max_size=8))
def test_growing_in_any_steps_gives_the_root_of_the_definition(steps: list[int]) -> None:
    tree = Tree()
    size = 0
    for step in steps:
        grown = min(size + step, len(LEAVES))
        tree.extend(LEAVES[size:grown])
        size = grown
    assert tree.size == size
    assert tree.root() == (definition(LEAVES[:size]) if size else EMPTY_ROOT)


@given(st.integers(0, 1_500), st.integers(1, 700))
def test_a_tree_read_back_from_its_unfinished_tiles_grows_on_as_if_never_closed(size: int, step: int) -> None:
    tree = Tree()
    for start in range(0, size, step):
        tree.extend(LEAVES[start : min(size, start + step)])
    again = tree_of(size, tree.partial)
    assert (again.root(), again.frontier) == (tree.root(), tree.frontier)
    assert again.extend(LEAVES[size:]) == tree.extend(LEAVES[size:])
    assert again.root() == definition(LEAVES)


def test_full_tiles_hold_every_hash_once_and_carry_their_root() -> None:
    tree = Tree()
    leaves = [leaf_hash(number.to_bytes(4)) for number in range(65_536 + 300)]
    tiles: list[Tile] = []
    for start in range(0, len(leaves), 1_000):
        tiles += tree.extend(leaves[start : start + 1_000])
    lowest = [tile for tile in tiles if tile.level == 0]
    assert [tile.index for tile in lowest] == list(range(257))
    assert b"".join(tile.hashes for tile in lowest) == b"".join(leaves[: 257 * 256])
    (above,) = [tile for tile in tiles if tile.level == 1]
    assert above.hashes == b"".join(tile.root for tile in lowest[:256])
    assert above.root == root_of(leaves[:65_536])
    assert tree.root() == root_of(leaves)


@given(st.integers(1, 600).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_an_inclusion_path_leads_from_its_leaf_to_the_root_and_from_no_other(case: tuple[int, int]) -> None:
    index, size = case
    path = inclusion_path(index, size, subtree)
    root = definition(LEAVES[:size])
    assert inclusion_root(index, size, LEAVES[index], path) == root
    if size > 1:
        assert inclusion_root((index + 1) % size, size, LEAVES[index], path) != root
        assert inclusion_root(index, size, LEAVES[index], path[:-1]) != root
    assert inclusion_root(size, size, LEAVES[index], path) is None


@given(st.integers(1, 600).flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new))))
def test_a_consistency_path_proves_an_extension_and_nothing_else(case: tuple[int, int]) -> None:
    old, new = case
    path = consistency_path(old, new, subtree)
    before, after = definition(LEAVES[:old]), definition(LEAVES[:new])
    assert is_consistent(old, before, new, after, path)
    if old < new:
        assert not is_consistent(old, LEAVES[0][::-1], new, after, path)
        assert not is_consistent(old, before, new, LEAVES[0][::-1], path)
        assert not is_consistent(old, before, new, after, path[:-1])


def test_a_missing_hash_at_the_edge_is_not_taken_for_a_smaller_tree() -> None:
    with pytest.raises(ValueError, match="expected 2 hashes, found 1"):
        tree_of(2, {0: LEAVES[:1]})
