"""The follower: every entry once, over crashes; one that can not be folded stops its own lane and no other."""

from __future__ import annotations

import logging
from itertools import cycle
from threading import Event, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING
from unittest import TestCase

import psycopg
import pytest
from eventsourcing.tests.persistence import TrackingRecorderTestCase

from ledger.migrate import create_logs
from ledger.recorder import CHANNEL, datastore
from projections import DISCLOSURES, HOLDINGS, PROJECTIONS, follow, progress
from projections.follow import Follower, follower_dsn
from projections.install import install
from projections.progress import Progress
from projections.projection import Fold
from projections.rebuild import digest
from tests.projections.given import collected, disclosed, used, viewed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.projections.conftest import Story

WAIT_SECONDS = 30
KILLS = 10
KILL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE %s
"""
MEND = """
    UPDATE ledger.entry
    SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), '"retained":"mallory"', '"retained":true'), 'UTF8')
    WHERE position = 6
"""
LONG = (
    "SELECT pg_sleep(60) FROM ledger.entry WHERE log_id = %(log_id)s AND position = %(upto)s AND type = ANY(%(types)s)"
)
AT_IT = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%%pg_sleep(60)%%'"
KILL_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def until(there: Callable[[], bool]) -> bool:
    """Return whether it comes true before a generous deadline."""
    deadline = monotonic() + WAIT_SECONDS
    while monotonic() < deadline:
        if there():
            return True
        sleep(0.02)
    return False


def poison() -> object:
    """A fact that says something else than yes or no: no emitter gets this past the vocabulary."""
    return collected("mallory", "2026-01-02T09:00:00Z", "pd:Name", retained="mallory")


def names() -> list[str]:
    return [each.name for each in PROJECTIONS]


def test_what_is_recorded_can_be_read_after_waiting_for_it(story: Story) -> None:
    with Follower(story.dsn) as follower:
        position = story.log.happened(collected("alice", "2026-01-02T09:00:00Z", "pd:Name"))
        assert follower.wait(0, position, WAIT_SECONDS)
        assert progress.reached(story.reader, 0, names()) == position
        assert progress.wait(story.reader, 0, position, names(), 0)
        assert not follower.wait(0, position + 1, 0.05)
        assert not progress.wait(story.reader, 0, position + 1, names(), 0.01)


def test_a_follower_that_starts_late_catches_up_in_every_log(three_logs: Story) -> None:
    for log in three_logs.logs:
        log.happened(*(used("alice", "2026-01-02T09:00:00Z", "pd:Name") for _ in range(20 + log.log_id)))
    with Follower(three_logs.dsn, batch=7) as follower:
        assert all(follower.wait(log.log_id, log.size, WAIT_SECONDS) for log in three_logs.logs)
        assert {(each.log_id, each.position, each.behind) for each in follower.lag()} == {
            (0, 20, 0),
            (1, 21, 0),
            (2, 22, 0),
        }


def test_an_entry_that_can_not_be_folded_stops_only_its_projection_on_its_log(
    three_logs: Story, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, _ = three_logs.logs
    good = [collected("alice", "2026-01-02T09:00:00Z", "pd:Name")] * 5
    first.happened(*good, poison(), *good)  # type: ignore[arg-type]
    second.happened(*good)
    with caplog.at_level(logging.ERROR), Follower(three_logs.dsn) as follower:
        others = [name for name in names() if name != "holdings"]
        assert follower.wait(0, 11, WAIT_SECONDS, others)
        assert follower.wait(1, 5, WAIT_SECONDS)
        assert until(lambda: any(each.error for each in follower.lag()))
        (stopped,) = [each for each in follower.lag() if each.stopped_at is not None]
    assert (
        stopped.log_id,
        stopped.projection,
        stopped.position,
        stopped.stopped_at,
    ) == (0, "holdings", 5, 6)
    assert stopped.error is not None
    assert stopped.error.startswith("22P02")
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert (record.projection, record.position) == ("holdings", 6)  # type: ignore[attr-defined]
    assert "mallory" not in str(record.__dict__)


def test_a_stopped_projection_goes_on_after_the_fix_with_nothing_lost(
    story: Story,
) -> None:
    good = [collected("alice", "2026-01-02T09:00:00Z", "pd:Name")] * 5
    story.log.happened(*good, poison(), *good)  # type: ignore[arg-type]
    with Follower(story.dsn) as follower:
        assert until(lambda: any(each.stopped_at == 6 for each in follower.lag()))
        # The fix, here of the entry: in earnest it is one of the fold.
        story.owner.execute(MEND)
        assert follower.wait(0, 11, WAIT_SECONDS)
        assert all(each.stopped_at is None and each.error is None for each in follower.lag())
    assert story.reader.execute(
        "SELECT array_agg(position ORDER BY position) FROM projections.holding_change"
    ).fetchone() == (list(range(1, 12)),)


def test_killing_backends_again_and_again_applies_each_entry_once(story: Story) -> None:
    enough = Event()

    def kill() -> None:
        hits = 0
        with psycopg.connect(story.dsn, autocommit=True) as owner:
            while hits < KILLS:
                hits += owner.execute(KILL, ("%INSERT INTO%SELECT e.log_id%",)).rowcount
                sleep(0.01)
        enough.set()

    killer = Thread(target=kill)
    with Follower(story.dsn, batch=50) as follower:
        killer.start()
        people = cycle(f"customer-{number}" for number in range(50))
        while not enough.is_set():
            who = next(people)
            position = story.log.happened(
                *(collected(who, "2026-01-02T09:00:00Z", "pd:Name") for _ in range(40)),
                *(disclosed(who, "2026-01-02T09:00:00Z", "pd:Name") for _ in range(20)),
                *(viewed(who, "2026-01-02T09:00:00Z", "pd:Name") for _ in range(40)),
            )
        killer.join()
        assert follower.wait(0, position, 2 * WAIT_SECONDS)
    live = [digest(story.follower, each) for each in PROJECTIONS]
    story.forget_rows()
    story.fold()
    assert [digest(story.follower, each) for each in PROJECTIONS] == live


def test_a_follower_outlives_the_loss_of_every_connection(story: Story) -> None:
    with Follower(story.dsn) as follower:
        assert follower.wait(
            0,
            story.log.happened(used("alice", "2026-01-02T09:00:00Z", "pd:Name")),
            WAIT_SECONDS,
        )
        with psycopg.connect(story.dsn, autocommit=True) as owner:
            owner.execute(KILL_ALL)
        story.close()
        story.owner = psycopg.connect(story.dsn, autocommit=True)
        story.log._connection = story.owner
        assert follower.wait(
            0,
            story.log.happened(used("alice", "2026-01-02T09:00:00Z", "pd:Name")),
            WAIT_SECONDS,
        )


def test_two_followers_apply_each_entry_once(story: Story) -> None:
    with Follower(story.dsn, batch=10) as one, Follower(story.dsn, batch=10) as other:
        for _ in range(20):
            position = story.log.happened(*(used("alice", "2026-01-02T09:00:00Z", "pd:Name") for _ in range(25)))
        assert one.wait(0, position, WAIT_SECONDS)
        assert other.wait(0, position, WAIT_SECONDS)
        assert not any(each.stopped_at for each in one.lag())
    assert story.reader.execute("SELECT count(*), max(position) FROM projections.look").fetchone() == (
        position,
        position,
    )


def test_a_follower_of_another_version_leaves_the_tables_alone(story: Story) -> None:
    """As while a new release is rolled out: it has made its tables, and the old one still follows."""
    newer = DISCLOSURES._replace(version=DISCLOSURES.version + 1)
    assert install(story.dsn, (newer,)) == ["disclosures"]
    position = story.log.happened(disclosed("alice", "2026-01-02T09:00:00Z", "pd:Name"))
    with Follower(story.dsn, (HOLDINGS, DISCLOSURES)) as older:
        assert older.wait(0, position, WAIT_SECONDS, ["holdings"])
        assert not older.wait(0, position, 0.3, ["disclosures"])
    assert story.reader.execute("SELECT count(*) FROM projections.disclosure").fetchone() == (0,)
    with Follower(story.dsn, (newer,)) as follower:
        assert follower.wait(0, position, WAIT_SECONDS, ["disclosures"])
        assert {each.version for each in follower.lag() if each.projection == "disclosures"} == {newer.version}


def test_a_reader_can_not_change_a_projection(story: Story) -> None:
    for statement in (
        "DELETE FROM projections.look",
        "UPDATE projections.progress SET position = 0",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            story.reader.execute(statement)


def test_a_follower_can_not_change_the_ledger(story: Story) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        story.follower.execute("DELETE FROM ledger.entry")


def test_the_follower_listens_where_the_writer_announces() -> None:
    assert f"LISTEN {CHANNEL}" == follow.LISTEN


def test_every_unique_constraint_of_a_projection_begins_with_its_log(
    story: Story,
) -> None:
    unique = story.owner.execute("""
        SELECT c.relname, a.attname FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE n.nspname = 'projections' AND i.indisunique
    """).fetchall()
    assert len(unique) >= len(PROJECTIONS)
    assert {column for _, column in unique} == {"log_id"}


class TestProgressKeepsTheLibrarysPromises(TrackingRecorderTestCase):
    """The library's own tests of a tracking recorder, on our table."""

    @pytest.fixture(autouse=True)
    def _database(self, database: str) -> None:
        create_logs(database, "upstream", 3)
        with psycopg.connect(database) as owner:
            owner.execute("UPDATE ledger.log SET origin = 'upstream' || (log_id + 1)")
        install(database, ())
        self.store = datastore(follower_dsn(database), follow.ROLE)
        TestCase.addCleanup(self, self.store.close)

    def create_recorder(self) -> Progress:
        return Progress(self.store, "holdings", 1)


del TrackingRecorderTestCase


def test_a_follower_that_is_stopped_gives_up_a_batch_that_takes_long_and_the_next_one_folds_it(story: Story) -> None:
    slow = DISCLOSURES._replace(folds=(*DISCLOSURES.folds, Fold(("data.disclosed",), LONG)))
    story.log.happened(disclosed("anna", "2026-01-01T09:00:00Z", "pd:Name"))
    with Follower(story.dsn, [slow]):
        assert until(lambda: story.owner.execute(AT_IT).fetchone() == (2,))  # It, and whoever asks.
    assert [each.position for each in progress.lanes(story.owner) if each.projection == "disclosures"] == [0]
    with Follower(story.dsn, [DISCLOSURES]) as follower:
        assert follower.wait(0, 1, WAIT_SECONDS)
    assert story.owner.execute("SELECT count(*) FROM projections.disclosure").fetchone() == (1,)
