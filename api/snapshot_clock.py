"""The clock that heads snapshots are made by, in a thread of the process that serves.

For nobody: a snapshot that follows a question would tell an observer whom it was about. The clock goes by the newest
snapshot that is recorded: restarts neither hurry nor delay it, and several processes have one rhythm.
"""

from __future__ import annotations

import logging
import time
from threading import Event, Thread
from typing import TYPE_CHECKING

from ledger import snapshot

if TYPE_CHECKING:
    from ledger import Ledger

log = logging.getLogger(__name__)

FIRST_SECONDS = 300.0
"""After the start, at most, of a ledger that has no snapshot yet."""
RETRY_SECONDS = 60.0
REST_SECONDS = 0.001
"""After every page. Measured on 1.2 million streams, one append at a time: their median went from 2.1 to 12 ms during a
snapshot without rests, and to 2.5 ms with these; the snapshot took 11.5 s in place of 5.2 s.
"""
ANY_POSITION = 2**62


class _Stopped(Exception):
    """A build is given up, since the process stops; the next one removes what it left."""


class SnapshotClock:
    """Makes snapshots of every log from `start` to `stop`."""

    def __init__(self, ledger: Ledger, seconds: int) -> None:
        """Wind it up.

        Args:
            ledger: Stays open until after `stop`.
            seconds: Between two snapshots of a log, at least 1.
        """
        self._ledger = ledger
        self._seconds = float(seconds)
        self._began = time.time()
        self._looked: dict[int, float] = {}
        """When a log was last found to have nothing new, or somebody else at work."""
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Give up what is being made, and stop."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            wait = min(self._turn(log_id) for log_id in range(len(self._ledger.recorders)))

    def _turn(self, log_id: int) -> float:
        """Make a log's snapshot if it is time; return the seconds until this log is to be looked at again."""
        try:
            left = self._due(log_id) - time.time()
            if left > 0:
                return left
            made = snapshot.make(self._ledger, log_id, self._watch)
        except _Stopped:
            return 0.0
        except Exception as error:  # noqa: BLE001 - whatever it is (a full disk, a lost database), the clock goes on
            # The type alone: a message may quote a row.
            log.warning("no snapshot was made", extra={"log_id": log_id, "reason": type(error).__name__})
            return min(RETRY_SECONDS, self._seconds)
        if made is None:
            self._looked[log_id] = time.time()
        else:
            log.info("snapshot", extra={"log_id": log_id, "covers": made.covers, "leaves": made.leaves})
        return self._seconds

    def _due(self, log_id: int) -> float:
        """Return when a log's next snapshot is to be made, in seconds since 1970."""
        with self._ledger.connection() as connection:
            newest = snapshot.newest(connection, log_id, ANY_POSITION)
        if newest is None:
            due = self._began + min(FIRST_SECONDS, self._seconds)
        else:
            due = newest.recorded.timestamp() + self._seconds
        return max(due, self._looked.get(log_id, 0.0) + self._seconds)

    def _watch(self, _what: str, _done: int, _of: int) -> None:
        """Rest after every page of 256 leaves, a millisecond of work, so that appends get their turn."""
        if self._stopping.wait(REST_SECONDS):
            raise _Stopped
