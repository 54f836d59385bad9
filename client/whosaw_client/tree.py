"""The Merkle tree, as far as a verifier needs it: leaf hashes, and whether a path leads where it says.

Source: RFC 6962, section 2.1; RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbours."""
    return sha256(b"\x01" + left + right).digest()


def root_by_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a path leads to from a leaf, or None when it has not the length that it must have."""
    if not 0 <= index < size:
        return None
    first, last = index, size - 1
    found = leaf
    for each in path:
        if last == 0:
            return None
        if first % 2 == 1 or first == last:
            found = node_hash(each, found)
            while first % 2 == 0 and first != 0:
                first //= 2
                last //= 2
        else:
            found = node_hash(found, each)
        first //= 2
        last //= 2
    return found if last == 0 else None


def extends(old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a consistency path proves that a tree extends an older one; 0 < old_size ≤ size."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not path and old_root == root
    hashes = list(path)
    if old_size & (old_size - 1) == 0:
        hashes = [old_root, *hashes]
    if not hashes:
        return False
    first, last = old_size - 1, size - 1
    while first % 2 == 1:
        first //= 2
        last //= 2
    older = newer = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            return False
        if first % 2 == 1 or first == last:
            older, newer = node_hash(each, older), node_hash(each, newer)
            while first % 2 == 0 and first != 0:
                first //= 2
                last //= 2
        else:
            newer = node_hash(newer, each)
        first //= 2
        last //= 2
    return last == 0 and older == old_root and newer == root
