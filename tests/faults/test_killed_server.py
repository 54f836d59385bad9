"""G1, G4: kill -9 of the server under load, with clients that retry: nothing acknowledged is lost, nothing is doubled.

G21 over kills: no answer reached anybody whose question is not on record.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from threading import Event
from typing import TYPE_CHECKING

import orjson
import psycopg
import pytest

from tests.api.conftest import PURPOSE, SOURCE
from tests.checker import History, check
from tests.faults.serving import HASTY, Emitter, Process, key, prepared, until
from tests.ledger.facts import used

if TYPE_CHECKING:
    from pathlib import Path

    from ledger import Keys

CLIENTS = 8
KILLS = 10
ACKNOWLEDGED = 2_000
SENT = 5_000
ANSWERS = 1_000
DROP = "ALTER TABLE ledger.entry DROP CONSTRAINT entry_repeat_key"
TICKETS = (
    "SELECT convert_from(bytes, 'UTF8')::jsonb -> 'data' ->> 'ticket' FROM ledger.entry WHERE type = 'ledger.queried'"
)


def load(emitter: Emitter, name: str, stop: Event) -> None:
    """Emit small batches until told to stop; the last one is still answered."""
    chance, number = random.Random(name), 0
    while not stop.is_set():
        size = chance.randint(1, 5)
        emitter.emit([f"{name}-{number + each}" for each in range(size)])
        number += size


def kill_under_load(server: Process, emitter: Emitter, kills: int, acknowledged: int) -> None:
    """Kill the server whenever another share of the load is acknowledged; start it again at once."""
    stop = Event()
    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(load, emitter, f"client{number}", stop) for number in range(CLIENTS)]
        try:
            for kill in range(1, kills + 1):
                share = kill * acknowledged // (kills + 1)
                until(lambda share=share: emitter.acknowledged >= share, "the clients get on")  # type: ignore[misc]
                time.sleep(random.random() / 50)  # Anywhere within a group.
                server.kill()
                server.start()
            until(lambda: emitter.acknowledged >= acknowledged, "the clients get to the end")
        finally:
            stop.set()
        for client in clients:
            client.result()


def verifiers(keys: Keys) -> list[str]:
    return [signer.verifier_key for signer in keys.signers]


def test_killing_the_server_loses_doubles_and_reorders_nothing(database: str, tmp_path: Path) -> None:
    keys, history = prepared(database, tmp_path), History()
    with Process(database, tmp_path, ["serve"]) as server:
        kill_under_load(server, Emitter(server, database, keys, history), KILLS, ACKNOWLEDGED)
    assert check(history, database, verifiers(keys)) == len(history.operations) >= ACKNOWLEDGED


def test_a_server_that_acknowledges_before_it_commits_is_caught(database: str, tmp_path: Path) -> None:
    keys, history = prepared(database, tmp_path), History()
    with Process(database, tmp_path, ["serve"], HASTY) as server:
        kill_under_load(server, Emitter(server, database, keys, history), 2, 100)
    with pytest.raises(AssertionError, match="acknowledged, but not there"):
        check(history, database, verifiers(keys))


def test_whatever_is_sent_again_at_the_same_time_and_over_kills_is_recorded_once(database: str, tmp_path: Path) -> None:
    keys, history = prepared(database, tmp_path), History()
    chance = random.Random(4)
    with Process(database, tmp_path, ["serve"]) as server, ThreadPoolExecutor(2 * CLIENTS) as threads:
        emitter = Emitter(server, database, keys, history)
        sent = []
        for number in range(SENT // 30):
            ids = [f"e{number}-{each}" for each in range(10)]
            events = [used(each, f"C-{chance.randrange(40)}", source=SOURCE) for each in ids]
            operations = [history.invoke(SOURCE, each) for each in ids]
            # One to five times, three on average, and all at once.
            sent += [threads.submit(emitter.send, events, operations) for _ in range(chance.randint(1, 5))]
        for share in (0.2, 0.5, 0.8):
            until(lambda share=share: emitter.acknowledged >= share * SENT * 0.9, "the clients get on")  # type: ignore[misc]
            server.kill()
            server.start()
        for each in sent:
            each.result()
        headers = key(database) | {"Content-Type": "application/json"}
        conflicting = [used("e0-0", "C-another", source=SOURCE)]
        status, problem = server.request("POST", "/v1/events", orjson.dumps(conflicting), headers)
        assert (status, problem["errors"][0]["code"]) == (409, "event-conflict")
    assert emitter.acknowledged >= SENT * 0.9
    assert check(history, database, verifiers(keys)) == len(history.operations)


def test_without_the_unique_index_repeats_would_be_seen(database: str, tmp_path: Path) -> None:
    keys, history = prepared(database, tmp_path), History()
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(DROP)
    with Process(database, tmp_path, ["serve"]) as server:
        emitter = Emitter(server, database, keys, history)
        with pytest.raises(AssertionError, match="another receipt"):
            emitter.emit(["once"], times=2)
    with pytest.raises(AssertionError, match="recorded more than once"):
        check(history, database, verifiers(keys))


def ask_under_kills(database: str, folder: Path, program: dict[str, str], kills: int, wanted: int) -> set[str]:
    """Ask until enough is answered, over kills; return the tickets of all answers that came."""
    keys, history = prepared(database, folder), History()
    answered: set[str] = set()
    stop = Event()
    with Process(database, folder, ["serve"], follow=True, **program) as server:
        emitter = Emitter(server, database, keys, history)
        emitter.emit(["known"])
        assert history.operations[0].receipt is not None
        path = f"/v1/subjects/{history.operations[0].receipt.stream}/holdings"
        headers = key(database, "officer") | PURPOSE

        def ask(client: int) -> None:
            number = 0
            while not stop.is_set():
                ticket = f"T-{client}-{(number := number + 1)}"
                try:
                    status, _ = server.request("GET", path, None, headers | {"Whosaw-Ticket": ticket})
                except (OSError, HTTPException, ValueError):
                    time.sleep(0.02)
                    continue
                if status == 200:
                    answered.add(ticket)

        with ThreadPoolExecutor(CLIENTS) as threads:
            clients = [threads.submit(ask, number) for number in range(CLIENTS)]
            try:
                for kill in range(1, kills + 1):
                    share = kill * wanted // (kills + 1)
                    until(lambda share=share: len(answered) >= share, "questions are answered")  # type: ignore[misc]
                    server.kill()
                    server.start()
                until(lambda: len(answered) >= wanted, "questions are answered")
            finally:
                stop.set()
            for each in clients:
                each.result()
    return answered


def on_record(database: str) -> set[str]:
    with psycopg.connect(database) as owner:
        return {ticket for (ticket,) in owner.execute(TICKETS)}


def test_no_answer_leaves_without_its_question_on_record(database: str, tmp_path: Path) -> None:
    answered = ask_under_kills(database, tmp_path, {}, 5, ANSWERS)
    assert len(answered) >= ANSWERS
    assert not answered - on_record(database)


def test_answers_that_do_not_wait_for_their_record_are_caught(database: str, tmp_path: Path) -> None:
    answered = ask_under_kills(database, tmp_path, {"program": HASTY}, 2, 60)
    assert answered - on_record(database)
