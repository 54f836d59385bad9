"""The newest signed head outlives the database's memory: a log that was put back is found out before it signs."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from ledger import Forked, Keys, Ledger, RolledBack, WrongLedger
from ledger.checkpoint import head_of
from ledger.migrate import create_logs
from ledger.signed_head import SLOT_BYTES, Head, SignedHead
from ledger.signer import Signer
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "ledger.example/signed"


def root(number: int) -> bytes:
    return bytes((number,)) * 32


@pytest.fixture
def kept(tmp_path: Path) -> SignedHead:
    return SignedHead(tmp_path / "signed" / "log0")


def test_nothing_is_kept_before_the_first_head(kept: SignedHead) -> None:
    assert kept.read() is None
    assert not kept.path.exists()


def test_the_newest_head_is_read_back_by_another_process(kept: SignedHead) -> None:
    for size in range(1, 8):
        kept.advance(Head(size, root(size)))
        assert SignedHead(kept.path).read() == Head(size, root(size))


def test_a_head_that_is_behind_changes_nothing_and_one_of_the_same_size_is_a_fork(kept: SignedHead) -> None:
    kept.advance(Head(5, root(5)))
    kept.advance(Head(4, root(4)))
    kept.advance(Head(5, root(5)))
    with pytest.raises(Forked):
        kept.advance(Head(5, root(6)))
    assert kept.read() == Head(5, root(5))


@given(slot=st.sampled_from((0, SLOT_BYTES)), place=st.integers(0, 79), change=st.integers(1, 255))
def test_a_torn_write_leaves_the_head_before_or_the_one_after(slot: int, place: int, change: int) -> None:
    path = _scratch()
    try:
        kept = SignedHead(path)
        kept.advance(Head(1, root(1)))
        kept.advance(Head(2, root(2)))
        kept.close()
        with path.open("r+b") as file:
            file.seek(slot + place)
            byte = file.read(1) or b"\0"
            file.seek(slot + place)
            file.write(bytes((byte[0] ^ change,)))
        again = SignedHead(path)
        assert again.read() == (Head(2, root(2)) if slot == 0 else Head(1, root(1)))
        # And it goes on from there: the damaged slot is the one that is written next.
        again.advance(Head(3, root(3)))
        assert SignedHead(path).read() == Head(3, root(3))
        again.close()
    finally:
        path.unlink()


def _scratch() -> Path:
    return Path(tempfile.gettempdir()) / f"signed-{uuid4().hex}"


def test_a_file_that_holds_no_whole_head_is_refused(kept: SignedHead) -> None:
    kept.advance(Head(1, root(1)))
    kept.path.write_bytes(os.urandom(SLOT_BYTES * 2))
    with pytest.raises(WrongLedger, match="none that is whole"):
        SignedHead(kept.path).read()


def test_a_signer_signs_only_what_grew_from_the_newest_head(kept: SignedHead) -> None:
    class NoKey:
        public_key = bytes(32)

        def sign(self, _: bytes) -> bytes:
            return bytes(64)

    signer = Signer("ledger.example/log0", [NoKey()], kept)
    signer.sign(Head(3, root(3)), {})
    signer.committed(Head(3, root(3)))
    signer.sign(Head(5, root(5)), {3: root(3)})
    for head, ancestors in (
        (Head(5, root(5)), {}),
        (Head(5, root(5)), {3: root(4)}),
        (Head(3, root(3)), {3: root(3)}),
        (Head(2, root(2)), {3: root(3)}),
    ):
        with pytest.raises(Exception, match="signed meanwhile"):
            signer.sign(head, ancestors)


# On a real database.


@contextmanager
def copied(dsn: str) -> Iterator[str]:
    """A backup: the database as it is now, as another one."""
    name, source = f"test_{uuid4().hex}", str(conninfo_to_dict(dsn)["dbname"])
    admin = make_conninfo(dsn, dbname="postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(source)))
    try:
        yield make_conninfo(dsn, dbname=name)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def record(dsn: str, folder: Path, *ids: str) -> None:
    with Ledger(dsn, Keys.open(folder, NAME, 1), durable=False) as ledger:
        for each in ids:
            ledger.append([fact(ledger, used(each, "C-1"))])


@pytest.fixture
def folder(database: str, tmp_path: Path) -> Path:
    """The key directory of a ledger with three entries."""
    create_logs(database, NAME, 1)
    Keys.create(tmp_path / "keys", NAME, 1)
    record(database, tmp_path / "keys", "a", "b", "c")
    return tmp_path / "keys"


def notes(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT count(*) FROM ledger.checkpoint").fetchone()
    assert found is not None
    return found[0]


def test_an_older_backup_is_refused_before_anything_is_signed(database: str, folder: Path) -> None:
    with copied(database) as backup:
        record(database, folder, "d")
        before = notes(backup)
        with pytest.raises(RolledBack, match="expected at least 4 entries, which were signed; found 3"):
            record(backup, folder, "e")
        assert notes(backup) == before


def test_without_the_kept_head_an_older_backup_would_go_on(database: str, folder: Path) -> None:
    with copied(database) as backup:
        record(database, folder, "d")
        shutil.rmtree(folder / "signed")
        record(backup, folder, "e")
        assert notes(backup) == notes(database)


def test_another_history_of_the_same_size_or_longer_is_refused(database: str, folder: Path, tmp_path: Path) -> None:
    with copied(database) as other:
        # The same keys with a memory of their own: what an operator would do who wants two histories.
        shutil.copytree(folder, tmp_path / "keys2")
        record(other, tmp_path / "keys2", "x")
        record(database, folder, "d")
        with pytest.raises(Forked):
            record(other, folder, "e")
        record(other, tmp_path / "keys2", "y", "z")
        with pytest.raises(Forked):
            record(other, folder, "e")


def test_a_tail_cut_under_a_running_server_stops_it(database: str, folder: Path) -> None:
    with Ledger(database, Keys.open(folder, NAME, 1), durable=False) as ledger:
        ledger.append([fact(ledger, used("d", "C-1"))])
        with psycopg.connect(database) as connection:
            connection.execute("DELETE FROM ledger.entry WHERE position > 2")
            connection.execute("DELETE FROM ledger.checkpoint WHERE size > 2")
            connection.execute("UPDATE ledger.log SET size = 2")
        assert ledger.rolled_back() == [0]
        for each in ("e", "f"):
            with pytest.raises(RolledBack):
                ledger.append([fact(ledger, used(each, "C-1"))])
    assert notes(database) == 2


def test_a_crash_between_the_commit_and_the_kept_head_is_gone_on_from(
    database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any) -> None:
        raise SystemError("killed here")

    with Ledger(database, Keys.open(folder, NAME, 1), durable=False) as ledger:
        event = fact(ledger, used("d", "C-1"))
        monkeypatch.setattr(Signer, "committed", crash)
        with pytest.raises(SystemError):
            ledger.append([event])
        monkeypatch.undo()
    assert ledger.keys.signers[0].newest() == Head(3, root_at(database, 3))
    with Ledger(database, Keys.open(folder, NAME, 1), durable=False) as ledger:
        (receipt,) = ledger.append([event])
        assert (receipt.position, receipt.repeated) == (4, True)
        # The repeat's receipt, too, leaves only after the head that covers it is kept.
        assert ledger.keys.signers[0].newest() == Head(4, root_at(database, 4))
        ledger.append([fact(ledger, used("e", "C-1"))])


def root_at(dsn: str, size: int) -> bytes:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT note FROM ledger.checkpoint WHERE size = %s", (size,)).fetchone()
    assert row is not None
    return head_of(row[0])[1]


def test_two_processes_on_one_ledger_share_the_kept_head(database: str, folder: Path) -> None:
    first = Ledger(database, Keys.open(folder, NAME, 1), durable=False)
    second = Ledger(database, Keys.open(folder, NAME, 1), durable=False)
    with first, second:
        for number in range(20):
            ledger = (first, second)[number % 2]
            ledger.append([fact(ledger, used(f"n{number}", f"C-{number % 3}"))])
        newest = first.keys.signers[0].newest()
        assert newest is not None
        assert newest.size == first.head(0)


def test_two_signers_on_two_copies_can_not_both_go_on(database: str, folder: Path) -> None:
    with copied(database) as other:
        first = Ledger(database, Keys.open(folder, NAME, 1), durable=False)
        second = Ledger(other, Keys.open(folder, NAME, 1), durable=False)
        with first, second:
            first.append([fact(first, used("d", "C-1"))])
            with pytest.raises((RolledBack, Forked)):
                second.append([fact(second, used("e", "C-1"))])
            assert notes(other) == 3
