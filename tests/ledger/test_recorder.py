"""The library's own test cases, on our recorder; and the seam through which we stand on the library."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase

from ledger.recorder import LedgerRecorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger import Ledger


class OnOurRecorder:
    """Lets the library's unittest cases take their recorder from our fixtures."""

    INITIAL_VERSION = 1

    @pytest.fixture(autouse=True)
    def _ledger(self, ledger: Ledger) -> None:
        self._recorder = ledger.recorders[0]

    def create_recorder(self) -> Any:
        return self._recorder

    def new_originator_id(self) -> UUID:
        return uuid4()


class TestOurRecorderIsAnApplicationRecorder(OnOurRecorder, ApplicationRecorderTestCase):  # pyright: ignore[reportMissingTypeArgument]
    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestOurPositionsDoNotInterleave(OnOurRecorder, NonInterleavingNotificationIDsBaseCase):
    insert_num = 1_000


def test_the_names_that_we_override_are_still_the_library_s() -> None:
    for name in ("create_table", "insert_events", "select_events", "select_notifications", "max_notification_id"):
        assert name in vars(LedgerRecorder)
        assert hasattr(PostgresApplicationRecorder, name)


def test_a_reader_that_tails_sees_every_entry_once_in_order_under_eight_writers(
    make_ledger: Callable[..., Ledger],
) -> None:
    ledger = make_ledger(logs=1)
    recorder = ledger.recorders[0]
    written, per_writer = 8, 60
    total = written * per_writer
    seen: list[int] = []

    def write() -> None:
        for _ in range(per_writer):
            recorder.insert_events([StoredEvent(uuid4(), 1, "topic", b"state")])

    def tail() -> None:
        last = 0
        while len(seen) < total:
            for notification in recorder.select_notifications(last, 100, inclusive_of_start=False):
                seen.append(notification.id)
                last = notification.id

    threads = [Thread(target=write) for _ in range(written)] + [Thread(target=tail)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert seen == list(range(1, total + 1))
