"""G6, G7: positions of many writers have no holes and no reuse, in commit order; whoever tails sees each once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ledger import Keys, Ledger, Overloaded, Unavailable
from ledger.migrate import create_logs
from tests.checker import History, check, unbroken
from tests.conftest import NAME
from tests.faults.serving import until
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITERS = 16
SERVERS = 2
KILLS = 10
REQUESTS = 50
BATCH = 25
LOGS = 2
KILL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE '%ledger.%'
      AND query NOT ILIKE '%ORDER BY position LIMIT%'
"""
TAKE_AND_ROLL_BACK = "UPDATE ledger.log SET size = size + 1 WHERE log_id = 0"
NEXT = "SELECT position FROM ledger.entry WHERE log_id = %s AND position > %s ORDER BY position LIMIT 200"
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
# The way everybody numbers events first: a sequence.
BIGSERIAL = "CREATE TABLE sequenced (id bigserial PRIMARY KEY, writer integer)"
BIGSERIAL_INSERT = "INSERT INTO sequenced (writer) VALUES (%s) RETURNING id"
BIGSERIAL_NEXT = "SELECT id FROM sequenced WHERE id > %s ORDER BY id"


@pytest.fixture
def keys(database: str, tmp_path: Path) -> Keys:
    create_logs(database, NAME, LOGS)
    return Keys.create(tmp_path / "keys", NAME, LOGS)


def write(ledger: Ledger, history: History, name: str) -> None:
    """Append as many batches as asked for, each until it is acknowledged."""
    chance = random.Random(name)
    for request in range(REQUESTS):
        events = [used(f"{name}-{request}-{each}", f"C-{chance.randrange(60)}") for each in range(BATCH)]
        operations = [history.invoke(event["source"], event["id"]) for event in events]
        while True:
            with suppress(Unavailable, Overloaded):
                receipts = ledger.append([fact(ledger, event) for event in events])
                break
        for operation, receipt in zip(operations, receipts, strict=True):
            history.acknowledge(operation, receipt)


def tail(read: Callable[[int, int], list[int]], seen: list[tuple[int, int]], stop: Event) -> None:
    """Read what is beyond the last position seen, until told to stop and nothing is left."""
    last = [0] * LOGS
    while True:
        ended, found = stop.wait(0.01), 0
        for log_id in range(LOGS):
            for position in read(log_id, last[log_id]):
                seen.append((log_id, position))
                last[log_id] = position
                found += 1
        if ended and not found:
            return


def disturb(dsn: str, stop: Event, killed: list[int]) -> None:
    """Take positions and give them back, and end sessions in the middle of a group."""
    with psycopg.connect(dsn, autocommit=True) as owner:
        while not stop.wait(0.5) and sum(killed) < KILLS:
            with suppress(psycopg.errors.DeadlockDetected), owner.transaction(force_rollback=True):
                owner.execute(TAKE_AND_ROLL_BACK)
            killed.append(owner.execute(KILL).rowcount)


def test_sixteen_writers_leave_no_hole_and_tailing_readers_see_each_entry_once(database: str, keys: Keys) -> None:
    history, stop = History(), Event()
    history.readings = [[], []]
    killed: list[int] = []
    with ExitStack() as stack:
        ledgers = [stack.enter_context(Ledger(database, keys, durable=False)) for _ in range(SERVERS)]
        reader = stack.enter_context(psycopg.connect(database, autocommit=True))

        def plainly(log_id: int, last: int) -> list[int]:
            return [position for (position,) in reader.execute(NEXT, (log_id, last))]

        def through_the_library(log_id: int, last: int) -> list[int]:
            found = ledgers[0].recorders[log_id].select_notifications(last, 200, inclusive_of_start=False)
            return [each.id for each in found]

        others = [
            Thread(target=tail, args=(plainly, history.readings[0], stop)),
            Thread(target=tail, args=(through_the_library, history.readings[1], stop)),
            Thread(target=disturb, args=(database, stop, killed)),
        ]
        for thread in others:
            thread.start()
        try:
            with ThreadPoolExecutor(WRITERS) as threads:
                sent = [
                    threads.submit(write, ledgers[number % SERVERS], history, f"w{number}") for number in range(WRITERS)
                ]
            for each in sent:
                each.result()
        finally:
            stop.set()
            for thread in others:
                thread.join()
    recorded = WRITERS * REQUESTS * BATCH
    assert check(history, database, [signer.verifier_key for signer in keys.signers]) == recorded == 20_000
    assert [len(seen) for seen in history.readings] == [recorded, recorded]
    assert sum(killed) > 0


def test_readers_stop_before_a_transaction_that_holds_the_next_position(database: str, keys: Keys) -> None:
    """Position 9 is open while 10 to 12 want to commit: nobody may see 10 before 9."""
    history = History()
    seen: list[tuple[int, int]] = []
    history.readings.append(seen)
    alice = [used(f"e{number}", "C-1") for number in range(1, 13)]
    with Ledger(database, keys, durable=False) as slow, Ledger(database, keys, durable=False) as fast:
        first = slow.append([fact(slow, event) for event in alice[:8]])
        log_id = first[0].log_id
        held, release = Event(), Event()
        recorder = slow.recorders[log_id]
        heeding, taken = recorder.lock, recorder.commit

        def held_open(connection: psycopg.Connection[Any], group: Any) -> None:
            # The head is ours from here on; COMMIT comes when the test says so.
            if not held.is_set():
                heeding(connection)
                held.set()
                assert release.wait(60)
            taken(connection, group)

        recorder.commit = held_open  # type: ignore[method-assign]
        ninth = slow.submit([fact(slow, alice[8])])
        assert held.wait(60)
        later = [fast.submit([fact(fast, event)]) for event in alice[9:]]
        with psycopg.connect(database, autocommit=True) as reader:
            until(lambda: reader.execute(BLOCKED).fetchone() != (0,), "somebody waits for the head")
            before = [position for (position,) in reader.execute(NEXT, (log_id, 0))]
            assert before == list(range(1, 9))
            release.set()
            assert ninth.result(60)[0].position == 9
            assert {each.result(60)[0].position for each in later} == {10, 11, 12}
            after = [position for (position,) in reader.execute(NEXT, (log_id, before[-1]))]
    seen += [(log_id, position) for position in before + after]
    assert check(history, database, [signer.verifier_key for signer in keys.signers]) == 0
    assert len(seen) == 12


def test_with_a_sequence_for_positions_a_reader_would_lose_what_commits_late(database: str) -> None:
    """The control of the reader that stops: the same tale on a bigserial."""
    with (
        psycopg.connect(database, autocommit=True) as reader,
        psycopg.connect(database) as slow,
        psycopg.connect(database) as fast,
    ):
        reader.execute(BIGSERIAL)
        for writer in range(8):
            reader.execute(BIGSERIAL_INSERT, (writer,))
        assert slow.execute(BIGSERIAL_INSERT, (9,)).fetchone() == (9,)
        for writer in (10, 11, 12):
            fast.execute(BIGSERIAL_INSERT, (writer,))
        fast.commit()
        seen = [number for (number,) in reader.execute(BIGSERIAL_NEXT, (0,))]
        slow.commit()
        seen += [number for (number,) in reader.execute(BIGSERIAL_NEXT, (seen[-1],))]
        assert reader.execute("SELECT count(*) FROM sequenced").fetchone() == (12,)
    with pytest.raises(AssertionError, match="10 where 9 should be"):
        unbroken(seen, "the reader")


def test_with_a_sequence_for_positions_a_rollback_would_leave_a_hole(database: str) -> None:
    """The control of the numbers themselves: sixteen writers, of whom some roll back."""
    start = Barrier(WRITERS)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(BIGSERIAL)

        def insert(writer: int) -> None:
            with psycopg.connect(database) as connection:
                start.wait(60)
                for number in range(20):
                    connection.execute(BIGSERIAL_INSERT, (writer,))
                    if (writer + number) % 7:
                        connection.commit()
                    else:
                        connection.rollback()

        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(insert, range(WRITERS)))
        found = [number for (number,) in owner.execute(BIGSERIAL_NEXT, (0,))]
    with pytest.raises(AssertionError, match="should be"):
        unbroken(found, "the table")
