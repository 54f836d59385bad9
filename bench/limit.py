"""The raw limit: the same bytes, by binary unnest, into a plain table with a primary key, one unique, one index."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from bench.measure import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence

CREATE = """
    CREATE TABLE plain (position bigint PRIMARY KEY, key uuid NOT NULL UNIQUE, stream uuid NOT NULL,
                        sequence integer NOT NULL, bytes bytea NOT NULL)
"""
INDEX = "CREATE INDEX ON plain (stream, sequence)"
INSERT = """
    INSERT INTO plain SELECT * FROM unnest(%b::bigint[], %b::uuid[], %b::uuid[], %b::integer[], %b::bytea[])
"""


class Limit:
    """A plain table that grows from measurement to measurement, as the ledger does."""

    def __init__(self, dsn: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        self._connection.execute(CREATE)
        self._connection.execute(INDEX)
        self._position = 0

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def rate(self, entries: Sequence[bytes], group: int) -> float:
        """Insert entries, a transaction a group; return entries a second. All but the inserting is prepared before."""
        groups: list[list[list[Any]]] = []
        for start in range(0, len(entries), group):
            chunk = list(entries[start : start + group])
            first = self._position + 1
            self._position += len(chunk)
            groups.append(
                [
                    list(range(first, self._position + 1)),
                    [UUID(bytes=os.urandom(16)) for _ in chunk],
                    [UUID(bytes=os.urandom(16)) for _ in chunk],
                    [1] * len(chunk),
                    chunk,
                ]
            )
        with Clock() as clock:
            for columns in groups:
                self._connection.execute(INSERT, columns, prepare=True)
        return len(entries) / clock.seconds
