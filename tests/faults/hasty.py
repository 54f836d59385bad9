"""The fault that the tests of killed servers look for: receipts are handed out before the group is committed.

A control: what a checker says about a server with this fault tells whether the checker could see it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ledger import writer
from ledger.recorder import LedgerRecorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from ledger.group import Group

SLOW_SECONDS = 0.1
"""What a busy disk takes: a kill falls into it, whatever else the machine does."""


class HastyFlight(writer.Flight):
    """Acknowledges what it holds, since it will be committed soon."""

    def __init__(self, group: Group, requests: Sequence[writer.Request]) -> None:
        super().__init__(group, requests)
        self.settle()


def main() -> None:
    """Run the command line with the fault in it."""
    commit = LedgerRecorder.commit

    def slow(self: LedgerRecorder, connection: Connection[Any], group: Group) -> None:
        time.sleep(SLOW_SECONDS)
        commit(self, connection, group)

    writer.Flight = HastyFlight
    LedgerRecorder.commit = slow  # type: ignore[method-assign]
    from api.cli import main as run  # noqa: PLC0415 - after the fault is in place

    run()
