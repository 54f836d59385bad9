"""Arrays that are packed by hand are what the server takes them for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from ledger.arrays import (
    TEXT_OID,
    bigints,
    byte_strings,
    byte_strings_or_null,
    integers,
    smallints,
    uuids,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from psycopg.pq.abc import PGconn

IDS = [bytes(range(16)), bytes(16)]


def texts(values: Sequence[bytes]) -> bytes:
    return byte_strings(values, TEXT_OID)


@pytest.fixture
def connection(database: str) -> Generator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def said(connection: psycopg.Connection, kind: str, packed: bytes) -> object:
    """Return what the server reads in a packed array."""
    server: PGconn = connection.pgconn
    result = server.exec_params(f"SELECT $1::{kind}[]".encode(), [packed], param_formats=[1])
    assert result.ntuples == 1, result.error_message
    value = result.get_value(0, 0)
    assert value is not None
    found = connection.execute(f"SELECT %s::text::{kind}[]".encode(), (value.decode(),)).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("kind", "pack", "values", "expected"),
    [
        ("uuid", uuids, IDS, [UUID(bytes=each) for each in IDS]),
        ("bytea", byte_strings, [b"", b"\0\xff", b"x" * 70_000], [b"", b"\0\xff", b"x" * 70_000]),
        ("bytea", byte_strings_or_null, [b"", b"\0\xff"], [None, b"\0\xff"]),
        ("text", texts, ["é".encode(), b""], ["é", ""]),
        ("smallint", smallints, [-1, 32_767], [-1, 32_767]),
        ("integer", integers, [-1, 2**31 - 1], [-1, 2**31 - 1]),
        ("bigint", bigints, [-1, 2**63 - 1], [-1, 2**63 - 1]),
    ],
)
def test_the_server_reads_what_was_packed(
    kind: str,
    pack: Callable[[Sequence[object]], bytes],
    values: list[object],
    expected: list[object],
    connection: psycopg.Connection,
) -> None:
    assert said(connection, kind, pack(values)) == expected
    assert said(connection, kind, pack(values[:1])) == expected[:1]
    assert said(connection, kind, pack([])) == []
