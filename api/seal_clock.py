"""The clock that seals end by, in a thread of the process that serves: what an ended order hid may be told then."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api import orders
from api.clock import Clock
from api.forgetting import fact_about
from ledger import Held
from projections import progress, seals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger import Ledger
    from ledger.forget import Forgetting

log = logging.getLogger(__name__)


class SealClock(Clock):
    """Opens what is not sealed any more, from `start` to `stop`."""

    def __init__(self, ledger: Ledger, forgetting: Forgetting, seconds: float) -> None:
        """Wind it up.

        Args:
            ledger: Stays open until after `stop`.
            forgetting: Of the same ledger.
            seconds: Between two looks.
        """
        super().__init__("seals", seconds)
        self._ledger = ledger
        self._forgetting = forgetting

    def turn(self) -> None:
        """Look once at every order that has ended."""
        try:
            logs = range(len(self._ledger.recorders))
            with self._ledger.connection() as connection:
                as_of = {log_id: progress.reached(connection, log_id, orders.READ) for log_id in logs}
                known = orders.register(self._ledger, connection, as_of)
                found = seals.ended(connection, known, as_of, datetime.now(UTC))
            for log_id, stream in found:
                if self._stopping.is_set():
                    return
                self._open(log_id, stream, as_of)
        except Exception as error:  # noqa: BLE001 - whatever it is (a lost database), the clock goes on
            # The type alone: a message may quote a row.
            log.warning("no seal was opened", extra={"reason": type(error).__name__})

    def _open(self, log_id: int, stream: str, seen: Mapping[int, int]) -> None:
        subject = self._ledger.sealed_owner(log_id, stream)
        if subject is None:
            return  # she was forgotten: it leads to nobody
        fact = fact_about(self._ledger, "seal.ended", subject, {"stream": stream}, "whosaw")
        # Crash before this: it is looked at again. After: it is open, and passed over. If held, somebody was faster,
        # or something was said of an order since we looked.
        with suppress(Held):
            self._forgetting.open_sealed(subject, stream, fact, seen)
