"""Forgetting: what stops, what is gone, what remains, and what the database itself refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from ledger import Held, Ledger, Reference, Subject
from ledger.entry import member_leaf
from ledger.forget import Forgetting, destroy_again, resurrected
from ledger.merkle import root_of
from ledger.tombstones import Tombstones
from tests.ledger.facts import fact, subject, used

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger import Receipt

PAST = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = count()
DATA: dict[str, Any] = {
    "mode": "dpv:Erase", "reason": "whosaw:CustomerAsked", "entries": 1, "references": 1, "memberships": 0,
}  # fmt: skip


@pytest.fixture
def forgetting(ledger: Ledger, tmp_path: Path) -> Forgetting:
    return Forgetting(ledger, Tombstones(tmp_path / "tombstones"))


def who(ledger: Ledger, customer: str) -> Subject:
    found = ledger.lookup(Reference("customer", customer))
    assert found is not None
    return found


def about(ledger: Ledger, type_: str, person: Subject, **data: Any) -> Any:
    event = {
        "source": "/services/privacy", "id": f"e-{next(NUMBERS)}", "type": type_, "specversion": "1.0",
        "time": "2026-11-01T10:00:00-05:00",
        "data": {
            "actor": {"kind": "service", "id": "privacy", "role": "whosaw:Service"},
            "subjects": [{"id": person.id, "role": "dpv:DataSubject"}], "receipt_id": "E-1",
            "reason": "whosaw:CustomerAsked",
        } | data,
    }  # fmt: skip
    return fact(ledger, event)


def revoke(forgetting: Forgetting, ledger: Ledger, person: Subject, until: datetime = PAST) -> Receipt:
    revoked = about(ledger, "subject.revoked", person, until=until.isoformat())
    return forgetting.revoke(person, revoked, until, "E-1")


def shred(forgetting: Forgetting, ledger: Ledger, person: Subject) -> Receipt:
    revoke(forgetting, ledger, person)
    return forgetting.shred(person, DATA, "E-1", heads(ledger))


def heads(ledger: Ledger) -> dict[int, int]:
    return {log.log_id: log.size for log in ledger.logs()}


def rows(dsn: str, statement: str, *parameters: Any) -> list[Any]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(statement, parameters).fetchall()  # type: ignore[arg-type]


def member_leaves(dsn: str) -> list[bytes]:
    statement = "SELECT salt, subject, role, envelope FROM ledger.member WHERE position = 1 ORDER BY ordinal"
    return [member_leaf(salt, name.bytes, role.encode(), env or b"") for salt, name, role, env in rows(dsn, statement)]


def test_a_revoked_person_is_nobody_to_questions_and_herself_to_recording(
    ledger: Ledger, forgetting: Forgetting
) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    alice = who(ledger, "C-1")
    receipt = revoke(forgetting, ledger, alice)
    assert (receipt.stream, receipt.sequence) == (alice.id, 2)
    assert ledger.lookup(Reference("customer", "C-1")) is None
    assert ledger.find(alice.id) is None
    assert ledger.find_revoked(alice.id) == alice
    by_name, by_id = ledger.append(
        [fact(ledger, used("e2", "C-1")), fact(ledger, used("e3", subjects=[{"id": alice.id, "role": "dpv:Customer"}]))]
    )
    assert (by_name.stream, by_id.stream) == (alice.id, alice.id)


def test_revoking_can_be_taken_back_and_not_done_twice(ledger: Ledger, forgetting: Forgetting) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    alice = who(ledger, "C-1")
    revoke(forgetting, ledger, alice, datetime.now(UTC) + timedelta(days=30))
    with pytest.raises(Held):
        revoke(forgetting, ledger, alice, PAST)
    assert forgetting.due() == []
    with pytest.raises(Held):
        forgetting.shred(alice, DATA, "E-1", heads(ledger))
    forgetting.restore(alice, about(ledger, "subject.restored", alice))
    assert who(ledger, "C-1") == alice
    with pytest.raises(Held):
        forgetting.restore(alice, about(ledger, "subject.restored", alice, reason="whosaw:Withdrawn"))


def test_what_leads_to_her_is_gone_and_the_entries_are_as_they_were(
    ledger: Ledger, database: str, forgetting: Forgetting
) -> None:
    ledger.append([
        fact(ledger, used("e1", "C-1", private={"note": "asked by telephone"})),
        fact(ledger, used("e2", "C-1", visibility="sealed", seal_ref="S-1")),
        fact(ledger, used("e3", "C-1", visibility="sealed", seal_ref="S-2")),
        fact(ledger, used("e4", "C-2")),
        fact(ledger, used("e5", "C-1", "C-2")),
    ])  # fmt: skip
    alice, bob = who(ledger, "C-1"), who(ledger, "C-2")
    sealed = {each.seal: each.stream for each in ledger.sealed_streams(alice)}
    assert set(sealed) == {"S-1", "S-2"}
    before = rows(database, "SELECT position, bytes FROM ledger.entry WHERE position <= 5 ORDER BY position")
    receipt = shred(forgetting, ledger, alice)
    entry = ledger.entry(0, receipt.position)
    assert entry is not None
    assert entry.type == "key.destroyed"
    assert entry.json()["data"]["streams"] == [alice.id]
    assert not any(stream.encode() in entry.bytes for stream in sealed.values())
    assert rows(database, "SELECT position, bytes FROM ledger.entry WHERE position <= 5 ORDER BY position") == before
    hers = [UUID(hex=each) for each in (alice.id, *sealed.values())]
    for table in ("subject", "reference", "member", "revoked"):
        assert rows(database, f"SELECT 1 FROM ledger.{table} WHERE subject = ANY (%s)", hers) == []
    assert who(ledger, "C-2") == bob
    assert ledger.find_revoked(alice.id) is None
    assert ledger.lookup(Reference("customer", "C-1")) is None
    first = ledger.entry(0, 1)
    assert first is not None
    assert ledger.open_envelope(first, alice) is None
    assert [each.stream for each in forgetting.tombstones.all()] == [alice.id]


def test_the_other_members_of_her_cohorts_are_proved_as_before(
    ledger: Ledger, database: str, forgetting: Forgetting
) -> None:
    private = [subject("C-1", private={"note": "é" * 40}), subject("C-2"), subject("C-3")]
    ledger.append([fact(ledger, used("e1", subjects=private)), fact(ledger, used("e2", "C-1"))])
    leaves = member_leaves(database)
    shred(forgetting, ledger, who(ledger, "C-1"))
    assert rows(database, "SELECT ordinal, leaf FROM ledger.erased_member") == [(0, leaves[0])]
    left = member_leaves(database)
    entry = ledger.entry(0, 1)
    assert entry is not None
    assert left == leaves[1:]
    assert root_of([leaves[0], *left]) == root_of(leaves)


def test_the_same_reference_and_her_old_id_open_somebody_new(ledger: Ledger, forgetting: Forgetting) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    alice = who(ledger, "C-1")
    shred(forgetting, ledger, alice)
    by_name, by_id = ledger.append(
        [fact(ledger, used("e2", "C-1")), fact(ledger, used("e3", subjects=[{"id": alice.id, "role": "dpv:Customer"}]))]
    )
    assert len({alice.id, by_name.stream, by_id.stream}) == 3
    assert who(ledger, "C-1").id == by_name.stream


@pytest.mark.parametrize("late", ["hold.placed", "data.used"])
def test_what_was_recorded_since_the_decision_stops_it(ledger: Ledger, forgetting: Forgetting, late: str) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    alice = who(ledger, "C-1")
    revoke(forgetting, ledger, alice)
    seen = heads(ledger)
    hold: dict[str, Any] = {
        "hold_id": "H-1",
        "reason": "whosaw:Litigation",
        "scope": {},
        "starts": "2026-01-01T00:00:00Z",
    }
    used_ = {"categories": ["pd:Name"], "purposes": ["dpv:PaymentManagement"], "basis": None, "automated": False}
    event: dict[str, Any] = hold if late == "hold.placed" else used_
    ledger.append([fact(ledger, {**used("e2", "C-1"), "type": late, "data": {
        "actor": {"kind": "service", "id": "legal", "role": "whosaw:Service"}, "subjects": [subject("C-1")],
    } | event})])  # fmt: skip
    with pytest.raises(Held):
        forgetting.shred(alice, DATA, "E-1", seen)
    assert ledger.find_revoked(alice.id) == alice
    assert forgetting.tombstones.all() == []
    forgetting.shred(alice, DATA, "E-1", heads(ledger))
    assert ledger.find_revoked(alice.id) is None


def test_a_sealed_stream_that_is_begun_while_she_is_destroyed_stops_it_and_goes_with_her(
    ledger: Ledger, database: str, forgetting: Forgetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.append(
        [fact(ledger, used("e1", "C-1")), fact(ledger, used("e2", "C-1", visibility="sealed", seal_ref="S-1"))]
    )
    alice = who(ledger, "C-1")
    revoke(forgetting, ledger, alice)
    seen = heads(ledger)
    listed = ledger.sealed_streams(alice)

    def too_early(_: Subject) -> Any:
        monkeypatch.undo()
        ledger.append([fact(ledger, used("e3", "C-1", visibility="sealed", seal_ref="S-2"))])
        return listed

    monkeypatch.setattr(ledger, "sealed_streams", too_early)
    with pytest.raises(Held):
        forgetting.shred(alice, DATA, "E-1", seen)
    hers = [UUID(hex=each) for each in (alice.id, *(each.stream for each in ledger.sealed_streams(alice)))]
    assert len(hers) == 3
    forgetting.shred(alice, DATA, "E-1", seen)
    for table in ("subject", "reference"):
        assert rows(database, f"SELECT 1 FROM ledger.{table} WHERE subject = ANY (%s)", hers) == []


def test_the_database_refuses_to_delete_anybody_without_the_entry_that_says_so(
    ledger: Ledger, database: str, forgetting: Forgetting
) -> None:
    ledger.append([fact(ledger, used("e1", "C-1")), fact(ledger, used("e2", "C-2"))])
    alice, bob = who(ledger, "C-1"), who(ledger, "C-2")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET ROLE whosaw_api")
        for statement in (
            "SELECT ledger.shred(0::smallint, %s, '{}')",
            "SELECT ledger.destroy(0::smallint, %s, '{}', 1)",
            "DELETE FROM ledger.subject WHERE subject = %s",
            "DELETE FROM ledger.reference WHERE subject = %s",
            "DELETE FROM ledger.member WHERE subject = %s",
            "DELETE FROM ledger.erased WHERE stream = %s",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement, (UUID(hex=alice.id),))
        shred(forgetting, ledger, bob)
        # The newest entry speaks of somebody else.
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT ledger.shred(0::smallint, %s, '{}')", (UUID(hex=alice.id),))
    assert who(ledger, "C-1") == alice


def test_if_she_can_not_be_listed_nothing_is_done(ledger: Ledger, tmp_path: Path) -> None:
    forgetting = Forgetting(ledger, Tombstones(tmp_path / "nowhere" / "tombstones"))
    ledger.append([fact(ledger, used("e1", "C-1"))])
    alice = who(ledger, "C-1")
    with pytest.raises(Exception, match="No such file"):
        shred(forgetting, ledger, alice)
    assert ledger.find_revoked(alice.id) == alice
    (receipt,) = ledger.append([fact(ledger, used("e2", "C-1"))])
    assert receipt.stream == alice.id


def test_an_ended_seals_stream_is_opened_once_and_goes_with_her(
    ledger: Ledger, database: str, forgetting: Forgetting
) -> None:
    ledger.append(
        [fact(ledger, used("e1", "C-1")), fact(ledger, used("e2", "C-1", visibility="sealed", seal_ref="S-1"))]
    )
    alice = who(ledger, "C-1")
    stream = ledger.sealed_streams(alice)[0].stream
    event: dict[str, Any] = {**used("e3", subjects=[{"id": alice.id, "role": "dpv:DataSubject"}]), "type": "seal.ended"}
    event["data"] = {"actor": event["data"]["actor"], "subjects": event["data"]["subjects"], "stream": stream}
    receipt = forgetting.open_sealed(alice, stream, fact(ledger, event), heads(ledger))
    assert rows(database, "SELECT stream, subject, position FROM ledger.opened") == [
        (UUID(hex=stream), UUID(hex=alice.id), receipt.position)
    ]
    with pytest.raises(Held):
        forgetting.open_sealed(alice, stream, fact(ledger, {**event, "id": "e4"}), heads(ledger))
    gone = shred(forgetting, ledger, alice)
    assert rows(database, "SELECT 1 FROM ledger.opened") == []
    # It is told of as hers, so its derived rows go with hers; what is still sealed is not named.
    entry = ledger.entry(0, gone.position)
    assert entry is not None
    assert entry.json()["data"]["streams"] == [alice.id, stream]


def test_somebody_put_back_by_a_backup_is_found_and_forgotten_again(
    ledger: Ledger, database: str, forgetting: Forgetting
) -> None:
    ledger.append([fact(ledger, used("e1", "C-1")), fact(ledger, used("e2", "C-1", "C-2"))])
    alice = who(ledger, "C-1")
    tables = ("subject", "reference", "member")
    backup = {table: rows(database, f"SELECT * FROM ledger.{table}") for table in tables}
    shred(forgetting, ledger, alice)
    with psycopg.connect(database, autocommit=True) as owner:
        assert resurrected(owner, forgetting.tombstones.all()) == []
        owner.execute("TRUNCATE ledger.erased, ledger.erased_member")
        for table in tables:
            owner.execute(f"TRUNCATE ledger.{table}")  # type: ignore[arg-type]
            marks = ", ".join(["%s"] * len(backup[table][0]))
            owner.cursor().executemany(f"INSERT INTO ledger.{table} VALUES ({marks})", backup[table])  # type: ignore[arg-type]
        assert who(ledger, "C-1") == alice
        [tombstone] = resurrected(owner, forgetting.tombstones.all())
        destroy_again(owner, tombstone, [])
        assert resurrected(owner, forgetting.tombstones.all()) == []
    assert ledger.lookup(Reference("customer", "C-1")) is None
    assert who(ledger, "C-2") is not None


def test_what_was_begun_can_not_be_taken_back_and_a_copy_from_the_days_of_grace_does_not_change_that(
    ledger: Ledger, forgetting: Forgetting
) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    alice = who(ledger, "C-1")
    revoke(forgetting, ledger, alice)
    # As a crash before the commit leaves it; and a backup that was made while she was revoked.
    forgetting.tombstones.add(alice.log_id, alice.id, "E-1")
    with pytest.raises(Held):
        forgetting.restore(alice, about(ledger, "subject.restored", alice))
    assert ledger.find(alice.id) is None
    forgetting.shred(alice, DATA, "E-1", heads(ledger))
    assert ledger.find_revoked(alice.id) is None


def test_several_logs(make_ledger: Callable[..., Ledger], tmp_path: Path) -> None:
    ledger = make_ledger(logs=3)
    forgetting = Forgetting(ledger, Tombstones(tmp_path / "tombstones"))
    customers = [f"C-{number}" for number in range(12)]
    ledger.append([fact(ledger, used(f"e{customer}", customer)) for customer in customers])
    ledger.append([fact(ledger, used("all", *customers))])
    for customer in customers[::2]:
        person = who(ledger, customer)
        receipt = shred(forgetting, ledger, person)
        assert receipt.log_id == person.log_id
    for number, customer in enumerate(customers):
        assert (ledger.lookup(Reference("customer", customer)) is None) is (number % 2 == 0)
    receipts = ledger.append([fact(ledger, used(f"late{customer}", customer)) for customer in customers])
    assert all((receipt.sequence == 1) is (number % 2 == 0) for number, receipt in enumerate(receipts))


def test_a_torn_line_of_the_list_is_passed_over_and_the_next_one_is_whole(tmp_path: Path) -> None:
    listed = Tombstones(tmp_path / "tombstones")
    assert listed.all() == []
    listed.add(0, "0f" * 16, "E-1")
    whole = listed.path.read_bytes()
    listed.path.write_bytes(whole + whole[: len(whole) // 2])
    listed.add(1, "1f" * 16, "E-2")
    listed.add(1, "1f" * 16, "E-2")
    assert [(each.log_id, each.receipt) for each in listed.all()] == [(0, "E-1"), (1, "E-2")]
    assert listed.path.stat().st_mode & 0o777 == 0o600


def test_somebody_who_is_listed_is_there_also_in_the_days_of_grace_of_an_older_decision(
    ledger: Ledger, database: str, forgetting: Forgetting
) -> None:
    ledger.append([fact(ledger, used("e1", "C-1")), fact(ledger, used("e2", "C-2")), fact(ledger, used("e3", "C-3"))])
    older, waits, begun = (who(ledger, each) for each in ("C-1", "C-2", "C-3"))
    soon = datetime.now(UTC) + timedelta(days=30)
    for each, until in ((older, PAST), (waits, soon), (begun, PAST)):
        revoke(forgetting, ledger, each, until)
    forgetting.tombstones.add(0, older.id, "E-2")
    forgetting.tombstones.add(0, waits.id, "E-1")
    # As a crash between the list and the commit leaves it.
    forgetting.tombstones.add(0, begun.id, "E-1")
    listed = forgetting.tombstones.all()
    with psycopg.connect(database, autocommit=True) as owner:
        assert [each.stream for each in resurrected(owner, listed, begun=True)] == [older.id, waits.id]
        assert [each.stream for each in resurrected(owner, listed)] == [older.id, waits.id, begun.id]
        for each in listed:
            destroy_again(owner, each, [])
        assert resurrected(owner, listed) == []
    streams = {
        each.stream for each in ledger.append([fact(ledger, used(f"n{each}", f"C-{each}")) for each in (1, 2, 3)])
    }
    assert not streams & {older.id, waits.id, begun.id}
