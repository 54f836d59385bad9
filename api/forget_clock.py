"""The clock that people are forgotten by, in a thread of the process that serves: who is due, and is not held."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.clock import Clock
from api.forgetting import carry_out

if TYPE_CHECKING:
    from collections.abc import Generator

    from api.forgetting import Terms
    from api.granted_erasures import GrantedErasures
    from ledger import Ledger
    from ledger.forget import Forgetting, Revoked

log = logging.getLogger(__name__)


class ForgetClock(Clock):
    """Carries out what is due, from `start` to `stop`; also what a crash has interrupted."""

    def __init__(
        self,
        ledger: Ledger,
        forgetting: Forgetting,
        terms: Terms,
        seconds: float,
        granted: GrantedErasures | None = None,
    ) -> None:
        """Wind it up.

        Args:
            ledger: Stays open until after `stop`.
            forgetting: Of the same ledger.
            terms: The operator's.
            seconds: Between two looks.
            granted: Begins what requests lead to; None if they lead to nothing by themselves.
        """
        super().__init__("forgetting", seconds)
        self._ledger = ledger
        self._forgetting = forgetting
        self._terms = terms
        self._granted = granted

    def turn(self) -> None:
        """Look once at everybody whose request was granted, and at everybody who is due.

        What goes wrong with one of them keeps nobody else from her turn.
        """
        if self._granted is not None:
            with _told("not every granted request was begun"):
                self._granted.begin()
        due: list[Revoked] = []
        with _told("nobody was forgotten"):
            due = self._forgetting.due()
        for revoked in due:
            if self._stopping.is_set():
                return
            with _told("somebody was not forgotten"):
                carry_out(self._ledger, self._forgetting, self._terms, revoked)


@contextmanager
def _told(what: str) -> Generator[None]:
    """Go on whatever goes wrong (a lost database, a full disk), and log its type: a message may quote a row."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - see above
        log.warning(what, extra={"reason": type(error).__name__})
