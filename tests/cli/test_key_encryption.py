"""`whosaw keys rotate-kek` and `destroy-kek`, as an operator runs them beside a serving ledger."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from ledger import Keys, Ledger, Reference
from ledger.migrate import create_logs
from projections.install import install
from tests.conftest import NAME
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from pathlib import Path


def keys(dsn: str, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WHOSAW_DATABASE_URL": dsn, "WHOSAW_KEYS_DIR": str(directory), "WHOSAW_NAME": NAME}
    command = [sys.executable, "-m", "api.cli", "keys", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_key_is_exchanged_beside_a_serving_ledger(database: str, tmp_path: Path) -> None:
    create_logs(database, NAME, 1)
    install(database)
    directory = tmp_path / "keys"
    with Ledger(database, Keys.create(directory, NAME, 1), durable=False) as ledger:
        ledger.append([fact(ledger, used("e1", "C-1", private={"note": "hidden"}))])
        refused = keys(database, directory, "destroy-kek")
        assert refused.returncode == 1
        assert "there is one version of the key-encryption key, 1" in refused.stderr
        rotated = keys(database, directory, "rotate-kek")
        assert rotated.returncode == 0, rotated.stderr
        assert rotated.stdout == "2 keys and names are wrapped under version 2\n"
        assert "version 1 still opens older copies" in rotated.stderr
        ledger.append([fact(ledger, used("e2", "C-2", private={"note": "hidden"}))])
        gone = keys(database, directory, "destroy-kek")
        assert gone.returncode == 0, gone.stderr
        assert gone.stdout == "destroyed version 1; version 2 is left\n"
        assert [path.name for path in directory.glob("kek*")] == ["kek.2"]
        for name in ("C-1", "C-2"):
            who = ledger.lookup(Reference("customer", name))
            assert who is not None
            assert "hidden" in str(ledger.open_envelope(ledger.entries(who)[0], who))
