"""What others have said about checkpoints: cosignatures of witnesses, replies of time stamp authorities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from psycopg import Connection

# By primary key, or by the index (log_id, witness, size).
KEEP_LINE = (
    "INSERT INTO ledger.cosignature (log_id, size, witness, line) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
LINES = "SELECT line FROM ledger.cosignature WHERE log_id = %s AND size = %s ORDER BY witness"
LAST = "SELECT max(size) FROM ledger.cosignature WHERE log_id = %s AND witness = %s"
KEEP_REPLY = (
    "INSERT INTO ledger.time_stamp (log_id, size, authority, reply) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
REPLIES = "SELECT authority, reply FROM ledger.time_stamp WHERE log_id = %s AND size = %s ORDER BY authority"


def keep_cosignature(connection: Connection[Any], log_id: int, size: int, witness: str, line: str) -> None:
    """Keep a witness's line, without newline, over the checkpoint of a size; the first one stays."""
    connection.execute(KEEP_LINE, (log_id, size, witness, line))


def cosigned(connection: Connection[Any], log_id: int, size: int, note: bytes) -> bytes:
    """Return a checkpoint with the lines of all witnesses that have cosigned it."""
    lines = connection.execute(LINES, (log_id, size)).fetchall()
    return note + "".join(f"{line}\n" for (line,) in lines).encode()


def last_cosigned(connection: Connection[Any], log_id: int, witness: str) -> int:
    """Return the largest size that a witness has cosigned; 0 if none."""
    row = connection.execute(LAST, (log_id, witness)).fetchone()
    return (row[0] if row else None) or 0


def keep_time_stamp(connection: Connection[Any], log_id: int, size: int, authority: str, reply: bytes) -> None:
    """Keep an authority's reply over the checkpoint of a size; the first one stays."""
    connection.execute(KEEP_REPLY, (log_id, size, authority, reply))


def time_stamps(connection: Connection[Any], log_id: int, size: int) -> list[tuple[str, bytes]]:
    """Return (authority, reply) of each time stamp over the checkpoint of a size."""
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        return cursor.execute(REPLIES, (log_id, size)).fetchall()
