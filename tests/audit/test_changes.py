"""Whatever a superuser changes, the audit is red and names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL, Identifier

from ledger.audit import Kind

if TYPE_CHECKING:
    from tests.audit.conftest import Scene

# Table, column, what makes one row known, and what a change of it may look like.
BYTES = {
    ("entry", "bytes", "position"): {Kind.ROW_EDITED, Kind.ROW_MOVED, Kind.STREAM_SWAPPED},
    ("entry", "repeat_key", "position"): {Kind.ROW_EDITED},
    ("entry", "stream", "position"): {Kind.STREAM_SWAPPED},
    ("entry", "sequence", "position"): {Kind.ROW_EDITED},
    ("entry", "type", "position"): {Kind.ROW_EDITED},
    ("tile", "root", "index"): {Kind.TILE_EDITED},
    ("tile", "hashes", "index"): {Kind.TILE_EDITED},
    ("checkpoint", "note", "size"): {Kind.CHECKPOINT_EDITED, Kind.OTHER_KEY},
    ("heads_page", "content", "covers"): {Kind.SNAPSHOT_DIFFERS},
    ("heads_page", "first", "covers"): {Kind.SNAPSHOT_DIFFERS},
    ("subject", "wrapped_key", "subject"): {Kind.KEY_UNOPENED},
    ("reference", "envelope", "digest"): {Kind.KEY_UNOPENED},
    ("reference", "digest", "digest"): {Kind.KEY_UNOPENED},
    ("member", "salt", "position"): {Kind.ROW_EDITED},
    ("member", "subject", "position"): {Kind.ROW_EDITED},
    ("log", "size", "log_id"): {Kind.HEAD_EDITED},
}
ONE = SQL("SELECT ctid::text, {key}, {column}, pg_typeof({column})::text FROM ledger.{table} OFFSET %s LIMIT 1")
FIRST = SQL(
    "SELECT ctid::text, covers, first, pg_typeof(first)::text FROM ledger.heads_page"
    " WHERE first IS NOT NULL OFFSET %s LIMIT 1"
)
COUNT = SQL("SELECT count(*) FROM ledger.{table} WHERE {column} IS NOT NULL")
PUT = SQL("UPDATE ledger.{table} SET {column} = %s WHERE ctid = %s::tid RETURNING ctid::text")


def flipped(value: Any, kind: str, place: int, bit: int) -> Any:
    """Return a value with one bit another."""
    if kind in {"integer", "bigint"}:
        # Higher than any that is there: the server itself refuses the same twice.
        return value ^ (1 << (11 + place % 16))
    if kind == "text":
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    data = bytearray(value.bytes if kind == "uuid" else value)
    data[place % len(data)] ^= 1 << bit
    return bytes(data).hex() if kind == "uuid" else bytes(data)


def test_an_unchanged_ledger_is_whole(original: Scene) -> None:
    assert original.audit() == []


@pytest.mark.parametrize("what", BYTES, ids=".".join)
@settings(
    max_examples=6,
    deadline=None,
    derandomize=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
@given(row=st.integers(0, 10_000), place=st.integers(0, 20_000), bit=st.integers(0, 7))
def test_one_changed_byte_is_named(original: Scene, what: tuple[str, str, str], row: int, place: int, bit: int) -> None:
    table, column, key = what
    parts = {"table": Identifier(table), "column": Identifier(column), "key": Identifier(key)}
    with original.owner() as owner:
        owner.execute("SET session_replication_role = replica")
        count = owner.execute(COUNT.format(**parts)).fetchall()[0][0]
        found = owner.execute(ONE.format(**parts) if column != "first" else FIRST, (row % count,)).fetchone()
        assert found is not None
        ctid, name, value, kind = found
        other = flipped(value, kind, place, bit)
        put = owner.execute(PUT.format(**parts), (other, ctid)).fetchone()
        assert put is not None
        try:
            findings = original.audit()
        finally:
            owner.execute(PUT.format(**parts), (value, put[0]))
    assert findings, "nothing was noticed"
    first = findings[0]
    assert first.kind in BYTES[what], first.line()
    if key == "position":
        assert first.position <= name <= max(first.position, first.upto), first.line()
        assert first.upto - first.position <= 100
    elif key == "size":
        assert first.position == name
    elif table == "tile":
        assert first.position // 256 == name or first.position // 256 == name + 1


def test_whatever_was_put_back_is_whole_again(original: Scene) -> None:
    with original.owner() as owner:
        owner.execute("UPDATE ledger.entry SET type = 'data.disclosed' WHERE position = 300")
        assert [each.position for each in original.audit()] == [300]
        owner.execute("UPDATE ledger.entry SET type = 'data.used' WHERE position = 300")
    assert original.audit() == []
