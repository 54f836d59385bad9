"""Logs of any length, written directly as the owner: what the writer would have written, without its work."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoint import key_id, verifier_key
from ledger.merkle import Tree, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

ENTRY = """
    COPY ledger.entry (log_id, position, stream, sequence, repeat_key, content, type, bytes) FROM STDIN
    WITH (FORMAT binary)
"""
KINDS = ("int2", "int8", "uuid", "int4", "uuid", "uuid", "text", "bytea")
TILE = "INSERT INTO ledger.tile (log_id, level, index, root, hashes) VALUES (%s, %s, %s, %s, %s)"
CHECKPOINT = "INSERT INTO ledger.checkpoint (log_id, size, note) VALUES (%s, %s, %s)"
SIZE = "UPDATE ledger.log SET size = %s WHERE log_id = %s"
WIDTH = 256


class Hand:
    """Signs heads, whatever they are."""

    def __init__(self, origin: str, seed: bytes = b"\x01" * 32) -> None:
        self.origin = origin
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.key.public_key().public_bytes_raw()
        self.verifier_key = verifier_key(origin, self.public)

    def sign(self, size: int, root: bytes) -> bytes:
        text = f"{self.origin}\n{size}\n{b64encode(root).decode()}\n"
        signature = b64encode(key_id(self.origin, self.public) + self.key.sign(text.encode())).decode()
        return f"{text}\n— {self.origin} {signature}\n".encode()


def numbered(count: int) -> list[bytes]:
    """Return so many entries, each another."""
    return [b"entry %d" % number for number in range(count)]


def grow(
    owner: Connection[Any], log_id: int, entries: Sequence[bytes], hand: Hand | None = None, signed: int = 0
) -> list[bytes]:
    """Write entries into an empty log, with its full tiles; return the leaf hashes.

    Args:
        owner: Of the tables.
        log_id: Which.
        entries: Their bytes.
        hand: Signs heads, if any.
        signed: Sign every so many entries, and the last head; 0 for the last only.
    """
    with owner.cursor() as cursor, cursor.copy(ENTRY) as copy:
        copy.set_types(KINDS)
        for position, each in enumerate(entries, 1):
            name = UUID(int=(log_id << 64) + position)
            copy.write_row((log_id, position, name, 1, name, name, "data.used", each))
    leaves = [leaf_hash(each) for each in entries]
    tree = Tree()
    step = signed or len(leaves)
    for start in range(0, len(leaves), step):
        tiles = tree.extend(leaves[start : start + step])
        with owner.cursor() as cursor:
            cursor.executemany(TILE, [(log_id, tile.level, tile.index, tile.root, tile.hashes) for tile in tiles])
        if hand is not None:
            owner.execute(CHECKPOINT, (log_id, tree.size, hand.sign(tree.size, tree.root())))
    owner.execute(SIZE, (len(leaves), log_id))
    return leaves
