"""The measuring itself, at its smallest: that it does what a row says. No figure is judged here."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import orjson
import pytest

from bench import append, load, questions, scene, silence
from bench.__main__ import keep
from bench.event import event
from bench.measure import compare, row, table
from ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _a_server_that_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' server is not durable, which a ledger refuses unless told."""
    monkeypatch.setattr(scene, "Ledger", partial(Ledger, durable=False))


def test_ours_and_the_limit_are_measured_in_turn_after_a_pair_that_does_not_count() -> None:
    calls: list[str] = []
    rates = iter([99.0, 99.0, 10.0, 20.0, 40.0, 30.0, 90.0, 100.0])

    def measure(name: str) -> float:
        calls.append(name)
        return next(rates)

    found = compare("a row", ">= 0.80", lambda: measure("ours"), lambda: measure("limit"), 3)
    assert calls == ["ours", "limit", "ours", "limit", "limit", "ours", "ours", "limit"]
    assert found.ratio == (0.5, 0.75, 0.9)
    assert not found.reached
    assert "short" in table([found])


def test_a_row_that_must_stay_below_is_reached_below() -> None:
    assert row("bytes", "<= 1.75", [(17.0, 10.0)]).reached
    assert not row("bytes", "<= 1.75", [(18.0, 10.0)]).reached


def test_the_load_generator_sends_the_same_events_as_the_measurements_in_process() -> None:
    for number in (0, 7, 14, 123_456):
        sent = load.TEMPLATES[number % load.RECIPIENTS] % (number, number % load.CUSTOMERS)
        assert orjson.loads(sent) == event(number, number % load.CUSTOMERS)


def test_every_fact_of_a_measurement_is_recorded_and_of_the_library_too(server: str, tmp_path: Path) -> None:
    found = append.against_the_library(server, tmp_path, append.GROUP, 1)
    assert found.runs == 1
    assert min(found.ours, found.limit) > 0


def test_the_disk_row_counts_entries_and_all_that_proves_them(server: str, tmp_path: Path) -> None:
    found = append.disk(server, tmp_path, append.GROUP)
    assert found.ours > found.limit > append.GROUP


def test_rows_measured_alone_replace_those_of_their_name_only(tmp_path: Path) -> None:
    results = tmp_path / "out" / "latest.json"
    keep([row("first", ">= 1.00", [(1.0, 1.0)]), row("second", ">= 1.00", [(1.0, 1.0)])], results)
    keep([row("second", ">= 1.00", [(3.0, 1.0)])], results)
    assert [(each["name"], each["ours"]) for each in json.loads(results.read_bytes())] == [
        ("first", 1.0),
        ("second", 3.0),
    ]


def test_an_account_is_timed_on_both_ledgers(server: str, tmp_path: Path) -> None:
    found = questions.account_at_size(server, tmp_path, 20, 40, 3, 1)
    assert min(found.ours, found.limit) > 0


def test_welchs_t_is_that_of_the_textbook() -> None:
    # Sums of squares 10 and 10 over 5 values each: variances 2.5, standard error 1, means 3 and 5.
    assert silence.welch([1, 2, 3, 4, 5], [3, 4, 5, 6, 7]) == pytest.approx(-2.0)


def test_answers_about_both_kinds_of_people_are_timed_and_one_that_takes_longer_would_be_seen(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "PEOPLE", 4)
    every, fastest = silence.sealed_against_strangers(server, tmp_path, 60, 1)
    assert min(every.ours, every.limit, fastest.ours, fastest.limit) > 0
    times = [1 + each / 1000 for each in range(50)]
    assert not silence.row_of("slower", [silence.Measured([each + 0.02 for each in times], times)]).reached
    assert silence.row_of("the same", [silence.Measured(times, times)]).reached
