"""kill -9 at each step of revoking and of destroying somebody's keys: nobody is forgotten by half, and it is ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from api.app import refuse_resurrected
from api.forget_clock import ForgetClock
from api.forgetting import Terms
from ledger import Keys, Ledger, Reference
from ledger.forget import Forgetting
from ledger.migrate import create_logs
from ledger.tombstones import Tombstones
from projections.follow import Follower
from projections.install import install
from tests.audit.conftest import Scene
from tests.faults import dying
from tests.faults.dying import NAME, STEPS
from tests.histories.world import rows_under
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from pathlib import Path

DONE = "after it"
TYPES = "SELECT type FROM ledger.entry WHERE type IN ('subject.revoked', 'subject.restored', 'key.destroyed')"
PLACES = "SELECT count(*) FROM ledger.member", "SELECT count(*) FROM ledger.erased_member"


class Case(NamedTuple):
    """A ledger with somebody to forget: alone, among others, behind a seal."""

    dsn: str
    folder: Path
    streams: list[str]
    """Hers, her own first."""

    def keys(self) -> Keys:
        return Keys.open(self.folder / "keys", NAME, 1)

    def killed(self, act: str, step: str) -> None:
        """Let a process die at a step."""
        command = [sys.executable, "-m", "tests.faults.dying", self.dsn, str(self.folder / "keys"), act, step]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr

    def types(self) -> list[str]:
        """What the ledger has recorded about forgetting her."""
        with psycopg.connect(self.dsn) as owner:
            return [row[0] for row in owner.execute(TYPES + " ORDER BY position").fetchall()]

    def left(self) -> list[str]:
        """Tables of record in which something leads to her."""
        with psycopg.connect(self.dsn) as owner:
            return sorted(each for each in rows_under(owner, self.streams) if each.startswith("ledger."))

    def places(self) -> list[int]:
        """Members who are somebody, and those of whom a leaf hash is left."""
        with psycopg.connect(self.dsn) as owner:
            return [owner.execute(each).fetchall()[0][0] for each in PLACES]

    def whole_or_gone(self, whole: list[str]) -> None:
        """Check that she is not forgotten by half."""
        gone = "key.destroyed" in self.types()
        assert (self.left(), self.places()) == (([], [1, 1]) if gone else (whole, [2, 0])), "forgotten by half"

    def goes_on(self) -> None:
        """Start as `whosaw serve` does, let the clock look once, and audit."""
        with Ledger(self.dsn, self.keys(), durable=False) as ledger, Follower(self.dsn) as follower:
            forgetting = Forgetting(ledger, Tombstones(self.folder / "keys" / "tombstones"))
            refuse_resurrected(forgetting, ledger)
            assert follower.wait(0, ledger.head(0), 60)
            ForgetClock(ledger, forgetting, Terms(35), 60).turn()
            assert ledger.lookup(Reference("customer", "C-2")) is not None
        assert Scene(self.dsn, self.keys(), self.folder).audit() == []


@pytest.fixture
def case(database: str, tmp_path: Path) -> Case:
    create_logs(database, NAME, 1)
    install(database)
    with Ledger(database, Keys.create(tmp_path / "keys", NAME, 1), durable=False) as ledger, Follower(database) as run:
        sealed = used("e3", "C-1", visibility="sealed", seal_ref="S-1")
        for each in (used("e1", "C-1"), used("e2", "C-1", "C-2"), sealed, used("e4", "C-2")):
            ledger.append([fact(ledger, each)])
        alice = ledger.lookup(Reference("customer", "C-1"))
        assert alice is not None
        streams = [alice.id, *(each.stream for each in ledger.sealed_streams(alice))]
        assert run.wait(0, ledger.head(0), 60)
    return Case(database, tmp_path, streams)


def act(case: Case, name: str) -> None:
    """Do it, and come to an end."""
    with Ledger(case.dsn, case.keys(), durable=False) as ledger, Follower(case.dsn) as follower:
        dying.ACTS[name](ledger, Forgetting(ledger, Tombstones(case.folder / "keys" / "tombstones")))
        assert follower.wait(0, ledger.head(0), 60)


@pytest.mark.parametrize("step", [each for each in STEPS if "tombstone" not in each])
def test_killed_while_it_revokes_she_is_revoked_or_is_not_and_then_is_forgotten(case: Case, step: str) -> None:
    whole = case.left()
    case.killed("revoke", step)
    assert case.types() == (["subject.revoked"] if step == DONE else [])
    assert case.left() == (sorted([*whole, "ledger.revoked"]) if step == DONE else whole)
    if step != DONE:
        act(case, "revoke")
    case.goes_on()
    assert (case.types(), case.left(), case.places()) == (["subject.revoked", "key.destroyed"], [], [1, 1])


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_it_destroys_her_keys_she_is_whole_or_gone_and_the_clock_ends_it(case: Case, step: str) -> None:
    act(case, "revoke")
    whole = case.left()
    case.killed("shred", step)
    assert case.types() == ["subject.revoked", *["key.destroyed"] * (step == DONE)]
    case.whole_or_gone(whole)
    case.goes_on()
    assert (case.types(), case.left(), case.places()) == (["subject.revoked", "key.destroyed"], [], [1, 1])


@pytest.mark.parametrize("step", ["after the entry", "at COMMIT", DONE])
def test_killed_while_it_is_taken_back_she_is_there_or_is_still_to_be_forgotten(case: Case, step: str) -> None:
    act(case, "revoke")
    case.killed("restore", step)
    back = step == DONE
    assert case.types() == ["subject.revoked", "subject.restored" if back else "key.destroyed"][: 1 + back]
    case.goes_on()
    assert case.types() == ["subject.revoked", "subject.restored" if back else "key.destroyed"]
    assert (case.left() == []) is not back


def test_an_entry_that_is_committed_before_her_rows_are_deleted_would_be_seen(case: Case) -> None:
    act(case, "revoke")
    whole = case.left()
    case.killed("halves", DONE)
    with pytest.raises(AssertionError, match="forgotten by half"):
        case.whole_or_gone(whole)
