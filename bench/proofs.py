"""Inclusion proofs: many at once against reading and hashing their tiles, and one by one against reading an entry."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bench import scene
from bench.append import Feed, append_rate
from bench.measure import Clock, Row, compare
from ledger.merkle import TILE_WIDTH, root_of
from ledger.tiles import HASH_BYTES, full_tiles

if TYPE_CHECKING:
    from pathlib import Path

    from ledger import Ledger

AT_ONCE = 64
"""Tiles that are read together, as the proofs do."""


def many(ledger: Ledger, positions: list[int], size: int) -> float:
    """Prove each position; return proofs a second."""
    with Clock() as clock:
        for _ in ledger.proofs.each_inclusion(0, positions, size):
            pass
    return len(positions) / clock.seconds


def tiles_alone(ledger: Ledger, positions: list[int]) -> float:
    """Read the full tiles that the positions are in, and hash each up to its root; return positions a second."""
    with Clock() as clock, ledger.connection() as connection:
        wanted = sorted({(0, (each - 1) // TILE_WIDTH) for each in positions})
        for start in range(0, len(wanted), AT_ONCE):
            for tile in full_tiles(connection, 0, wanted[start : start + AT_ONCE]).values():
                root_of([tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)])
    return len(positions) / clock.seconds


def singly(ledger: Ledger, positions: list[int], size: int) -> float:
    """Prove one position after the other; return proofs a second."""
    with Clock() as clock:
        for each in positions:
            ledger.proofs.inclusion(0, each, size)
    return len(positions) / clock.seconds


def entries(ledger: Ledger, positions: list[int]) -> float:
    """Read one entry after the other; return entries a second."""
    with Clock() as clock:
        for each in positions:
            ledger.entry(0, each)
    return len(positions) / clock.seconds


def inclusion(server: str, folder: Path, size: int, wanted: int, runs: int) -> list[Row]:
    """Measure on a ledger of at least `size` entries, `wanted` proofs at a time."""
    with scene.ledger(server, folder) as (ledger, _):
        feed = Feed()
        feed.meet(ledger)
        append_rate(ledger, feed, size)
        head = ledger.head(0)
        chosen = Random(1).sample(range(1, head + 1), wanted)
        few = chosen[: max(1, wanted // 20)]
        return [
            compare(
                f"{wanted:,} inclusion proofs of {head:,} entries at once, against reading and hashing their tiles",
                ">= 0.20",
                lambda: many(ledger, chosen, head),
                lambda: tiles_alone(ledger, chosen),
                runs,
            ),
            compare(
                "inclusion proofs one by one, against reading entries one by one",
                ">= 0.03",  # three tiles and the right edge, against one row
                lambda: singly(ledger, few, head),
                lambda: entries(ledger, few),
                runs,
            ),
        ]
