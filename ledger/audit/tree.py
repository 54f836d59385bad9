"""The auditor's own Merkle tree: computed level by level from all the leaves, never grown.

Source: RFC 6962, section 2.1.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH = 32
TILE = 256
TILE_BYTES = TILE * HASH
SPAN = TILE * TILE
"""Leaves under one full tile of level 1: what is audited in one piece."""
SPAN_HEIGHT = 16


def leaf_of(data: bytes) -> bytes:
    """Hash a leaf's data."""
    return sha256(b"\x00" + data).digest()


def levels_of(leaves: list[bytes]) -> list[list[bytes]]:
    """Return, for each height, the roots of the complete subtrees from the left; height 0 are the leaves."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        pairs = iter(levels[-1])
        levels.append([sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)])
    return levels


def peaks_of(levels: Sequence[Sequence[bytes]], count: int) -> list[bytes]:
    """Return the roots of the complete subtrees that make up the first leaves, the largest first."""
    peaks: list[bytes] = []
    done = 0
    for height in reversed(range(count.bit_length())):
        if count >> height & 1:
            peaks.append(levels[height][done >> height])
            done += 1 << height
    return peaks


def folded(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees that stand side by side, the largest first."""
    if not peaks:
        return sha256(b"").digest()
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = sha256(b"\x01" + peak + root).digest()
    return root


def root_of(leaves: list[bytes]) -> bytes:
    """Return the root over any number of leaves."""
    return folded(peaks_of(levels_of(leaves), len(leaves)))


def split(blob: bytes) -> list[bytes]:
    """Cut a tile into its hashes."""
    return [blob[start : start + HASH] for start in range(0, len(blob), HASH)]
