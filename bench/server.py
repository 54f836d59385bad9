"""The server under load, in a process of its own, in one of three forms.

    python -m bench.server FORM PORT DATA_DIR DSN

`whole` is the application as it is. `validate` answers the same route after the same checks, and records nothing.
`alone` is the application with groups of one request: each has a transaction and an fsync of its own. All else is the
same, so that the ratio is group commit's: requests are read beside, the next is prepared while the writer is free, and
what is known of the log is remembered. Only one transaction at a time can hold the head's lock, so that more sessions
would wait for it; with two and with eight of them, each taking the lock and then reading where the log ends, as a
service does that opens a transaction in each handler, a sixth as many requests were answered.
"""

from __future__ import annotations

import socket
import sys
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.web import configured
from api.settings import Settings
from bench import scene
from ledger import writer
from ledger.group import Receipt
from ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger import Fact


def validate_only(_: Ledger, facts: Sequence[Fact]) -> Future[list[Receipt]]:
    """Answer with receipts of nothing."""
    future: Future[list[Receipt]] = Future()
    now = datetime.now(UTC)
    future.set_result(
        [Receipt(each.source, each.id, "none/log0", 0, 1, "0" * 32, 1, b"0" * 32, now, 1) for each in facts]
    )
    return future


def main(form: str, port: int, data_dir: Path, dsn: str) -> None:
    """Serve until told to stop."""
    if form == "validate":
        Ledger.submit = validate_only  # type: ignore[method-assign]
    elif form == "alone":
        # Every request weighs more, and one alone is always taken.
        writer.GROUP_WEIGHT = 0
    settings = Settings(data_dir=data_dir, name=scene.NAME, logs=1, port=port, follow=False, log_level="ERROR")  # pyright: ignore[reportCallIssue]
    with socket.create_server(("127.0.0.1", port), backlog=1_024) as listener:
        # As `whosaw serve` has it.
        configured(settings, dsn).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
