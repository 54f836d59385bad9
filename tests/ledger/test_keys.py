"""The key directory refuses what would let others read it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from ledger import Keys, WrongLedger

if TYPE_CHECKING:
    from pathlib import Path


def test_new_keys_are_read_back_and_kept(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    made = Keys.create(directory, "ledger.example", 3)
    again = Keys.create(directory, "ledger.example", 3)
    assert (made.ring.versions(), made.lookup, made.home) == (again.ring.versions(), again.lookup, again.home)
    assert len({made.ring.key(1), made.lookup, made.home}) == 3
    assert [signer.origin for signer in again.signers] == [f"ledger.example/log{log_id}" for log_id in range(3)]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


@pytest.mark.parametrize(("name", "mode"), [("", 0o750), ("kek", 0o640), ("log0.key", 0o604)])
def test_a_mode_that_lets_others_read_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    Keys.create(tmp_path / "keys", "ledger.example", 1)
    (tmp_path / "keys" / name).chmod(mode)
    with pytest.raises(WrongLedger, match=f"found {mode:04o}"):
        Keys.open(tmp_path / "keys", "ledger.example", 1)


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33])
def test_a_malformed_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    Keys.create(tmp_path / "keys", "ledger.example", 1)
    (tmp_path / "keys" / "kek").write_text(content)
    with pytest.raises(WrongLedger, match="kek: expected 32 bytes in hexadecimal"):
        Keys.open(tmp_path / "keys", "ledger.example", 1)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    Keys.create(tmp_path / "keys", "ledger.example", 1)
    with pytest.raises(WrongLedger, match=r"expected log1\.key in the key directory"):
        Keys.open(tmp_path / "keys", "ledger.example", 2)
