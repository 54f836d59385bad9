"""The write path while things break beneath it: other writers, killed backends, lost answers, clocks, overload."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ledger import Keys, Ledger, Overloaded, Unavailable
from ledger import prepare as preparing
from ledger import writer as writing
from ledger.ledger import SESSION, in_role
from ledger.migrate import create_logs
from ledger.recorder import ROLE
from tests.checker import History, check
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ledger.group import Group

NAME = "ledger.example/test"


@pytest.fixture
def keys(database: str, tmp_path: Path) -> Keys:
    create_logs(database, NAME, 2)
    return Keys.create(tmp_path / "keys", NAME, 2)


def verifier_keys(keys: Keys) -> list[str]:
    return [signer.verifier_key for signer in keys.signers]


def hammer(ledgers: list[Ledger], history: History, name: str, requests: int) -> None:
    """Send facts as a client with retries does: each to any of the servers, sometimes twice, until it is answered."""
    chance = random.Random(name)
    for request in range(requests):
        events = [
            used(f"{name}-{request}-{number}", f"C-{chance.randrange(40)}") for number in range(chance.randint(1, 12))
        ]
        operations = [history.invoke(event["source"], event["id"]) for event in events]
        answers = 0
        while answers < chance.choice((1, 1, 2)):
            ledger = chance.choice(ledgers)
            try:
                receipts = ledger.append([fact(ledger, event) for event in events])
            except (Unavailable, Overloaded):
                time.sleep(0.05)
                continue
            for operation, receipt in zip(operations, receipts, strict=True):
                history.acknowledge(operation, receipt)
            answers += 1


def tail(dsn: str, logs: int, seen: list[tuple[int, int]], stop: Event) -> None:
    """Read `position > last` until told to stop and nothing is left."""
    last = [0] * logs
    with psycopg.connect(dsn, autocommit=True) as connection:
        while True:
            ended = stop.is_set()
            found = 0
            for log_id in range(logs):
                for (position,) in connection.execute(
                    "SELECT position FROM ledger.entry WHERE log_id = %s AND position > %s ORDER BY position LIMIT 100",
                    (log_id, last[log_id]),
                ):
                    seen.append((log_id, position))
                    last[log_id] = position
                    found += 1
            if ended and not found:
                return


def test_several_servers_write_one_ledger_and_nothing_is_lost_doubled_or_reordered(database: str, keys: Keys) -> None:
    history = History()
    stop, seen = Event(), []
    history.readings.append(seen)
    reader = Thread(target=tail, args=(database, 2, seen, stop))
    reader.start()
    with Ledger(database, keys, durable=False) as one, Ledger(database, keys, durable=False) as two:
        with ThreadPoolExecutor(8) as clients:
            sent = [clients.submit(hammer, [one, two], history, f"client{number}", 25) for number in range(8)]
        for each in sent:
            each.result()
    stop.set()
    reader.join()
    assert check(history, database, verifier_keys(keys)) == len(history.operations)
    assert len(seen) == sum(len({op.key}) for op in history.operations)


def test_killed_backends_lose_double_and_reorder_nothing(database: str, keys: Keys) -> None:
    history = History()
    with Ledger(database, keys, durable=False) as ledger, psycopg.connect(database, autocommit=True) as owner:
        with ThreadPoolExecutor(8) as clients:
            sent = [clients.submit(hammer, [ledger], history, f"client{number}", 25) for number in range(8)]
            for _ in range(12):
                time.sleep(0.15)
                owner.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        for each in sent:
            each.result()
    assert check(history, database, verifier_keys(keys)) == len(history.operations)


def test_a_commit_whose_answer_was_lost_is_not_done_twice(
    database: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: the group is durable, and the connection dies before we hear of it."""
    history = History()
    with Ledger(database, keys, durable=False) as ledger:
        recorder = ledger.recorders[0]
        commit = recorder.commit
        lost: list[int] = []

        def commit_and_lose(connection: psycopg.Connection[Any], group: Group, *more: Any) -> None:
            commit(connection, group, *more)
            if len(lost) < 3:
                lost.append(group.size)
                connection.close()
                raise psycopg.OperationalError("the connection is lost")

        monkeypatch.setattr(recorder, "commit", commit_and_lose)
        hammer([ledger], history, "client", 12)
        assert len(lost) == 3
    assert check(history, database, verifier_keys(keys)) == len(history.operations)


def test_the_append_time_never_goes_back_with_the_clock(
    database: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock: Iterator[timedelta] = iter(
        [timedelta(), timedelta(hours=-1), timedelta(days=366), timedelta(days=-400), timedelta()]
    )

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # noqa: ARG003 - always UTC here
            return datetime.now(UTC) + next(clock, timedelta())

    monkeypatch.setattr(preparing, "datetime", Clock)
    history = History()
    with Ledger(database, keys, durable=False) as ledger:
        hammer([ledger], history, "client", 8)
    check(history, database, verifier_keys(keys))


def test_a_writer_that_hangs_with_the_head_locked_lets_go_after_its_time(database: str, keys: Keys) -> None:
    with Ledger(database, keys, durable=False) as ledger:
        ledger.append([fact(ledger, used("before", "C-1"))])
        hung = psycopg.connect(in_role(database, ROLE, SESSION.replace("5s", "1s")))
        hung.execute("SELECT 1 FROM ledger.log FOR UPDATE")
        waiting = ledger.submit([fact(ledger, used("after", "C-1"))])
        assert waiting.result(timeout=20)[0].sequence == 2
        hung.close()


def test_too_much_waiting_is_refused_and_what_was_taken_is_recorded(
    database: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "WAITING_WEIGHT", 50)
    with Ledger(database, keys, durable=False) as ledger, psycopg.connect(database) as blocker:
        blocker.execute("SELECT 1 FROM ledger.log FOR UPDATE")
        taken, refused = [], 0
        for number in range(200):
            try:
                taken.append(ledger.submit([fact(ledger, used(f"e{number}", "C-1"))]))
            except Overloaded:
                refused += 1
            except Unavailable:
                raise AssertionError from None
            else:
                continue
        assert refused or any(isinstance(each.exception(timeout=30), Overloaded) for each in taken[-1:])
        blocker.rollback()
        recorded = [each.result(timeout=30) for each in taken if each.exception(timeout=30) is None]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM ledger.entry").fetchone() == (len(recorded),)


def test_a_closed_ledger_takes_nothing_and_has_written_what_it_took(
    make_ledger: Callable[..., Ledger],
) -> None:
    ledger = make_ledger(logs=1)
    futures = [ledger.submit([fact(ledger, used(f"e{number}", "C-1"))]) for number in range(50)]
    ledger.close()
    assert [future.result(timeout=0)[0].position for future in futures] == list(range(1, 51))
    with pytest.raises(Unavailable):
        ledger.submit([fact(ledger, used("late", "C-1"))])
