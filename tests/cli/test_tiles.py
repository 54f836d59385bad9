"""The exported files: what a stranger checks with them alone, what a crash leaves, and what is refused."""

from __future__ import annotations

import fcntl
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from api.cli import run
from api.cli import tiles as exporting
from api.cli.failure import Exit
from api.cli.storage import prepare
from api.cli.variables import read_settings
from ledger import Keys, Ledger
from ledger.checkpoint import open_checkpoint
from ledger.merkle import leaf_hash, root_of
from ledger.tiles import addresses, write
from tests.ledger.facts import fact, used
from tests.ledger.grown import Hand, grow, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "ledger.example/tiles"


@pytest.fixture
def keys(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """The keys of a migrated ledger of two logs, where the commands find it."""
    monkeypatch.chdir(tmp_path)
    settings = {
        "database_url": database,
        "data_dir": str(tmp_path / "data"),
        "logs": "2",
        "durable": "false",
        "name": NAME,
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"WHOSAW_{name.upper()}", value)
    return prepare(database, read_settings())[0]


@pytest.fixture
def ledger(database: str, keys: Keys) -> Iterator[Ledger]:
    with Ledger(database, keys, durable=False) as opened:
        yield opened


@pytest.fixture
def long(database: str, keys: Keys) -> Hand:
    """Log 0 with 600 entries, signed at 257, 514 and 600."""
    hand = Hand(f"{NAME}/log0")
    with psycopg.connect(database, autocommit=True) as owner:
        grow(owner, 0, numbered(600), hand, signed=257)
    return hand


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = Exit.DONE) -> tuple[str, str]:
    capsys.readouterr()
    found = run(list(arguments))
    out, err = capsys.readouterr()
    assert found == code, err
    return out, err


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def checked(folder: Path, verifier_key: str) -> int:
    """Check a log by its files alone, as a stranger would; return its size."""
    head = open_checkpoint((folder / "checkpoint").read_bytes(), verifier_key)
    leaves: list[bytes] = []
    levels: dict[int, list[bytes]] = {}
    for address in addresses(head.size):
        content = (folder / write(address)).read_bytes()
        if address.level is None:
            for _ in range(address.width):
                length = int.from_bytes(content[:2])
                leaves.append(leaf_hash(content[2 : 2 + length]))
                content = content[2 + length :]
            assert content == b""
        else:
            assert len(content) == 32 * address.width
            levels.setdefault(address.level, []).extend(content[at : at + 32] for at in range(0, len(content), 32))
    assert levels[0] == leaves
    for level, hashes in levels.items():
        above = levels.get(level + 1, [])
        assert above == [root_of(hashes[256 * each : 256 * (each + 1)]) for each in range(len(hashes) // 256)]
    assert root_of(leaves) == head.root
    return head.size


def test_a_log_is_recorded_exported_and_checked_by_its_files_alone(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    out, _ = said(capsys, "keys", "log")
    vkeys = out.split()
    assert [each.split("+")[0] for each in vkeys] == [f"{NAME}/log0", f"{NAME}/log1"]
    sizes = [0, 0]
    for step in range(3):
        events = [used(f"e{step}-{number}", f"C-{number}") for number in range(400)]
        ledger.append([fact(ledger, event) for event in events])
        said(capsys, "tiles", "export", str(folder))
        grown = [checked(folder / str(log_id), vkeys[log_id]) for log_id in (0, 1)]
        assert sum(grown) == 400 * (step + 1)
        assert all(new > old for new, old in zip(grown, sizes, strict=True))
        sizes = grown


def test_another_verifier_accepts_the_files(ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aics: Any = pytest.importorskip("aics_tlog", reason="aics-tlog is for Python 3.12 and newer")
    ledger.append([fact(ledger, used(f"e{number}", f"C-{number}")) for number in range(700)])
    said(capsys, "tiles", "export", str(tmp_path / "out"))
    for log_id, vkey in enumerate(said(capsys, "keys", "log")[0].split()):
        folder = tmp_path / "out" / str(log_id)
        head = aics.verify_checkpoint(aics.parse_note((folder / "checkpoint").read_bytes()), aics.parse_vkey(vkey))
        assert head.log_ok, head.error
        reader = aics.FileSystemTileReader(folder)
        assert aics.audit_tiles(reader, head.size, head.root).bundles == -(-head.size // 256)
        damaged = next(folder.glob("tile/entries/000*"))
        if damaged.is_dir():
            (damaged,) = damaged.iterdir()
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
        with pytest.raises((aics.TileVerificationError, ValueError)):
            aics.audit_tiles(reader, head.size, head.root)


def test_the_files_are_the_ones_of_the_specification(
    long: Hand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = said(capsys, "tiles", "export", str(tmp_path / "out"))
    assert f"{NAME}/log0: 600 entries, 8 new files\n{NAME}/log1: nothing is recorded yet\n" in err
    assert sorted(files(tmp_path / "out")) == [
        "0/checkpoint",
        "0/tile/0/000", "0/tile/0/001", "0/tile/0/002.p/88",
        "0/tile/1/000.p/2",
        "0/tile/entries/000", "0/tile/entries/001", "0/tile/entries/002.p/88",
    ]  # fmt: skip
    assert checked(tmp_path / "out" / "0", long.verifier_key) == 600


def test_entries_can_be_left_out_and_put_in_later(
    long: Hand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "tiles", "export", str(tmp_path / "out"), "--hashes-only")
    assert not [name for name in files(tmp_path / "out") if "entries" in name]
    said(capsys, "tiles", "export", str(tmp_path / "out"))
    assert checked(tmp_path / "out" / "0", long.verifier_key) == 600


def test_a_second_export_writes_nothing_again_and_what_is_lost_is_written_again(
    long: Hand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    said(capsys, "tiles", "export", str(out))
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    _, err = said(capsys, "tiles", "export", str(out))
    assert "600 entries, 0 new files" in err
    assert {path: path.stat().st_mtime_ns for path in before} == before
    (out / "0" / "tile" / "entries" / "001").unlink()
    assert "600 entries, 1 new files" in said(capsys, "tiles", "export", str(out))[1]
    assert checked(out / "0", long.verifier_key) == 600


def shorten(database: str, size: int) -> None:
    """Put an older copy of the database back."""
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("DELETE FROM ledger.checkpoint WHERE size > %s", (size,))
        owner.execute("DELETE FROM ledger.entry WHERE position > %s", (size,))
        owner.execute("DELETE FROM ledger.tile WHERE (index + 1) * 256 > %s AND level = 0", (size,))
        owner.execute("UPDATE ledger.log SET size = %s WHERE log_id = 0", (size,))


@pytest.mark.parametrize("stop", range(9))
def test_a_crash_at_any_file_leaves_a_folder_that_is_whole_and_goes_on(
    long: Hand,
    database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    stop: int,
) -> None:
    out = tmp_path / "out"
    calls = 0
    real = exporting._write

    def crash(file: Path, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls > stop:
            file.with_name(f".{file.name}.half").write_bytes(content[:7])
            raise OSError(28, "No space left on device", str(file))
        real(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(exporting, "_write", crash)
        _, err = said(capsys, "tiles", "export", str(out), code=Exit.MACHINE if stop < 8 else Exit.DONE)
        assert ("No space left" in err) == (stop < 8)
    assert (out / "0" / "checkpoint").exists() == (stop == 8)
    said(capsys, "tiles", "export", str(out))
    assert checked(out / "0", long.verifier_key) == 600
    assert not [name for name in files(out) if name.endswith(".half")]


def test_a_folder_that_is_ahead_of_the_database_is_the_evidence_of_a_rollback(
    long: Hand, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    said(capsys, "tiles", "export", str(out))
    before = files(out)
    shorten(database, 514)
    _, err = said(capsys, "tiles", "export", str(out), code=Exit.NO)
    assert "rollback: " in err
    assert "covers 600 entries, and the database has 514" in err
    assert files(out) == before


@pytest.mark.parametrize("size", [257, 600])
def test_another_history_is_a_fork_and_is_refused(
    long: Hand, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    out = tmp_path / "out"
    (out / "0").mkdir(parents=True)
    other = long.sign(size, sha256(b"another").digest())
    (out / "0" / "checkpoint").write_bytes(other)
    _, err = said(capsys, "tiles", "export", str(out), code=Exit.NO)
    assert "fork: " in err
    assert f"different histories of the first {size} entries" in err
    assert files(out) == {"0/checkpoint": other}


def test_a_folder_of_something_else_is_left_alone(
    long: Hand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out" / "0" / "checkpoint"
    file.parent.mkdir(parents=True)
    file.write_bytes(Hand("elsewhere.example/log0").sign(1, bytes(32)))
    assert "is of elsewhere.example/log0" in said(capsys, "tiles", "export", str(tmp_path / "out"), code=Exit.NO)[1]
    for junk in (b"", b"shopping\n", b"a\nb\nc\n", b"\xff\n1\nx\n", b"a\n1\n"):
        file.write_bytes(junk)
        assert "is no checkpoint" in said(capsys, "tiles", "export", str(tmp_path / "out"), code=Exit.MACHINE)[1]
        assert file.read_bytes() == junk


def test_a_damaged_database_is_not_published(
    long: Hand, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE ledger.entry SET bytes = 'x' WHERE position = 590")
    _, err = said(capsys, "tiles", "export", str(tmp_path / "out"), code=Exit.MACHINE)
    assert "does not lead to the root that was signed at size 600" in err
    assert files(tmp_path / "out") == {}


def test_two_exports_into_one_folder_do_not_meet(
    long: Hand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out" / "0").mkdir(parents=True)
    descriptor = os.open(tmp_path / "out" / "0", os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert "another export" in said(capsys, "tiles", "export", str(tmp_path / "out"), code=Exit.MACHINE)[1]
    finally:
        os.close(descriptor)
    said(capsys, "tiles", "export", str(tmp_path / "out"))
    assert checked(tmp_path / "out" / "0", long.verifier_key) == 600
