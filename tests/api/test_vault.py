"""Key-encryption keys that a key management service seals: who has the files alone has nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from api.vault import Vault
from ledger import Keys, Ledger, Reference, Unavailable, WrongLedger, rewrap
from ledger.key_ring import KeyRing
from ledger.migrate import create_logs
from tests.ledger.facts import fact, used
from tests.vault import TOKEN, Transit

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

NAME = "ledger.example"


@pytest.fixture
def transit() -> Generator[Transit]:
    with Transit() as server:
        yield server


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(TOKEN)
    return path


@pytest.fixture
def vault(transit: Transit, token: Path) -> Vault:
    return Vault(transit.url, "whosaw", token)


def made(folder: Path, vault: Vault) -> Keys:
    return Keys.create(folder, NAME, 1, service=vault)


def test_a_sealed_key_opens_with_the_service_and_without_it_not(tmp_path: Path, vault: Vault) -> None:
    keys = made(tmp_path / "keys", vault)
    secret = keys.ring.key(1)
    assert secret is not None
    assert KeyRing(tmp_path / "keys", NAME, vault).key(1) == secret
    (file,) = (tmp_path / "keys").glob("kek*")
    assert file.name == "kek.sealed"
    assert secret.hex() not in file.read_text()
    with pytest.raises(WrongLedger, match=r"kek\.sealed: expected the address of the key management service"):
        KeyRing(tmp_path / "keys", NAME)


def test_it_opens_for_this_ledger_and_this_version_only(tmp_path: Path, vault: Vault) -> None:
    folder = tmp_path / "keys"
    made(folder, vault)
    with pytest.raises(WrongLedger, match="refuses"):
        KeyRing(folder, "another.example", vault)
    (folder / "kek.sealed").rename(folder / "kek.2.sealed")
    with pytest.raises(WrongLedger, match="refuses"):
        KeyRing(folder, NAME, vault)


@pytest.mark.parametrize("fault", ["away", "sealed", "token", "trimmed", "wide"])
def test_a_service_that_does_not_answer_or_refuses_is_told_apart(
    tmp_path: Path, transit: Transit, token: Path, vault: Vault, fault: str
) -> None:
    made(tmp_path / "keys", vault)
    expected: type[Exception] = WrongLedger
    match fault:
        case "away":
            vault, expected = Vault("http://127.0.0.1:9", "whosaw", token), Unavailable
        case "sealed":
            transit.sealed, expected = True, Unavailable
        case "token":
            token.write_text("another")
        case "trimmed":
            transit.oldest = 2
        case _:
            token.chmod(0o644)
    with pytest.raises(expected) as caught:
        KeyRing(tmp_path / "keys", NAME, vault)
    assert TOKEN not in str(caught.value)


def test_recording_asks_the_service_never_and_goes_on_while_it_is_away(
    tmp_path: Path, database: str, transit: Transit, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.key_ring.LOOK_SECONDS", 0.0)
    create_logs(database, NAME, 1)
    with Ledger(database, made(tmp_path / "keys", vault), durable=False) as ledger:
        transit.asked.clear()
        transit.sealed = True
        ledger.append([fact(ledger, used("e1", "C-1", private={"note": "hidden"}))])
        assert transit.asked == []
        # A version that comes meanwhile can not be opened yet: the one before it wraps.
        transit.sealed = False
        KeyRing(tmp_path / "keys", NAME, vault).add()
        transit.sealed = True
        ledger.append([fact(ledger, used("e2", "C-2", private={"note": "hidden"}))])
        transit.sealed = False
        ledger.append([fact(ledger, used("e3", "C-3", private={"note": "hidden"}))])
        with psycopg.connect(database, autocommit=True) as owner:
            rows = owner.execute(
                "SELECT get_byte(s.wrapped_key, 1) FROM ledger.subject AS s JOIN ledger.entry AS e"
                " ON e.stream = s.subject ORDER BY e.position"
            ).fetchall()
            assert rows == [(1,), (1,), (2,)]
            # From a plain file to the service and on: each version is what it was made as.
            ring = KeyRing(tmp_path / "keys", NAME, vault)
            assert rewrap.destroy_older(owner, ring, print) == [1]
        who = ledger.lookup(Reference("customer", "C-1"))
        assert who is not None
        assert "hidden" in str(ledger.open_envelope(ledger.entries(who)[0], who))


def test_a_ledger_moves_from_a_file_to_the_service(tmp_path: Path, database: str, vault: Vault) -> None:
    create_logs(database, NAME, 1)
    with Ledger(database, Keys.create(tmp_path / "keys", NAME, 1), durable=False) as ledger:
        ledger.append([fact(ledger, used("e1", "C-1", private={"note": "hidden"}))])
    ring = KeyRing(tmp_path / "keys", NAME, vault)
    assert ring.add() == 2
    with psycopg.connect(database, autocommit=True) as owner:
        assert rewrap.destroy_older(owner, ring, print) == [1]
    assert [path.name for path in (tmp_path / "keys").glob("kek*")] == ["kek.2.sealed"]
    with Ledger(database, Keys.open(tmp_path / "keys", NAME, 1, service=vault), durable=False) as ledger:
        who = ledger.lookup(Reference("customer", "C-1"))
        assert who is not None
        assert "hidden" in str(ledger.open_envelope(ledger.entries(who)[0], who))
