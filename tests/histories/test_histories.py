"""Random histories against the model; and faults planted to show that they would be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from api import forgetting
from ledger import forget
from projections import corrections, resolution
from tests.histories.machine import Histories
from tests.histories.world import Origin, origin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HISTORIES = settings(
    stateful_step_count=30, deadline=None, database=None, report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
)  # fmt: skip
"""Not made smaller when one fails: each is a database of its own."""


@pytest.fixture
def start(new_database: Callable[[], str], server: str, tmp_path: Path) -> Callable[[int], Origin]:
    """Makes empty ledgers to be copied, of so many logs."""
    return lambda logs: origin(new_database(), server, tmp_path, logs)


def machine(start: Origin, folder: Path) -> type[Histories]:
    return type("Machine", (Histories,), {"start": start, "folder": folder})


@pytest.mark.parametrize(("logs", "histories"), [(1, 6), (3, 3)])
def test_whatever_happens_in_whatever_order_is_what_the_rules_say(
    start: Callable[[int], Origin], tmp_path: Path, logs: int, histories: int
) -> None:
    run_state_machine_as_test(machine(start(logs), tmp_path), settings=settings(HISTORIES, max_examples=histories))


def holds_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forgetting, "held_by", lambda *_, **__: [])


def what_was_voided_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(corrections, "hidden", lambda *_: frozenset())


def who_is_to_be_forgotten_is_told_of_under_another_name(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resolution, "REVOKED", resolution.REVOKED + " WHERE false")


def nothing_is_destroyed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forget, "SHRED", forget.RESTORE)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (holds_are_not_looked_at, "she was held"),
        (what_was_voided_counts, "current at"),
        (who_is_to_be_forgotten_is_told_of_under_another_name, "current at"),
        (nothing_is_destroyed, "she was due"),
    ],
)
def test_a_fault_would_be_seen(
    start: Callable[[int], Origin], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any, seen: str
) -> None:
    fault(monkeypatch)
    history = machine(start(1), tmp_path)()
    with history.stack:
        history.begin()
        history.correct(0, "its", "event.voided", wrong=False, replaced=False)
        history.merge(["C-1", "C-2"])
        history.hold(["C-1"], "H-1", everybody=False, late=False)
        history.revoke(0, days=0, lost=False)
        history.revoke(1, days=0, lost=False)
        with pytest.raises(AssertionError, match=seen):
            history.clocks_turn()
