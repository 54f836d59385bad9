"""Rotating the key-encryption key: everything that an older version wraps is wrapped anew under the newest.

No entry is touched: data keys and names are decrypted and encrypted again, in batches, beside a serving ledger. Whoever
has an older copy of a row needs the version that wrapped it; once that is destroyed, nothing opens the copy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg

from ledger.entry import reference_identity
from ledger.envelope import NONCE_BYTES, VERSION_BYTES, KeyWrapper, Unopenable
from ledger.streams import owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from ledger.key_ring import KeyRing

BATCH = 1_000
"""Rows of one transaction."""
FIRST = UUID(int=0)
ATTEMPTS = 5
"""How often a batch is tried that waits for a row which waits for it."""


class Table(NamedTuple):
    """A table whose rows are wrapped."""

    name: str
    waiting: LiteralString
    read: LiteralString
    """By primary key; what is wrapped under the newest version already is passed over."""
    write: LiteralString
    """Only what is still as it was read: a row that was deleted or wrapped anew meanwhile stays as it is."""
    bound: LiteralString
    """Drops what an earlier rotation demanded of the version, and demands more, of new rows at once."""
    check: LiteralString
    """Compares all rows with that."""


def _table(name: LiteralString, key: LiteralString, column: LiteralString) -> Table:
    def told(text: LiteralString) -> LiteralString:
        return text.replace("{name}", name).replace("{key}", key).replace("{column}", column)

    return Table(
        name,
        told("SELECT count(*) FROM ledger.{name} WHERE substr({column}, 1, 2) <> %(newest)s"),
        told("""
            SELECT {key}, {column} FROM ledger.{name}
            WHERE log_id = %(log_id)s AND {key} > %(after)s AND substr({column}, 1, 2) <> %(newest)s
            ORDER BY {key} LIMIT %(limit)s
        """),
        told("""
            UPDATE ledger.{name} AS r SET {column} = w.fresh
            FROM unnest(%(keys)s::uuid[], %(stale)s::bytea[], %(fresh)s::bytea[]) AS w (key, stale, fresh)
            WHERE r.log_id = %(log_id)s AND r.{key} = w.key AND r.{column} = w.stale
        """),
        told("""
            ALTER TABLE ledger.{name} DROP CONSTRAINT IF EXISTS {name}_kek_version,
                ADD CONSTRAINT {name}_kek_version CHECK (substr({column}, 1, 2) >= '{least}'::bytea) NOT VALID
        """),
        told("ALTER TABLE ledger.{name} VALIDATE CONSTRAINT {name}_kek_version"),
    )


SUBJECTS = _table("subject", "subject", "wrapped_key")
REFERENCES = _table("reference", "digest", "envelope")
LOGS = "SELECT log_id FROM ledger.log ORDER BY log_id"


class Left(Exception):
    """Rows can not be wrapped anew: nothing that is there opens them."""

    def __init__(self, rows: list[str]) -> None:
        super().__init__(f"{len(rows)} rows open under no version of the key-encryption key, such as {rows[0]}")
        self.rows = rows


def waiting(connection: Connection[Any], ring: KeyRing) -> int:
    """Return how many rows an older version than the newest wraps. Reads both tables."""
    newest = {"newest": ring.newest.to_bytes(VERSION_BYTES)}
    counts = [connection.execute(each.waiting, newest).fetchone() for each in (SUBJECTS, REFERENCES)]
    return sum(row[0] for row in counts if row is not None)


def rewrap(connection: Connection[Any], ring: KeyRing, progress: Callable[[int], object]) -> int:
    """Wrap everything anew that an older version wraps; return how many rows that were.

    Each batch is a transaction: a crash costs one, and the next run goes on with what is left.

    Args:
        connection: Of the tables' owner, in autocommit mode.
        ring: With the older versions and the newest.
        progress: Called with the number of rows done so far.

    Raises:
        Left: What no version opens is left as it is; all else was done.
        Unavailable: A sealed version can not be opened now. Retry.
    """
    wrapper, newest = KeyWrapper(ring), ring.newest.to_bytes(VERSION_BYTES)
    done, left = 0, list[str]()
    for (log_id,) in connection.execute(LOGS).fetchall():
        for table in (SUBJECTS, REFERENCES):
            for rows in _batches(connection, table, log_id, newest):
                fresh: list[tuple[UUID, bytes, bytes]] = []
                for key, stale in rows:
                    bound = owner(log_id, key.bytes) if table is SUBJECTS else reference_identity(key.bytes)
                    try:
                        secret = wrapper.unwrap(stale, bound)
                    except Unopenable:
                        left.append(f"ledger.{table.name} {key.hex}")
                        continue
                    # As it is, padding and all.
                    fresh.append((key, stale, wrapper.wrap(secret, os.urandom(NONCE_BYTES), bound)))
                done += _write(connection, table, log_id, fresh)
                progress(done)
    if left:
        raise Left(left)
    return done


def destroy_older(connection: Connection[Any], ring: KeyRing, progress: Callable[[int], object]) -> list[int]:
    """Destroy every version but the newest; return which.

    The tables refuse older versions before the last rows are looked for, so that no process which has not heard of the
    newest can wrap anything under one that is gone. It wraps it anew, as after any other doubt.

    Raises:
        Left: Some rows open under none. No version was destroyed.
        Unavailable: See `rewrap`.
    """
    least = ring.newest.to_bytes(VERSION_BYTES).hex()
    for table in (SUBJECTS, REFERENCES):
        connection.execute(table.bound.replace("{least}", f"\\x{least}").encode())
    rewrap(connection, ring, progress)
    for table in (SUBJECTS, REFERENCES):
        connection.execute(table.check)
    older = sorted(version for version in ring.versions() if version != ring.newest)
    # Crash in between: nothing stands under what is left, and the next run destroys it.
    for version in older:
        ring.destroy(version)
    return older


def _batches(
    connection: Connection[Any], table: Table, log_id: int, newest: bytes
) -> Iterator[list[tuple[UUID, bytes]]]:
    after = FIRST
    while True:
        wanted = {"log_id": log_id, "after": after, "newest": newest, "limit": BATCH}
        rows: list[tuple[UUID, bytes]] = connection.execute(table.read, wanted).fetchall()
        if not rows:
            return
        yield rows
        after = rows[-1][0]


def _write(connection: Connection[Any], table: Table, log_id: int, fresh: list[tuple[UUID, bytes, bytes]]) -> int:
    if not fresh:
        return 0
    keys, stale, wrapped = (list(column) for column in zip(*fresh, strict=True))
    parameters = {"log_id": log_id, "keys": keys, "stale": stale, "fresh": wrapped}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return connection.execute(table.write, parameters).rowcount
        except psycopg.errors.DeadlockDetected:
            # Somebody is being forgotten, and it waits for this batch.
            if attempt == ATTEMPTS:
                raise
    raise AssertionError
