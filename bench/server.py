"""The server under load, in a process of its own, in one of three forms.

    python -m bench.server FORM PORT DATA_DIR DSN

`whole` is the application as it is. `validate` answers the same route after the same checks, and records nothing.
`alone` records each request in a transaction of its own, one after the other, without group commit.
"""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import uvicorn

from api.app import create_app
from api.settings import Settings
from bench import scene
from ledger.group import Receipt
from ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future as FutureType

    from ledger import Fact

from concurrent.futures import Future
from datetime import UTC, datetime


def validate_only(_: Ledger, facts: Sequence[Fact]) -> FutureType[list[Receipt]]:
    """Answer with receipts of nothing."""
    future: Future[list[Receipt]] = Future()
    now = datetime.now(UTC)
    future.set_result(
        [Receipt(each.source, each.id, "none/log0", 0, 1, "0" * 32, 1, b"0" * 32, now, 1) for each in facts]
    )
    return future


def one_by_one() -> Any:
    """Return a way to submit that waits for the group before it, so that every group has one request."""
    lock = Lock()
    submit = Ledger.submit

    def alone(ledger: Ledger, facts: Sequence[Fact]) -> FutureType[list[Receipt]]:
        with lock:
            future = submit(ledger, facts)
            future.result()
        return future

    return alone


def main(form: str, port: int, data_dir: Path, dsn: str) -> None:
    """Serve until told to stop."""
    if form == "validate":
        Ledger.submit = validate_only  # type: ignore[method-assign]
    elif form == "alone":
        Ledger.submit = one_by_one()  # type: ignore[method-assign]
    settings = Settings(data_dir=data_dir, name=scene.NAME, logs=1, port=port, follow=False, log_level="ERROR")  # pyright: ignore[reportCallIssue]
    app = create_app(settings, dsn=dsn)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
