"""Names that stop to lead to somebody, and names that a link finds to be somebody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from ledger import Keys, Ledger, Reference, Subject
from ledger import recorder as recording
from ledger.forget import Forgetting
from ledger.ledger import in_role
from ledger.migrate import create_logs
from ledger.tombstones import Tombstones
from tests.audit.conftest import NAME, Scene
from tests.ledger.facts import fact, subject, used
from tests.ledger.test_forget import shred

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NUMBERS = count()
PHONE = ("phone", "+15145550100")


def naming(act: str, customer: Any, name: tuple[str, str] = PHONE, seal: str | None = None) -> dict[str, Any]:
    event = used(f"{act}-{next(NUMBERS)}")
    whom: dict[str, Any] = subject(customer) if isinstance(customer, str) else customer
    event["type"] = f"subject.identifier_{act}"
    event["data"] = {
        "subjects": [whom],
        "actor": event["data"]["actor"],
        "identifier": {"kind": name[0], "value": name[1]},
        "method": "whosaw:CustomerStated",
        "confidence": "certain",
    } | ({"visibility": "sealed", "seal_ref": seal} if seal is not None else {})
    return event


def by_phone(event_id: str) -> dict[str, Any]:
    return used(event_id, subjects=[subject(PHONE[1], PHONE[0])])


def tell(ledger: Ledger, *events: dict[str, Any]) -> list[str]:
    """Record events together; return their streams."""
    return [each.stream for each in ledger.append([fact(ledger, event) for event in events])]


def found(ledger: Ledger, name: tuple[str, str] = PHONE) -> str | None:
    who = ledger.lookup(Reference(*name))
    return who.id if who is not None else None


def taken(dsn: str) -> list[tuple[str, str]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT subject, holder FROM ledger.taken_name ORDER BY log_id, position").fetchall()
    return [(one.hex, other.hex) for one, other in rows]


@pytest.fixture
def scene(database: str, tmp_path: Path) -> Iterator[Callable[[int], tuple[Ledger, Scene]]]:
    made: list[Ledger] = []

    def make(logs: int) -> tuple[Ledger, Scene]:
        create_logs(database, NAME, logs)
        keys = Keys.create(tmp_path / "keys", NAME, logs)
        made.append(Ledger(database, keys, durable=False))
        return made[0], Scene(database, keys, tmp_path)

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("logs", [1, 3])
def test_a_name_that_was_taken_away_leads_to_nobody_and_then_to_somebody_new(
    scene: Callable[[int], tuple[Ledger, Scene]], logs: int
) -> None:
    ledger, audited = scene(logs)
    (alice,) = tell(ledger, used("e1", "C-1"))
    tell(ledger, naming("linked", "C-1"))
    assert found(ledger) == alice
    assert tell(ledger, by_phone("e2")) == [alice]
    unlinking = naming("unlinked", "C-1")
    assert tell(ledger, unlinking) == [alice]
    assert found(ledger) is None
    assert found(ledger, ("customer", "C-1")) == alice
    assert audited.audit() == []
    (bob,) = tell(ledger, by_phone("e3"))
    assert bob != alice
    assert found(ledger) == bob
    # Sent again, it is a repeat and takes nothing from anybody.
    (repeat,) = ledger.append([fact(ledger, unlinking)])
    assert repeat.repeated
    assert found(ledger) == bob
    # It is not Alice's any more, so it can not be taken from her.
    tell(ledger, naming("unlinked", "C-1"))
    assert found(ledger) == bob
    assert audited.audit() == []


@pytest.mark.parametrize("logs", [1, 3])
def test_whoever_lost_her_last_name_is_found_by_her_id_and_can_be_forgotten(
    scene: Callable[[int], tuple[Ledger, Scene]], tmp_path: Path, logs: int
) -> None:
    ledger, audited = scene(logs)
    (alice,) = tell(ledger, by_phone("e1"))
    by_id = {"id": alice, "role": "dpv:Customer"}
    tell(ledger, naming("unlinked", subject(PHONE[1], PHONE[0])))
    assert found(ledger) is None
    assert ledger.find(alice) is not None
    assert audited.audit() == []
    assert tell(ledger, used("e2", subjects=[by_id])) == [alice]
    # It may be hers again, and not again, as often as she likes.
    tell(ledger, naming("linked", by_id))
    assert found(ledger) == alice
    tell(ledger, naming("unlinked", by_id))
    assert found(ledger) is None
    assert audited.audit() == []
    who = ledger.find(alice)
    assert who is not None
    shred(Forgetting(ledger, Tombstones(tmp_path / "tombstones")), ledger, who)
    assert audited.audit() == []
    assert tell(ledger, used("e3", subjects=[by_id])) != [alice]


def test_in_one_batch_each_fact_sees_what_the_one_before_it_said(ledger: Ledger) -> None:
    one, link, _, new, again, _, last, own = tell(
        ledger, used("e1", "C-1"), naming("linked", "C-1"), naming("unlinked", "C-1"), by_phone("e2"), by_phone("e3"),
        naming("unlinked", subject(PHONE[1], PHONE[0])), by_phone("e4"), naming("linked", "C-2"),
    )  # fmt: skip
    assert one == link
    assert new == again
    assert len({one, new, last, own}) == 4
    assert found(ledger) == last
    # The same over what is there already.
    (_, newer, *_) = tell(ledger, naming("unlinked", subject(PHONE[1], PHONE[0])), by_phone("e5"), by_phone("e6"))
    assert newer not in {one, new, last}
    assert found(ledger) == newer


@pytest.mark.parametrize("logs", [1, 3])
def test_what_another_writer_remembers_of_a_name_does_not_win(database: str, tmp_path: Path, logs: int) -> None:
    create_logs(database, NAME, logs)
    keys = Keys.create(tmp_path / "keys", NAME, logs)
    with Ledger(database, keys, durable=False) as one, Ledger(database, keys, durable=False) as other:
        (alice,) = tell(one, used("e1", "C-1"))
        tell(one, naming("linked", "C-1"))
        others = [f"C-{number}" for number in range(2, 12)]
        for number, each in enumerate(others):
            # Every log's writers, of both processes, have looked the name up.
            tell(one, naming("linked", each))
            tell(other, naming("linked", each), by_phone(f"warm-{number}"))
        tell(one, naming("unlinked", "C-1"))
        streams = tell(other, *(naming("linked", each) for each in others[:1]), by_phone("e2"))
        assert streams[0] == streams[1] != alice
        assert found(one) == found(other) == streams[0]


def test_facts_and_unlinkings_from_all_sides_leave_a_whole_register(
    scene: Callable[[int], tuple[Ledger, Scene]],
) -> None:
    ledger, audited = scene(3)
    with Ledger(audited.dsn, audited.keys, durable=False) as other, ThreadPoolExecutor(4) as pool:

        def turn(number: int) -> None:
            mine = (ledger, other)[number % 2]
            tell(mine, by_phone(f"by-{number}"))
            tell(mine, naming("unlinked", subject(PHONE[1], PHONE[0])))
            tell(mine, naming("linked", f"C-{number}"))

        list(pool.map(turn, range(24)))
    assert audited.audit() == []


def test_a_crash_before_the_commit_takes_nothing_away(
    ledger: Ledger, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alice,) = tell(ledger, used("e1", "C-1"))
    tell(ledger, naming("linked", "C-1"))
    rename = recording.rename

    def stopped(*arguments: Any) -> None:
        rename(*arguments)
        raise RuntimeError

    monkeypatch.setattr(recording, "rename", stopped)
    unlinking = naming("unlinked", "C-1")
    with pytest.raises(RuntimeError):
        tell(ledger, unlinking)
    assert found(ledger) == alice
    assert ledger.head(0) == 2
    monkeypatch.undo()
    tell(ledger, unlinking)
    assert found(ledger) is None


def test_the_database_takes_no_name_away_without_an_entry_that_says_so(ledger: Ledger, database: str) -> None:
    (alice,) = tell(ledger, used("e1", "C-1"))
    tell(ledger, naming("linked", "C-1"), naming("unlinked", "C-1", ("email", "none of hers")))
    position = ledger.head(0)
    with psycopg.connect(in_role(database, "whosaw_api")) as connection:
        name = connection.execute("SELECT digest FROM ledger.reference LIMIT 1").fetchone()
        assert name is not None
        for at in (1, position):
            with pytest.raises(InsufficientPrivilege), connection.transaction():
                connection.execute("SELECT ledger.unlink(0::smallint, %s, 0::smallint, %s)", (at, name[0]))
    assert found(ledger) == alice


def test_under_a_seal_no_name_is_taken_away(ledger: Ledger) -> None:
    (alice,) = tell(ledger, used("e1", "C-1"))
    tell(ledger, naming("linked", "C-1"))
    assert tell(ledger, naming("unlinked", "C-1", seal="S-1")) != [alice]
    assert found(ledger) == alice


def test_what_the_ledger_keeps_its_own_facts_under_is_never_taken_away(ledger: Ledger) -> None:
    keeping = ("ledger", "request for nobody")
    (kept,) = tell(ledger, used("e1", subjects=[subject(keeping[1], keeping[0])]))
    tell(ledger, naming("unlinked", subject(keeping[1], keeping[0]), keeping))
    assert found(ledger, keeping) == kept


@pytest.mark.parametrize("logs", [1, 3])
def test_a_link_of_somebody_elses_name_changes_nothing_and_is_known(
    make_ledger: Callable[..., Ledger], tmp_path: Path, logs: int
) -> None:
    ledger = make_ledger(logs=logs)
    dsn = ledger._dsn  # pyright: ignore[reportPrivateUsage] - the fixture makes a database for each
    alice, bob = tell(ledger, used("e1", "C-1"), by_phone("e2"))
    link = naming("linked", "C-1")
    assert tell(ledger, link) == [alice]
    assert found(ledger) == bob
    assert taken(dsn) == [(alice, bob)]
    ledger.append([fact(ledger, link)])
    assert taken(dsn) == [(alice, bob)], "a repeat says it once"
    tell(ledger, naming("linked", "C-1", ("email", "a@example.com")), naming("linked", "C-1", ("customer", "C-1")))
    tell(ledger, naming("linked", "C-1", seal="S-1"))
    assert taken(dsn) == [(alice, bob)], "what is free, hers, or behind a seal is none"
    who = ledger.find(bob)
    assert isinstance(who, Subject)
    shred(Forgetting(ledger, Tombstones(tmp_path / "tombstones")), ledger, who)
    assert taken(dsn) == []
