"""`whosaw emit`: send a file's events and say what became of them."""

from __future__ import annotations

import json
import sys

from api.cli.connection import Connection
from api.cli.emit import Sent, emit, read
from api.cli.progress import Progress


class Tally:
    """What has been sent so far. Belongs to one thread."""

    def __init__(self, *, receipts: bool) -> None:
        self.recorded = 0
        self.repeated = 0
        self.last: dict[str, int] = {}
        """The highest position seen, by log."""
        self._print = receipts

    def add(self, sent: Sent) -> None:
        """Count a batch, and print its receipts if they are wanted."""
        for receipt in sent.receipts:
            if receipt["repeated"]:
                self.repeated += 1
            else:
                self.recorded += 1
            log = str(receipt["log"])
            self.last[log] = max(self.last.get(log, 0), int(receipt["position"]))
            if self._print:
                sys.stdout.write(json.dumps(receipt, separators=(",", ":")) + "\n")

    def summary(self) -> str:
        """Say it in one line."""
        places = ", ".join(f"{log} up to {position}" for log, position in sorted(self.last.items()))
        return f"{self.recorded} recorded, {self.repeated} known already" + (f"; {places}" if places else "")


def emit_file(name: str, *, receipts: bool) -> None:
    """Send a file's events and print receipts or a summary.

    Raises:
        Failure: Something was refused or nobody answers. What was sent before stays; running it again goes on.
    """
    tally = Tally(receipts=receipts)
    connection = Connection.from_environment()
    with Progress("events sent") as progress:

        def on_batch(sent: Sent) -> None:
            tally.add(sent)
            progress.show(tally.recorded + tally.repeated)

        try:
            emit(connection, read(name), on_batch)
        finally:
            connection.close()
    (sys.stderr if receipts else sys.stdout).write(tally.summary() + "\n")
