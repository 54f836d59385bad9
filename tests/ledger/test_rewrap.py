"""Rotating the key-encryption key: everything opens all the time; what the old one wrapped is lost with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ledger import Keys, Ledger, Reference, rewrap
from ledger.envelope import KeyWrapper, Unopenable
from ledger.key_ring import KeyRing
from ledger.migrate import create_logs
from ledger.streams import owner
from tests.ledger.facts import fact, subject, used

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

NAME = "ledger.example"
PEOPLE = [f"C-{number}" for number in range(25)]
WRAPPED = "SELECT subject, wrapped_key FROM ledger.subject ORDER BY subject"
NAMES = "SELECT digest, envelope FROM ledger.reference ORDER BY digest"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def ledger(database: str, folder: Path) -> Generator[Ledger]:
    create_logs(database, NAME, 2)
    with Ledger(database, Keys.create(folder, NAME, 2), durable=False) as opened:
        yield opened


@pytest.fixture
def connection(database: str) -> Generator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


def tell(ledger: Ledger, name: str, **more: Any) -> None:
    private = {"note": f"about {name}"}
    ledger.append([fact(ledger, used(f"{name}-{each}", each, private=private, **more)) for each in PEOPLE])


def opens(ledger: Ledger) -> int:
    """Return how many envelopes the people's streams have, each of which opens."""
    count = 0
    for each in PEOPLE:
        who = ledger.lookup(Reference("customer", each))
        assert who is not None
        for entry in ledger.entries(who):
            assert "about" in str(ledger.open_envelope(entry, who))
            count += 1
    return count


def versions(connection: psycopg.Connection[Any]) -> set[int]:
    rows = connection.execute(WRAPPED).fetchall() + connection.execute(NAMES).fetchall()
    return {int.from_bytes(wrapped[:2]) for _, wrapped in rows}


def test_a_rotation_leaves_entries_alone_and_everything_opens(
    ledger: Ledger, folder: Path, connection: psycopg.Connection[Any], database: str
) -> None:
    tell(ledger, "a")
    tell(ledger, "s", visibility="sealed", seal_ref="S-1")
    entries = connection.execute("SELECT * FROM ledger.entry ORDER BY log_id, position").fetchall()
    ring = KeyRing(folder, NAME)
    assert ring.add() == 2
    seen: list[int] = []
    count = rewrap.rewrap(connection, ring, seen.append)
    assert count == seen[-1] == rewrap.waiting(connection, ring) + 2 * 2 * len(PEOPLE)
    assert versions(connection) == {2}
    # The process that serves has not been told.
    assert opens(ledger) == len(PEOPLE)
    tell(ledger, "b")
    assert rewrap.rewrap(connection, ring, seen.append) == 0
    still = connection.execute("SELECT * FROM ledger.entry ORDER BY log_id, position").fetchall()
    assert set(entries) < set(still)
    assert rewrap.destroy_older(connection, ring, seen.append) == [1]
    assert not (folder / "kek").exists()
    with Ledger(database, Keys.open(folder, NAME, 2), durable=False) as another:
        assert opens(another) == 2 * len(PEOPLE)
        who = another.lookup(Reference("customer", "C-1"))
        assert who is not None
        assert [each.seal for each in another.sealed_streams(who)] == ["S-1"]


def test_what_the_old_version_wrapped_opens_no_more_once_it_is_destroyed(
    ledger: Ledger, folder: Path, connection: psycopg.Connection[Any]
) -> None:
    """Such as what dead rows, archives and backups keep of somebody who was forgotten before."""
    tell(ledger, "a")
    kept = connection.execute("SELECT log_id, subject, wrapped_key FROM ledger.subject").fetchall()
    ring = KeyRing(folder, NAME)
    before = KeyWrapper(KeyRing(folder, NAME))
    for log_id, who, wrapped in kept:
        assert len(before.unwrap(wrapped, owner(log_id, who.bytes))) == 32
    ring.add()
    rewrap.rewrap(connection, ring, print)
    rewrap.destroy_older(connection, ring, print)
    after = KeyWrapper(KeyRing(folder, NAME))
    for log_id, who, wrapped in kept:
        with pytest.raises(Unopenable):
            after.unwrap(wrapped, owner(log_id, who.bytes))


def test_a_process_that_has_not_heard_of_the_new_version_can_not_write_under_a_destroyed_one(
    ledger: Ledger, folder: Path, connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(ledger, "a")
    # It would not look for an hour.
    monkeypatch.setattr("ledger.key_ring.LOOK_SECONDS", 3600.0)
    ring = KeyRing(folder, NAME)
    ring.add()
    rewrap.destroy_older(connection, ring, print)
    receipts = ledger.append([fact(ledger, used("new", "N-1", private={"note": "about her"}))])
    assert versions(connection) == {2}
    who = ledger.lookup(Reference("customer", "N-1"))
    assert who is not None
    assert who.id == receipts[0].stream


def test_a_row_that_opens_under_nothing_is_named_and_no_version_is_destroyed(
    ledger: Ledger, folder: Path, connection: psycopg.Connection[Any]
) -> None:
    tell(ledger, "a")
    who = connection.execute(WRAPPED).fetchall()[3][0]
    connection.execute(
        "UPDATE ledger.subject SET wrapped_key = set_byte(wrapped_key, 40, 0) WHERE subject = %s", (who,)
    )
    ring = KeyRing(folder, NAME)
    ring.add()
    with pytest.raises(rewrap.Left, match=f"ledger.subject {who.hex}"):
        rewrap.destroy_older(connection, ring, print)
    assert sorted(ring.versions()) == [1, 2]
    assert rewrap.waiting(connection, ring) == 1


def test_nobody_comes_back_who_is_forgotten_while_a_batch_is_wrapped(
    ledger: Ledger, folder: Path, connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(ledger, "a")
    ring = KeyRing(folder, NAME)
    ring.add()
    gone = connection.execute(WRAPPED).fetchall()[0][0]
    wrap = KeyWrapper.wrap

    def forgetting(self: KeyWrapper, *arguments: Any) -> bytes:
        connection.execute("DELETE FROM ledger.subject WHERE subject = %s", (gone,))
        return wrap(self, *arguments)

    monkeypatch.setattr(KeyWrapper, "wrap", forgetting)
    rewrap.rewrap(connection, ring, print)
    assert gone not in [who for who, _ in connection.execute(WRAPPED).fetchall()]
    assert versions(connection) == {2}


def test_a_rotation_that_is_killed_goes_on_where_it_was(
    ledger: Ledger, folder: Path, connection: psycopg.Connection[Any], database: str
) -> None:
    for number in range(3):
        ledger.append([fact(ledger, used(f"e{number}-{each}", f"P{number}-{each}")) for each in range(100)])
    ring = KeyRing(folder, NAME)
    ring.add()
    script = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        import psycopg
        from ledger import rewrap
        from ledger.key_ring import KeyRing
        rewrap.BATCH = 10
        def progress(done):
            if done >= 100:
                os.kill(os.getpid(), signal.SIGKILL)
        with psycopg.connect(sys.argv[1], autocommit=True) as connection:
            rewrap.rewrap(connection, KeyRing(Path(sys.argv[2]), sys.argv[3]), progress)
    """)
    killed = subprocess.run([sys.executable, "-c", script, database, str(folder), NAME], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert versions(connection) == {1, 2}
    assert rewrap.rewrap(connection, ring, print) == 600 - 100
    assert versions(connection) == {2}


def test_who_has_the_database_and_not_the_key_opens_nothing(
    ledger: Ledger, folder: Path, connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    tell(ledger, "a")
    ledger.append([fact(ledger, used("alice", subjects=[subject("Alice")]))])
    other = tmp_path / "other"
    Keys.create(other, NAME, 2)
    wrapper = KeyWrapper(KeyRing(other, NAME))
    for log_id, who, wrapped in connection.execute("SELECT log_id, subject, wrapped_key FROM ledger.subject"):
        with pytest.raises(Unopenable):
            wrapper.unwrap(wrapped, owner(log_id, who.bytes))
    stored = b"".join(
        row[0]
        for table in ("entry", "subject", "reference", "member")
        for row in connection.execute(f"SELECT convert_to(t::text, 'UTF8') FROM ledger.{table} AS t")  # type: ignore[arg-type]
    )
    for value in (b"Alice", b"about a", b"customer"):
        assert value not in stored
        assert value.hex().encode() not in stored
    assert (folder / "kek").exists()
