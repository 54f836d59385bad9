"""`whosaw restore` on a database that was really put back: dumped, somebody forgotten, loaded again."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from ledger import Keys, Ledger, Reference
from ledger.forget import Forgetting
from ledger.migrate import create_logs
from ledger.tombstones import Tombstones
from projections import PROJECTIONS, identity
from projections.follow import Follower
from projections.install import install
from projections.pins import Pins
from projections.rebuild import rebuild
from tests.conftest import NAME
from tests.histories.world import copied, rows_under
from tests.ledger.facts import fact, used
from tests.ledger.test_forget import about, heads, revoke, shred, who

if TYPE_CHECKING:
    from pathlib import Path


USE = ("categories", "purposes", "basis", "automated")


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
        hidden = ledger.sealed_streams(alice)[0].stream
    with copied(server, str(conninfo_to_dict(database)["dbname"])) as old:
        with Ledger(database, Keys.open(keys, NAME, 1), durable=False) as ledger:
            shred(Forgetting(ledger, Tombstones(keys / "tombstones")), ledger, alice)
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


def test_a_copy_from_the_days_of_grace_brings_nobody_back_who_was_forgotten_at_once_after_all(
    server: str, database: str, tmp_path: Path
) -> None:
    create_logs(database, NAME, 1)
    install(database)
    keys = tmp_path / "keys"
    with Ledger(database, Keys.create(keys, NAME, 1), durable=False) as ledger:
        forgetting = Forgetting(ledger, Tombstones(keys / "tombstones"))
        ledger.append([fact(ledger, used("e1", "C-1"))])
        alice = who(ledger, "C-1")
        revoke(forgetting, ledger, alice, datetime.now(UTC) + timedelta(days=30))
    with copied(server, str(conninfo_to_dict(database)["dbname"])) as old:
        with Ledger(database, Keys.open(keys, NAME, 1), durable=False) as ledger:
            forgetting = Forgetting(ledger, Tombstones(keys / "tombstones"))
            forgetting.restore(alice, about(ledger, "subject.restored", alice))
            shred(forgetting, ledger, alice)
        assert left(old, [alice.id], "ledger")
        assert "1 people on the list; 1 were there" in restore(old, keys).stdout
        assert left(old, [alice.id], "ledger") == []


def test_somebody_merged_and_what_was_sealed_or_opened_go_with_her_and_a_rebuild_brings_nothing_back(
    server: str, database: str, tmp_path: Path
) -> None:
    create_logs(database, NAME, 1)
    install(database)
    keys = tmp_path / "keys"
    with Ledger(database, Keys.create(keys, NAME, 1), durable=False) as ledger:
        forgetting = Forgetting(ledger, Tombstones(keys / "tombstones"))
        sealed = [used(f"s{each}", "C-1", visibility="sealed", seal_ref=f"S-{each}") for each in (1, 2)]
        merge = used("m1", "C-1", "C-2", method="whosaw:StaffMatch", confidence="certain")
        for each in (used("e1", "C-1"), *sealed, used("e2", "C-2"), typed(merge, "subject.merged")):
            ledger.append([fact(ledger, each)])
        alice, bob = who(ledger, "C-1"), who(ledger, "C-2")
        hidden = {each.seal: each.stream for each in ledger.sealed_streams(alice)}
        ended = used("o1", subjects=[{"id": alice.id, "role": "dpv:DataSubject"}], stream=hidden["S-1"])
        forgetting.open_sealed(alice, hidden["S-1"], fact(ledger, typed(ended, "seal.ended")), heads(ledger))
        fold(database, ledger.head(0))
    gone = [alice.id, *hidden.values()]
    source = str(conninfo_to_dict(database)["dbname"])
    with copied(server, source) as old:
        assert left(old, gone)
        with Ledger(database, Keys.open(keys, NAME, 1), durable=False) as ledger:
            shred(Forgetting(ledger, Tombstones(keys / "tombstones")), ledger, alice)
            fold(database, ledger.head(0))
        assert left(database, [alice.id, hidden["S-1"]]) == left(database, gone, "ledger") == []
        assert restore(old, keys).returncode == 0
        for _ in range(2):
            assert left(old, [alice.id, hidden["S-1"]]) == left(old, gone, "ledger") == []
            assert "projections.look" in left(old, [bob.id])
            for each in PROJECTIONS:
                rebuild(old, each)
        with psycopg.connect(old) as connection:
            assert identity.aliases(connection, bob, Pins(bob.log_id, 6)).names == [bob]


def typed(event: dict[str, Any], type_: str) -> dict[str, Any]:
    plain = {name: each for name, each in event["data"].items() if name not in USE}
    return event | {"type": type_, "data": plain}


def left(dsn: str, streams: list[str], schema: str = "") -> list[str]:
    with psycopg.connect(dsn) as connection:
        return [table for table in rows_under(connection, streams) if table.startswith(schema)]


def fold(dsn: str, position: int) -> None:
    with Follower(dsn) as follower:
        assert follower.wait(0, position, 60)


def test_the_list_says_when(tmp_path: Path) -> None:
    listed = Tombstones(tmp_path / "tombstones")
    listed.add(0, "0f" * 16, "E-1")
    assert abs(datetime.fromisoformat(listed.all()[0].time) - datetime.now(UTC)).total_seconds() < 60
