"""Ledgers of any size without writing them: entries of the real form, each a stream of its own."""

from __future__ import annotations

import random
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ledger.merkle import Tree, leaf_hash

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.ledger.grown import Hand

ENTRY = """
    COPY ledger.entry (log_id, position, stream, sequence, repeat_key, content, type, bytes) FROM STDIN
    WITH (FORMAT binary)
"""
KINDS = ("int2", "int8", "uuid", "int4", "uuid", "uuid", "text", "bytea")
TILE = "INSERT INTO ledger.tile (log_id, level, index, root, hashes) VALUES (0, %s, %s, %s, %s)"
CHECKPOINT = "INSERT INTO ledger.checkpoint (log_id, size, note) VALUES (0, %s, %s)"
GROUP = 10_000
SOURCE = "/services/large"


def grow(owner: Connection[Any], lookup: bytes, hand: Hand, count: int) -> None:
    """Write so many entries into log 0, which is empty, with tiles and checkpoints, as its keys would have made."""
    chance, tree = random.Random(3), Tree()
    for start in range(0, count, GROUP):
        leaves: list[bytes] = []
        with owner.cursor() as cursor, cursor.copy(ENTRY) as copy:
            copy.set_types(KINDS)
            for position in range(start + 1, min(start + GROUP, count) + 1):
                stream = UUID(int=chance.getrandbits(128))
                pair = b"%b\0e%d" % (SOURCE.encode(), position)
                key = UUID(bytes=blake2b(pair, digest_size=16, key=lookup, person=b"repeat").digest())
                entry = (
                    f'{{"v":1,"log":"{hand.origin}","position":{position},"stream":"{stream.hex}","sequence":1,'
                    f'"previous":"","appended":"2026-11-01T10:00:00.000000Z","salt":"000000000000000000000000",'
                    f'"emitter":"key","source":"{SOURCE}","id":"e{position}","type":"data.used","data":{{}},'
                    f'"about":[{{"role":"dpv:Customer"}}]}}'
                ).encode()
                leaves.append(leaf_hash(entry))
                copy.write_row((0, position, stream, 1, key, key, "data.used", entry))
        for tile in tree.extend(leaves):
            owner.execute(TILE, (tile.level, tile.index, tile.root, tile.hashes))
        owner.execute(CHECKPOINT, (tree.size, hand.sign(tree.size, tree.root())))
    owner.execute("UPDATE ledger.log SET size = %s, appended_at = '2026-11-01T10:00:00Z'", (count,))
