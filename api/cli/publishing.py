"""`whosaw publish`: bring the newest checkpoint of each log to every place outside, once."""

from __future__ import annotations

import sys

from api.cli.failure import Exit, Failure
from api.cli.processes import told
from api.cli.storage import database, failing_clearly
from api.key_directory import opened
from api.outside.publisher import places_of, publish
from ledger import Ledger


def publish_once() -> None:
    """Publish, and say what came of each place.

    Raises:
        Failure: There is no place, one did not take it, or one has seen something else.
    """
    settings = told()
    try:
        places = places_of(settings)
    except ValueError as error:
        raise Failure(Exit.ARGUMENT, f"WHOSAW_WITNESSES: {error}") from error
    if not places.any:
        raise Failure(
            Exit.ARGUMENT,
            "checkpoints have no place to go to",
            expected="WHOSAW_PUBLISH_DIR, WHOSAW_WITNESSES or WHOSAW_TIMESTAMP_URL",
        )
    with database(settings) as dsn, failing_clearly():
        keys = opened(settings)
        with Ledger(dsn, keys, durable=settings.durable) as ledger:
            steps = publish(ledger, places)
    for step in steps:
        sys.stdout.write(f"log {step.log_id}, {step.size} entries, {step.place}: {step.outcome}\n")
    if any(step.alarming for step in steps):
        raise Failure(
            Exit.NO,
            "somebody outside has seen another history of this ledger",
            remedy="stop recording and compare; see docs/operations.md, Restore",
        )
    if any(step.outcome not in {"done", "known"} for step in steps):
        raise Failure(Exit.UNREACHABLE, "not every place took the checkpoint", remedy="run it again")
