# pyright: reportPrivateUsage=false
"""Snapshots out of a real ledger: complete, the same by every way, whole after any crash, linking nobody."""

from __future__ import annotations

import random
from collections import defaultdict
from hashlib import sha256
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ledger import Unavailable, fact_of, snapshot
from ledger.fact import Reference
from ledger.heads import Absent, Present, is_absent, is_present
from ledger.merkle import leaf_hash, root_of
from ledger.own_fact import name_of
from ledger.vocabulary import parse_event
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger import Ledger
    from ledger.snapshot import Snapshot

SCENE = "SELECT position, stream, sequence, bytes FROM ledger.entry WHERE log_id = %s AND position <= %s ORDER BY 1"
MEMBERS = "SELECT subject, position FROM ledger.member WHERE log_id = %s AND position <= %s ORDER BY 2"
PAGES = "SELECT content FROM ledger.heads_page WHERE log_id = %s AND covers = %s AND level = 0 ORDER BY place"


class Crash(Exception):
    """The process ends here."""


def owner(ledger: Ledger) -> psycopg.Connection[Any]:
    """Connect as the tables' owner."""
    with ledger.connection() as connection:
        return psycopg.connect(make_conninfo(connection.info.dsn, options=""), autocommit=True)


def recomputed(connection: psycopg.Connection[Any], log_id: int, covers: int) -> list[bytes]:
    """Return the leaves of a snapshot from raw rows, by the format's words alone."""
    leaves: dict[bytes, bytes] = {}
    for _, stream, sequence, entry in connection.execute(SCENE, (log_id, covers)):
        name = sha256(b"whosaw/stream/v1" + stream.bytes).digest()
        leaves[name] = name + sequence.to_bytes(8) + sha256(b"\0" + entry).digest()
    cohorts: dict[UUID, list[int]] = defaultdict(list)
    for subject, position in connection.execute(MEMBERS, (log_id, covers)):
        cohorts[subject].append(position)
    for subject, positions in cohorts.items():
        name = sha256(b"whosaw/cohorts/v1" + subject.bytes).digest()
        last = bytes(32)
        for position in positions:
            last = sha256(b"whosaw/cohorts/v1" + last + position.to_bytes(8)).digest()
        leaves[name] = name + len(positions).to_bytes(8) + last
    return [leaf for _, leaf in sorted(leaves.items())]


def check(ledger: Ledger, connection: psycopg.Connection[Any], made: Snapshot | None) -> None:
    """A snapshot is what its entries say, byte for byte, and its root is in the log."""
    assert made is not None
    leaves = recomputed(connection, made.log_id, made.covers)
    pages = connection.execute(PAGES, (made.log_id, made.covers)).fetchall()
    assert [page for (page,) in pages] == [b"".join(leaves[at : at + 256]) for at in range(0, len(leaves), 256)]
    assert (made.leaves, made.root) == (len(leaves), root_of([leaf_hash(leaf) for leaf in leaves]))
    entry = ledger.entry(made.log_id, made.entry_position)
    assert entry is not None
    data = entry.json()["data"]
    assert (data["covers"], data["streams"], data["log"]) == (
        made.covers,
        made.leaves,
        ledger.keys.signers[made.log_id].origin,
    )
    assert list(data) == ["actor", "log", "covers", "streams", "root", "previous"]
    kept = connection.execute("SELECT DISTINCT covers FROM ledger.heads_page WHERE log_id = %s", (made.log_id,))
    named = connection.execute("SELECT covers FROM ledger.heads WHERE log_id = %s", (made.log_id,))
    assert sorted(kept) == sorted(named)


def some(ledger: Ledger, chance: random.Random, count: int, customers: int) -> None:
    """Append facts about one, about several, and sealed ones."""
    facts: list[Any] = []
    for _ in range(count):
        whom = [f"C-{chance.randrange(customers)}" for _ in range(chance.choice([1, 1, 1, 2, 5]))]
        visibility = chance.choice(["open", "open", "sealed"])
        facts.append(fact(ledger, used(chance.randbytes(8).hex(), *whom, visibility=visibility)))
    ledger.append(facts)


@pytest.mark.parametrize("seed", range(3))
def test_every_snapshot_is_what_the_entries_say_and_proves_every_stream(ledger: Ledger, seed: int) -> None:
    chance = random.Random(seed)
    with owner(ledger) as connection, ledger.connection() as reader:
        for _ in range(4):
            some(ledger, chance, chance.randrange(1, 300), 200)
            made = snapshot.make(ledger, 0)
            check(ledger, connection, made)
            assert made is not None
            last = connection.execute(
                "SELECT DISTINCT ON (stream) stream, sequence, bytes FROM ledger.entry WHERE position <= %s"
                " ORDER BY stream, sequence DESC",
                (made.covers,),
            ).fetchall()
            for stream, sequence, entry in chance.sample(last, min(30, len(last))):
                head = snapshot.head_of(reader, made, "stream", stream.bytes)
                assert isinstance(head, Present)
                assert (head.number, head.hash) == (sequence, leaf_hash(entry))
                assert is_present(head, made.leaves, made.root)
            for (subject,) in connection.execute("SELECT DISTINCT subject FROM ledger.member LIMIT 20").fetchall():
                head = snapshot.head_of(reader, made, "cohorts", subject.bytes)
                assert isinstance(head, Present)
                assert is_present(head, made.leaves, made.root)
            for _ in range(20):
                head = snapshot.head_of(reader, made, chance.choice(["stream", "cohorts"]), chance.randbytes(16))
                assert isinstance(head, Absent)
                assert is_absent(head, made.leaves, made.root)


def test_nothing_is_made_when_nothing_but_snapshots_was_recorded(ledger: Ledger) -> None:
    assert snapshot.make(ledger, 0) is None
    ledger.append([fact(ledger, used("e1", "C-1"))])
    assert snapshot.make(ledger, 0) is not None
    assert snapshot.make(ledger, 0) is None
    assert ledger.head(0) == 2


def test_the_newest_three_are_kept(ledger: Ledger) -> None:
    made: list[Snapshot] = []
    with owner(ledger) as connection, ledger.connection() as reader:
        for number in range(5):
            ledger.append([fact(ledger, used(f"e{number}", "C-1"))])
            found = snapshot.make(ledger, 0)
            check(ledger, connection, found)
            assert found is not None
            made.append(found)
            entry = ledger.entry(0, found.entry_position)
            assert entry is not None
            assert entry.json()["data"]["previous"] == (made[-2].entry_position if number else None)
        assert connection.execute("SELECT count(*) FROM ledger.heads").fetchone() == (3,)
        assert snapshot.newest(reader, 0, 10**9) == made[4]
        assert snapshot.newest(reader, 0, made[4].entry_position - 1) == made[3]
        assert snapshot.newest(reader, 0, made[2].entry_position - 1) is None
        with pytest.raises(snapshot.NotKept):
            snapshot.head_of(reader, made[0], "stream", bytes(16))


def crashing(patch: pytest.MonkeyPatch, step: str, *, after: bool) -> None:
    real = getattr(snapshot._Build, step)

    def crash(self: Any, *arguments: Any) -> Any:
        if after:
            real(self, *arguments)
        raise Crash

    patch.setattr(snapshot._Build, step, crash)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["_settle", "_changed_streams", "_copy", "_write", "_record", "_register"])
def test_after_a_crash_at_any_step_the_next_build_succeeds(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
) -> None:
    chance = random.Random(1)
    some(ledger, chance, 50, 40)
    with owner(ledger) as connection, ledger.connection() as reader:
        first = snapshot.make(ledger, 0)
        some(ledger, chance, 50, 40)
        with monkeypatch.context() as patch:
            crashing(patch, step, after=after)
            with pytest.raises(Crash):
                snapshot.make(ledger, 0)
        # What was recorded is not lost, and what was not is not there.
        recorded = step == "_register" or (step == "_record" and after)
        assert snapshot.newest(reader, 0, 10**9) == first or (step == "_register" and after)
        second = snapshot.make(ledger, 0)
        assert (second is None) is recorded
        check(ledger, connection, snapshot.newest(reader, 0, 10**9))
        some(ledger, chance, 50, 40)
        third = snapshot.make(ledger, 0)
        check(ledger, connection, third)
        chain = [entry.json()["data"]["previous"] for entry in own_entries(ledger, 0)]
        assert chain == [None, *(entry.position for entry in own_entries(ledger, 0)[:-1])]
        assert len(chain) == 3


def own_entries(ledger: Ledger, log_id: int) -> list[Any]:
    subject = ledger.lookup(name_of(snapshot.TYPE, ledger.keys.signers[log_id].origin))
    assert subject is not None
    assert subject.log_id == log_id
    return ledger.entries(subject)


def test_a_lost_connection_leaves_orphans_that_the_next_build_removes(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    real = snapshot._Build._copy

    def lose(self: Any, covers: int, rows: Any) -> None:
        real(self, covers, rows)
        with owner(ledger) as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", (self._connection.info.backend_pid,))
        self._connection.execute("SELECT 1")

    with owner(ledger) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(snapshot._Build, "_copy", lose)
            with pytest.raises(Unavailable):
                snapshot.make(ledger, 0)
        assert connection.execute("SELECT count(*) FROM ledger.heads_page").fetchone() == (1,)
        ledger.append([fact(ledger, used("e2", "C-2"))])
        check(ledger, connection, snapshot.make(ledger, 0))


def test_pages_that_were_changed_are_not_built_upon(ledger: Ledger) -> None:
    chance = random.Random(2)
    with owner(ledger) as connection:
        for change in (
            "UPDATE ledger.heads_page SET content = overlay(content PLACING '\\xffff' FROM 40) WHERE level = 0",
            "DELETE FROM ledger.heads_page WHERE place = 0 AND level = 0",
            "DELETE FROM ledger.heads_page",
        ):
            some(ledger, chance, 400, 300)
            snapshot.make(ledger, 0)
            connection.execute(change)
            some(ledger, chance, 10, 300)
            made = snapshot.make(ledger, 0)
            assert made is not None
            leaves = recomputed(connection, 0, made.covers)
            assert made.root == root_of([leaf_hash(leaf) for leaf in leaves])


def test_appends_go_on_during_a_build_and_belong_to_the_next(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    some(ledger, chance, 300, 100)
    stop = Event()

    def append() -> None:
        own = random.Random(4)
        while not stop.is_set():
            some(ledger, own, 5, 120)

    monkeypatch.setattr(snapshot, "READ_POSITIONS", 50)
    monkeypatch.setattr(snapshot, "READ_MEMBERS", 20)
    thread = Thread(target=append)
    thread.start()
    try:
        with owner(ledger) as connection:
            made = [snapshot.make(ledger, 0) for _ in range(5)]
            for each in made[-snapshot.KEPT :]:
                check(ledger, connection, each)
    finally:
        stop.set()
        thread.join()
    assert any(each is not None and each.entry_position > each.covers + 1 for each in made)


def test_what_is_appended_once_a_build_has_begun_changes_nothing_of_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    real = snapshot._Build._write

    def late(self: Any, *arguments: Any) -> Any:
        some(ledger, chance, 50, 20)
        return real(self, *arguments)

    monkeypatch.setattr(snapshot._Build, "_write", late)
    some(ledger, chance, 50, 20)
    with owner(ledger) as connection:
        for number in range(3):
            made = snapshot.make(ledger, 0)
            assert made is not None
            assert made.covers == 50 + 51 * number
            check(ledger, connection, made)


def test_each_log_s_snapshots_are_in_that_log_whoever_tries_to_take_their_place(
    make_ledger: Callable[..., Ledger],
) -> None:
    ledger = make_ledger(3)
    facts: list[Any] = []
    for log_id in range(3):
        origin = ledger.keys.signers[log_id].origin
        # An emitter says the same type, and names subjects as the ledger's own references could be named.
        forged = used(f"f{log_id}") | {"type": "ledger.heads"}
        forged["data"] = {
            "actor": {"kind": "service", "id": "x", "role": "whosaw:Service"},
            "log": origin, "covers": 1, "streams": 1, "root": "A" * 43 + "=", "previous": None,
        }  # fmt: skip
        facts.append(fact_of(ledger.hashes, parse_event(orjson.dumps(forged)), "key-x"))
        named = [
            {"reference": {"kind": kind, "value": origin}, "role": "dpv:Customer"}
            for kind in ("ledger", "ledger_heads")
        ]
        facts.append(fact(ledger, used(f"g{log_id}", subjects=named)))
    ledger.append(facts)
    ledger.append([fact(ledger, used(f"e{number}", f"C-{number}")) for number in range(60)])
    with owner(ledger) as connection:
        for turn in range(3):
            for log_id in range(3):
                made = snapshot.make(ledger, log_id)
                check(ledger, connection, made)
                assert made is not None
                assert own_entries(ledger, log_id)[-1].position == made.entry_position
                assert own_entries(ledger, log_id)[-1].json()["source"] == "/whosaw/ledger"
            ledger.append([fact(ledger, used(f"{turn}-{number}", f"C-{number}")) for number in range(60)])


def test_one_process_builds_at_a_time(ledger: Ledger) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    with owner(ledger) as other:
        other.execute(snapshot.LOCK, (0,))
        assert snapshot.make(ledger, 0) is None
        other.execute(snapshot.UNLOCK, (0,))
    assert snapshot.make(ledger, 0) is not None


def test_a_sealed_stream_is_one_more_random_label(ledger: Ledger) -> None:
    """What a person's own answers hold says nothing of her sealed stream, and her leaf is as if there were none."""
    ledger.append([fact(ledger, used("e1", "C-1")), fact(ledger, used("e2", "C-1", visibility="sealed"))])
    ledger.append([fact(ledger, used("e3", "C-1", "C-2", visibility="sealed"))])
    made = snapshot.make(ledger, 0)
    subject = ledger.lookup(Reference("customer", "C-1"))
    assert made is not None
    assert subject is not None
    identity = bytes.fromhex(subject.id)
    with ledger.connection() as reader:
        head = snapshot.head_of(reader, made, "stream", identity)
        cohorts = snapshot.head_of(reader, made, "cohorts", identity)
    assert isinstance(head, Present)
    assert head.number == 1
    assert isinstance(cohorts, Absent)
    with owner(ledger) as connection:
        (found,) = connection.execute(
            "SELECT subject FROM ledger.reference WHERE digest = %s", (UUID(bytes=ledger.hashes.sealed(identity)),)
        )
        hidden: UUID = found[0]
        with ledger.connection() as reader:
            assert isinstance(snapshot.head_of(reader, made, "stream", hidden.bytes), Present)
            assert isinstance(snapshot.head_of(reader, made, "cohorts", hidden.bytes), Present)
        entries = connection.execute("SELECT stream, bytes FROM ledger.entry").fetchall()
    own = [entry for stream, entry in entries if stream == UUID(bytes=identity)]
    assert len(own) == 1
    assert not any(hidden.hex.encode() in entry for entry in own)
