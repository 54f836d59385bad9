"""Arrays of UUIDs as PostgreSQL's binary format, built without an object for each element."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

UUID_OID = psycopg.adapters.types["uuid"].oid
UUID_ARRAY_OID = psycopg.adapters.types["uuid"].array_oid
# One dimension, no nulls, the element type, the count, from index 1.
HEADER = struct.Struct(">iiIii")
ELEMENT_LENGTH = struct.pack(">i", 16)


class UuidArray(bytes):
    """A uuid[] in binary form, ready to send."""


class _UuidArrayDumper(Dumper):
    format = Format.BINARY
    oid = UUID_ARRAY_OID

    def dump(self, obj: UuidArray) -> bytes:
        return bytes(obj)


def uuid_array(ids: Sequence[bytes]) -> UuidArray:
    """Pack 16-byte ids as a query parameter of type uuid[]."""
    header = HEADER.pack(1, 0, UUID_OID, len(ids), 1)
    return UuidArray(
        header + ELEMENT_LENGTH + ELEMENT_LENGTH.join(ids) if ids else HEADER.pack(0, 0, UUID_OID, 0, 1)[:12]
    )


psycopg.adapters.register_dumper(UuidArray, _UuidArrayDumper)
