"""One projection on one log: fold the next batch; at an entry that can not be folded, stop there and say so.

A lane that stops holds up no other. It tries again, ever more rarely, so that it goes on by itself after a fix.
"""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
from eventsourcing.persistence import InterfaceError, OperationalError, Tracking

from projections.projection import Batch

if TYPE_CHECKING:
    from projections.progress import Progress
    from projections.projection import Projected

logger = logging.getLogger(__name__)

PASSING = ("08", "25", "40", "53", "55", "57", "58")
"""SQLSTATE classes of the server's state, not of the entry's: lost connection, rollback, no resources, shut down."""
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 30.0


class Lane:
    """One projection on one log. Owned by one thread; its position may be read by any."""

    def __init__(
        self,
        projection: Projected,
        log_id: int,
        origin: str,
        progress: Progress,
        most: int,
    ) -> None:
        self.projection = projection
        self.log_id = log_id
        self.origin = origin
        self.position = -1
        """The last position whose rows are committed, as far as this lane knows; -1 before it knows any."""
        self.stopped_at: int | None = None
        self._progress = progress
        self._most = most
        self._fence: int | None = None
        """The lowest position up to which a batch failed: the entry at fault is between the position and here."""
        self._retry_seconds = 0.0
        self._retry_at = 0.0

    def due(self, now: float) -> bool:
        """Return whether it may try; after a failure it waits."""
        return now >= self._retry_at

    def step(self, size: int) -> bool:
        """Fold one batch, if there is one; return whether the lane moved on.

        Args:
            size: The log's last position.
        """
        attempted: Batch | None = None
        try:
            with self._progress.datastore.transaction(commit=True) as cursor:
                # Crash before the commit: rows and position are as they were. After: both are new.
                self.position = self._progress.position(cursor, self.log_id)
                if self.position >= size:
                    return False
                attempted = self._next(size)
                self.projection.fold(cursor, attempted)
                self._progress.record(cursor, Tracking(self.origin, attempted.upto))
        except Exception as error:  # noqa: BLE001 - whatever a fold raises stops this lane, and nothing else
            if attempted is None or _passes(error):
                self._wait(error)
                return False
            return self._failed(attempted, error)
        self._moved(attempted.upto)
        return True

    def _next(self, size: int) -> Batch:
        """Return the batch to try: all that fits, or half of what holds an entry at fault."""
        upto = min(self.position + self._most, size)
        if self._fence is not None:
            upto = min(self.position + max(1, (self._fence - self.position) // 2), size)
        return Batch(self.log_id, self.position, upto)

    def _moved(self, position: int) -> None:
        self.position = position
        self._retry_at = self._retry_seconds = 0.0
        if self._fence is not None and position >= self._fence:
            self._fence = None
        if self.stopped_at is not None:
            logger.info("projection goes on", extra=self._about(position))
            self.stopped_at = None

    def _failed(self, batch: Batch, error: Exception) -> bool:
        """Narrow down where the entry at fault is; stop if it is the next one. Nothing of the batch was committed."""
        self._fence = batch.upto
        if batch.upto - batch.after > 1:
            return True
        reason = _reason(error)
        if self.stopped_at != batch.upto:
            logger.error("projection stopped", extra=self._about(batch.upto) | {"reason": reason})
        self.stopped_at = batch.upto
        try:
            self._progress.stop(self.log_id, batch.upto, reason)
        except Exception as unreported:  # noqa: BLE001 - it stays stopped, and reports with its next attempt
            logger.warning("projection can not report", extra={"reason": _reason(unreported)})
        self._back_off()
        return False

    def _wait(self, error: Exception) -> None:
        """Leave the server alone for a while."""
        logger.warning("projection waits", extra=self._about(self.position) | {"reason": _reason(error)})
        self._back_off()

    def _back_off(self) -> None:
        self._retry_seconds = min(max(self._retry_seconds * 2, FIRST_RETRY_SECONDS), LONGEST_RETRY_SECONDS)
        self._retry_at = monotonic() + self._retry_seconds

    def _about(self, position: int) -> dict[str, object]:
        return {
            "projection": self.projection.name,
            "log": self.origin,
            "position": position,
        }


def _passes(error: Exception) -> bool:
    """Return whether the same entries may fold later: it was the server, or the way to it."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    cause = error.__cause__
    state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    return state is None or state.startswith(PASSING)


def _reason(error: Exception) -> str:
    """Name what went wrong by its class and SQLSTATE; the message may hold values."""
    cause = error.__cause__ or error
    state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    name = type(cause).__name__
    return f"{state} {name}" if state else name
