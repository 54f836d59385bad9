"""Arrays in PostgreSQL's binary format, built without an object for each element. Pure: it knows no driver."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of the types, as PostgreSQL's catalogue has them in every version. Source: pg_type.dat.
BYTEA_OID = 17
BIGINT_OID = 20
SMALLINT_OID = 21
INTEGER_OID = 23
TEXT_OID = 25
UUID_OID = 2950
# Dimensions (none or one), whether there are nulls, the element type; then the count, from index 1.
OPENING = struct.Struct(">iiI")
EXTENT = struct.Struct(">ii")
LENGTH = struct.Struct(">i")
NULL = LENGTH.pack(-1)
ELEMENT_LENGTH = LENGTH.pack(16)


def uuids(ids: Sequence[bytes]) -> bytes:
    """Pack 16-byte ids as a uuid[]."""
    return _header(UUID_OID, len(ids)) + ELEMENT_LENGTH + ELEMENT_LENGTH.join(ids) if ids else _header(UUID_OID, 0)


def byte_strings(values: Sequence[bytes], oid: int = BYTEA_OID) -> bytes:
    """Pack byte strings of any length as a bytea[], or as an array of another type whose binary form they are."""
    # One copy of what may be megabytes.
    parts = [_header(oid, len(values))] * (2 * len(values) + 1)
    parts[1::2] = map(LENGTH.pack, map(len, values))
    parts[2::2] = values
    return b"".join(parts)


def byte_strings_or_null(values: Sequence[bytes]) -> bytes:
    """Pack byte strings as a bytea[] in which an empty one is NULL."""
    return _header(BYTEA_OID, len(values)) + b"".join(
        [LENGTH.pack(len(value)) + value if value else NULL for value in values]
    )


def smallints(values: Sequence[int]) -> bytes:
    """Pack numbers as a smallint[]."""
    return _numbers(SMALLINT_OID, "ih", 2, values)


def integers(values: Sequence[int]) -> bytes:
    """Pack numbers as an integer[]."""
    return _numbers(INTEGER_OID, "ii", 4, values)


def bigints(values: Sequence[int]) -> bytes:
    """Pack numbers as a bigint[]."""
    return _numbers(BIGINT_OID, "iq", 8, values)


def _numbers(oid: int, element: str, size: int, values: Sequence[int]) -> bytes:
    flat = [size] * (2 * len(values))
    flat[1::2] = values
    return _header(oid, len(values)) + struct.pack(">" + element * len(values), *flat)


def _header(oid: int, count: int) -> bytes:
    # Nulls are announced always: the server takes that for leave, not for a promise.
    return OPENING.pack(1, 1, oid) + EXTENT.pack(count, 1) if count else OPENING.pack(0, 0, oid)
