"""Reading tables as PostgreSQL sends them fastest: COPY in binary, parsed here.

One call to the driver's library a row: its own cursors make objects that cost more than hashing the entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import ExecStatus

if TYPE_CHECKING:
    from collections.abc import Generator

    from psycopg import Connection
    from psycopg.pq.abc import PGresult

SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
HEADER_BYTES = 19
TRAILER_BYTES = 2


def rows(connection: Connection[Any], query: str) -> Generator[memoryview]:
    """Yield the rows of a query in COPY's binary format: a field count, then each field behind its length.

    Args:
        connection: In autocommit mode, or in a transaction.
        query: Holds no value but numbers and ids of ours: COPY takes no parameters.

    Raises:
        psycopg.Error: The server did not answer, or refused.
    """
    server = connection.pgconn
    result = server.exec_(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode())
    if result.status != ExecStatus.COPY_OUT:
        raise psycopg.errors.error_from_result(result, encoding=connection.info.encoding)
    get = server.get_copy_data
    length, data = get(0)
    first = True
    try:
        while length > 0:
            if first:
                # The header comes with the first row, in one message.
                if bytes(data[: len(SIGNATURE)]) != SIGNATURE:
                    raise psycopg.DataError("expected COPY's binary format")
                data, first = data[HEADER_BYTES:], False
            if len(data) > TRAILER_BYTES:
                yield data
            length, data = get(0)
    finally:
        # Whoever stops early leaves rows behind, and nothing else can be asked before they are read.
        while length > 0:
            length, data = get(0)
        ended = _end(connection)
    if ended is not None:
        raise psycopg.errors.error_from_result(ended, encoding=connection.info.encoding)


def _end(connection: Connection[Any]) -> PGresult | None:
    """Read to the end of a statement; return what went wrong, if anything did."""
    wrong: PGresult | None = None
    while (ended := connection.pgconn.get_result()) is not None:
        if ended.status == ExecStatus.FATAL_ERROR:
            wrong = ended
    return wrong


def fields(row: memoryview) -> list[bytes | None]:
    """Cut a row into its fields."""
    data = bytes(row)
    found: list[bytes | None] = []
    place = 2
    for _ in range(int.from_bytes(data[:2])):
        length = int.from_bytes(data[place : place + 4], signed=True)
        place += 4
        if length < 0:
            found.append(None)
        else:
            found.append(data[place : place + length])
            place += length
    return found


def number(field: bytes | None) -> int:
    """Return an integer field's value, of whatever width."""
    return int.from_bytes(field or b"", signed=True)
