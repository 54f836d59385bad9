"""`whosaw restore` on a database that was really put back: dumped, somebody forgotten, loaded again."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from ledger import Keys, Ledger, Reference
from ledger.forget import Forgetting
from ledger.migrate import create_logs
from ledger.tombstones import Tombstones
from projections.install import install
from tests.conftest import NAME
from tests.ledger.facts import fact, used
from tests.ledger.test_forget import shred, who

if TYPE_CHECKING:
    from pathlib import Path


def restore(dsn: str, keys: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WHOSAW_DATABASE_URL": dsn, "WHOSAW_KEYS_DIR": str(keys), "WHOSAW_NAME": NAME}
    command = [sys.executable, "-m", "api.cli", "restore"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_nobody_is_resurrected_by_an_old_copy(server: str, database: str, tmp_path: Path) -> None:
    create_logs(database, NAME, 1)
    install(database)
    keys = tmp_path / "keys"
    with Ledger(database, Keys.create(keys, NAME, 1), durable=False) as ledger:
        sealed = used("e2", "C-1", visibility="sealed", seal_ref="S-1")
        ledger.append([fact(ledger, used("e1", "C-1", "C-2")), fact(ledger, sealed), fact(ledger, used("e3", "C-1"))])
        alice = who(ledger, "C-1")
        hidden = ledger.sealed_streams(alice)["S-1"]
    copy = f"test_{uuid4().hex}"
    source = str(conninfo_to_dict(database)["dbname"])
    with psycopg.connect(server, autocommit=True) as connection:
        # A physical copy, as a backup is.
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(copy), Identifier(source)))
    try:
        with Ledger(database, Keys.open(keys, NAME, 1), durable=False) as ledger:
            shred(Forgetting(ledger, Tombstones(keys / "tombstones")), ledger, alice)
        old = make_conninfo(server, dbname=copy)
        done = restore(old, keys)
        assert done.returncode == 0, done.stderr
        assert "1 people on the list; 1 were there" in done.stdout
        with psycopg.connect(old) as connection:
            for table in ("subject", "reference", "member"):
                statement = SQL("SELECT 1 FROM ledger.{} WHERE subject = ANY (%s::uuid[])").format(Identifier(table))
                assert connection.execute(statement, ([alice.id, hidden],)).fetchall() == []
            assert connection.execute("SELECT count(*) FROM ledger.erased_member").fetchall() == [(1,)]
        assert "1 people on the list; 0 were there" in restore(old, keys).stdout
        with Ledger(database, Keys.open(keys, NAME, 1), durable=False) as ledger:
            assert ledger.lookup(Reference("customer", "C-2")) is not None
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(copy)))


def test_the_list_says_when(tmp_path: Path) -> None:
    listed = Tombstones(tmp_path / "tombstones")
    listed.add(0, "0f" * 16, "E-1")
    assert abs(datetime.fromisoformat(listed.all()[0].time) - datetime.now(UTC)).total_seconds() < 60
