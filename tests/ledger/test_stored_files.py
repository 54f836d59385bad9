"""What a thief of the database's files finds: tables, indexes and the write-ahead log, so backups and archives too."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import psycopg
import pytest

from ledger import Keys, Ledger, Reference
from ledger.embedded import EmbeddedServer
from ledger.envelope import KeyWrapper
from ledger.forget import Forgetting
from ledger.migrate import create_logs, migrate
from ledger.streams import owner
from ledger.tombstones import Tombstones
from tests.conftest import NAME
from tests.ledger.facts import fact, subject, used
from tests.ledger.test_forget import shred, who

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

NOTE, ALONE, TOGETHER, SEALED = (f"canary-{each}-7731" for each in ("note", "alone", "together", "sealed"))
OPEN = "canary-open-7731"
"""What is no secret, and so is found: that shows that the scan sees."""


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server whose files are the test's own."""
    with EmbeddedServer(tmp_path / "server", durable=False) as server:
        yield server
        server.stop(wipe=True)


def forms(secret: bytes) -> list[bytes]:
    """Every way in which bytes might be written down: as they are, as hexadecimal digits, inside base64."""
    found = [secret, secret.hex().encode(), secret.hex().upper().encode()]
    for shift in range(3):
        # What the bytes around it do not decide.
        encoded = b64encode(bytes(shift) + secret)
        found.append(encoded[4 * (shift > 0) : len(encoded) - 4])
    return found


def found(server: EmbeddedServer, secrets: Iterable[bytes]) -> set[bytes]:
    """Return which of these are in any file of the database."""
    wanted = {form: secret for secret in secrets for form in forms(secret)}
    files = [path.read_bytes() for path in server.cluster.rglob("*") if path.is_file()]
    assert sum(map(len, files)) > 1 << 24, "tables and the write-ahead log"
    return {secret for form, secret in wanted.items() if any(form in each for each in files)}


def test_no_secret_and_no_key_that_opens_one_is_in_any_file_of_the_database(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    dsn = own_server.dsn()
    migrate(dsn)
    create_logs(dsn, NAME, 1)
    keys = Keys.create(tmp_path / "keys", NAME, 1)
    with Ledger(dsn, keys, durable=False) as ledger:
        many = [subject(name, private={"note": NOTE}) for name in (ALONE, TOGETHER)]
        ledger.append([
            fact(ledger, used("e1", ALONE, private={"note": NOTE}, system=OPEN)),
            fact(ledger, used("e2", subjects=many)),
            fact(ledger, used("e3", SEALED, private={"note": NOTE}, visibility="sealed", seal_ref="S-1")),
        ])  # fmt: skip
        gone = who(ledger, ALONE)
        wrapper = KeyWrapper(keys.ring)
        with psycopg.connect(dsn, autocommit=True) as connection:
            rows = connection.execute("SELECT log_id, subject, wrapped_key FROM ledger.subject").fetchall()
            data_keys = [wrapper.unwrap(wrapped, owner(log_id, each.bytes)) for log_id, each, wrapped in rows]
            shred(Forgetting(ledger, Tombstones(tmp_path / "tombstones")), ledger, gone)
            assert ledger.lookup(Reference("customer", ALONE)) is None
            connection.execute("CHECKPOINT")
    assert len(data_keys) >= 4
    keks = list(dict(keys.ring.versions()).values())
    values = [each.encode() for each in (NOTE, ALONE, TOGETHER, SEALED)]
    assert found(own_server, [*values, *data_keys, *keks, keys.lookup, keys.home]) == set()
    assert found(own_server, [OPEN.encode()]) == {OPEN.encode()}


def test_the_scan_sees_a_secret_however_it_is_written() -> None:
    for before in (b"", b"1", b"12", b"123"):
        around = before + NOTE.encode() + b"rest"
        for written in (around, around.hex().encode(), b64encode(around)):
            assert any(form in written for form in forms(NOTE.encode()))
