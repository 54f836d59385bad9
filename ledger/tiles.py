"""Tiles and entry bundles as C2SP tlog-tiles has them: their addresses, and their bytes out of what is stored.

A tile of level L holds up to 256 neighbouring hashes, each the root of 256^L leaves. Full tiles are rows of
`ledger.tile`. A narrower one is the beginning of a full one, or is computed from the level below, and so every width
that a checkpoint ever had can be given, for ever, without having been stored. An entry bundle holds up to 256 entries.

Nothing here ever changes once a committed checkpoint covers it; whoever asks says which size she stands on.

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from psycopg.rows import tuple_row

from ledger.errors import Damaged
from ledger.merkle import TILE_HEIGHT, TILE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from psycopg import Connection

HASH_BYTES = 32
MOST_LEVEL = 63
ADDRESS = re.compile(
    r"tile/(?:(?P<level>0|[1-9][0-9]?)|entries)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
"""Seven groups of three digits are more than a log can ever have."""

# Each by the primary key, and so never more rows than are wanted.
# A join would be planned as a look at the whole table while that is small, and the plan be kept as it grows.
FULL = """
    SELECT wanted.level, wanted.index, (
        SELECT t.hashes FROM ledger.tile AS t
        WHERE t.log_id = %b AND t.level = wanted.level AND t.index = wanted.index
    ) FROM unnest(%b::smallint[], %b::bigint[]) AS wanted (level, index)
"""
LEAVES = """
    SELECT sha256('\\x00'::bytea || bytes) FROM ledger.entry
    WHERE log_id = %b AND position > %b AND position <= %b ORDER BY position
"""
ROOTS = """
    SELECT root FROM ledger.tile WHERE log_id = %b AND level = %b AND index >= %b AND index < %b ORDER BY index
"""
ENTRIES = """
    SELECT bytes FROM ledger.entry WHERE log_id = %b AND position > %b AND position <= %b ORDER BY position
"""


class Address(NamedTuple):
    """Which tile or bundle."""

    level: int | None
    """0 for leaf hashes; None for a bundle of entries."""
    index: int  # pyright: ignore[reportIncompatibleMethodOverride] - of tuples; nobody searches an address
    """Its place in its level, from 0."""
    width: int = TILE_WIDTH
    """Hashes or entries, 1 to 256."""

    @property
    def first(self) -> int:
        """Its first hash's place in the level, or its first entry's leaf index."""
        return self.index * TILE_WIDTH

    @property
    def leaves(self) -> int:
        """The size from which on it exists."""
        return (self.first + self.width) << (TILE_HEIGHT * (self.level or 0))


def write(address: Address) -> str:
    """Return an address as text: `tile/<level>/<index>[.p/<width>]`, or `tile/entries/…`.

    Source: C2SP tlog-tiles, «Merkle tree» and «Log entries».
    """
    digits = str(address.index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    index = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
    partial = f".p/{address.width}" if address.width < TILE_WIDTH else ""
    return f"tile/{'entries' if address.level is None else address.level}/{index}{partial}"


def parse(text: str) -> Address:
    """Return what an address names; each has exactly one spelling.

    Raises:
        ValueError: It is none.
    """
    found = ADDRESS.fullmatch(text)
    if found is not None:
        level = None if found["level"] is None else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        address = Address(level, index, int(found["width"] or TILE_WIDTH))
        if (level or 0) <= MOST_LEVEL and write(address) == text:
            return address
    raise ValueError("expected tile/<level>/<index>, such as tile/0/x001/234 or tile/0/273.p/112")


def addresses(size: int) -> Iterator[Address]:
    """Yield every tile and bundle of a log of `size` entries: bundles and leaf hashes in turn, then upper levels."""
    level = 0
    while size >> (TILE_HEIGHT * level):
        hashes = size >> (TILE_HEIGHT * level)
        for index in range(-(-hashes // TILE_WIDTH)):
            width = min(TILE_WIDTH, hashes - index * TILE_WIDTH)
            if level == 0:
                yield Address(None, index, width)
            yield Address(level, index, width)
        level += 1


def full_tiles(
    connection: Connection[Any], log_id: int, places: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    """Return those of some tiles, (level, index), that are stored, which are the full ones: 8,192 bytes each."""
    levels, indexes = [level for level, _ in places], [index for _, index in places]
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows = cursor.execute(FULL, (log_id, levels, indexes), prepare=True)
        return {(level, index): hashes for level, index, hashes in rows if hashes is not None}


def hash_tile(connection: Connection[Any], log_id: int, address: Address, size: int) -> bytes | None:
    """Return a tile's hashes, left to right; None if `size` leaves do not reach it.

    Args:
        connection: In any role that may read entries and tiles.
        log_id: Whose.
        address: Of a tile.
        size: Of a committed checkpoint.

    Raises:
        Damaged: Rows are missing.
    """
    level, index, width = address
    if level is None or address.leaves > size:
        return None
    stored = full_tiles(connection, log_id, [(level, index)]).get((level, index))
    return stored[: HASH_BYTES * width] if stored is not None else narrow_tile(connection, log_id, address)


def narrow_tile(connection: Connection[Any], log_id: int, address: Address) -> bytes:
    """Compute a tile from the level below: from at most 256 entries, or 256 tiles' roots.

    Raises:
        Damaged: Rows are missing.
    """
    level, _, width = address
    first = address.first
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        if level:
            rows = cursor.execute(ROOTS, (log_id, level - 1, first, first + width), prepare=True).fetchall()
        else:
            # Hashed there, so that only hashes travel: 255 entries may be 16 MB.
            rows = cursor.execute(LEAVES, (log_id, first, first + width), prepare=True).fetchall()
    if len(rows) != width:
        raise Damaged(f"log {log_id}, {write(address)}: expected {width} hashes, found {len(rows)}")
    return b"".join(found for (found,) in rows)


def entry_bundle(connection: Connection[Any], log_id: int, address: Address, size: int) -> bytes | None:
    """Return a bundle: each entry behind its length in two bytes, at most 16 MB; None if `size` does not reach it.

    Raises:
        Damaged: Entries are missing.
    """
    if address.level is not None or address.leaves > size:
        return None
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows = cursor.execute(ENTRIES, (log_id, address.first, address.first + address.width)).fetchall()
    if len(rows) != address.width:
        raise Damaged(f"log {log_id}, {write(address)}: expected {address.width} entries, found {len(rows)}")
    return b"".join(part for (entry,) in rows for part in (len(entry).to_bytes(2), entry))
