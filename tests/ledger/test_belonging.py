"""Keys and database of two ledgers are told apart before anything is written."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ledger import Keys, Ledger, WrongLedger
from ledger.migrate import create_logs
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from pathlib import Path

NAME = "ledger.example/belonging"


def test_a_ledger_opens_again_with_its_own_keys(database: str, tmp_path: Path) -> None:
    create_logs(database, NAME, 2)
    keys = Keys.create(tmp_path / "keys", NAME, 2)
    for number in range(2):
        with Ledger(database, keys, durable=False) as ledger:
            ledger.append(
                [fact(ledger, used(f"e{number}", "C-1")), fact(ledger, used(f"s{number}", "C-1", visibility="sealed"))]
            )


@pytest.mark.parametrize("file", ["kek", "lookup.key", "log0.key"])
def test_one_key_of_another_ledger_is_named_and_nothing_is_written(database: str, tmp_path: Path, file: str) -> None:
    create_logs(database, NAME, 1)
    with Ledger(database, Keys.create(tmp_path / "keys", NAME, 1), durable=False) as ledger:
        ledger.append([fact(ledger, used("e1", "C-1"))])
    Keys.create(tmp_path / "other", NAME, 1)
    shutil.copy(tmp_path / "other" / file, tmp_path / "keys" / file)
    with pytest.raises(WrongLedger, match=file):
        Ledger(database, Keys.open(tmp_path / "keys", NAME, 1), durable=False)


def test_another_number_of_logs_is_refused(database: str, tmp_path: Path) -> None:
    create_logs(database, NAME, 1)
    with pytest.raises(WrongLedger, match="expected 2 logs"):
        Ledger(database, Keys.create(tmp_path / "keys", NAME, 2), durable=False)


def test_a_database_without_logs_is_refused(database: str, tmp_path: Path) -> None:
    with pytest.raises(WrongLedger, match="found 0"):
        Ledger(database, Keys.create(tmp_path / "keys", NAME, 1), durable=False)
