"""`whosaw snapshot`: a heads snapshot of each log, now. For an operator's clock, never for a request."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from api.cli.processes import told
from api.cli.progress import Progress
from api.cli.storage import database, failing_clearly
from api.key_directory import opened
from ledger import Keys, Ledger, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.snapshot import Snapshot


def make_all() -> None:
    """Make one for each log and print a line for each."""
    settings = told()
    with database(settings) as dsn, failing_clearly():
        keys = opened(settings)
        for log_id, made in of_each_log(dsn, keys, durable=settings.durable):
            found = (
                f"{made.leaves} leaves up to position {made.covers}, in entry {made.entry_position}"
                if made is not None
                else "nothing new, or one is being made"
            )
            sys.stdout.write(f"log {log_id}: {found}\n")


def of_each_log(dsn: str, keys: Keys, *, durable: bool = True) -> Iterator[tuple[int, Snapshot | None]]:
    """Make a snapshot of each log and yield it; None where nothing was made.

    Args:
        dsn: Of a migrated database.
        keys: Of its ledger.
        durable: As `Ledger` has it.
    """
    with Ledger(dsn, keys, pool=2, durable=durable) as ledger:
        for log_id in range(len(keys.signers)):
            with Progress(f"log {log_id}") as progress:

                def watch(what: str, done: int, of: int, progress: Progress = progress) -> None:
                    progress.show(done, f"{what} of {of}")

                made = snapshot.make(ledger, log_id, watch)
            yield log_id, made
