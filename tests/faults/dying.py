"""A process that forgets somebody and is killed at a step of it: `python -m tests.faults.dying DSN KEYS ACT STEP`."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from api.forgetting import Terms, carry_out, fact_about
from ledger import Keys, Ledger, Reference
from ledger.forget import Forgetting
from ledger.own_fact import own_fact
from ledger.recorder import LedgerRecorder
from ledger.tombstones import Tombstones

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "ledger.example/faults"
STEPS = ("before the entry", "after the entry", "before the tombstone", "after the tombstone", "at COMMIT", "after it")
"""A revocation has no tombstone."""
RECEIPT = "erasure-0123456789abcdef"


def die(*_: Any, **__: Any) -> None:
    """End as the kernel ends a process: no word, no clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def after(done: Callable[..., Any]) -> Callable[..., Any]:
    """Do it, then die."""

    def last(*arguments: Any, **more: Any) -> Any:
        done(*arguments, **more)
        die()

    return last


def at_commit(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Die instead of sending COMMIT."""

    def run(connection: Any, query: Any, *arguments: Any, **more: Any) -> Any:
        return die() if query == "COMMIT" else execute(connection, query, *arguments, **more)

    return run


def place(step: str) -> None:
    """Put the end at a step."""
    match step:
        case "before the entry":
            LedgerRecorder.guard = die  # type: ignore[method-assign]
        case "after the entry":
            LedgerRecorder._execute = after(LedgerRecorder._execute)  # type: ignore[method-assign]
        case "before the tombstone":
            Tombstones.add = die  # type: ignore[method-assign]
        case "after the tombstone":
            Tombstones.add = after(Tombstones.add)  # type: ignore[method-assign]
        case "at COMMIT":
            psycopg.Connection.execute = at_commit(psycopg.Connection.execute)  # type: ignore[method-assign]
        case _:
            LedgerRecorder.commit = after(LedgerRecorder.commit)  # type: ignore[method-assign]


def revoke(ledger: Ledger, forgetting: Forgetting) -> None:
    """Revoke her, with no days of grace."""
    alice = ledger.lookup(Reference("customer", "C-1"))
    assert alice is not None
    until = datetime.now(UTC)
    data = {"receipt_id": RECEIPT, "reason": "whosaw:CustomerAsked", "until": until.isoformat()}
    fact = fact_about(ledger, "subject.revoked", alice, data, "key-faults")
    forgetting.revoke(alice, fact, until, RECEIPT)


def restore(ledger: Ledger, forgetting: Forgetting) -> None:
    """Take it back."""
    (due,) = forgetting.due()
    data = {"receipt_id": RECEIPT, "reason": "whosaw:Withdrawn"}
    forgetting.restore(due.subject, fact_about(ledger, "subject.restored", due.subject, data, "key-faults"))


def shred(ledger: Ledger, forgetting: Forgetting) -> None:
    """Destroy whoever is due."""
    (due,) = forgetting.due()
    carry_out(ledger, forgetting, Terms(35), due)


def halves(ledger: Ledger, forgetting: Forgetting) -> None:
    """Say that she is forgotten, and only then do it: the fault that the tests look for."""
    (due,) = forgetting.due()
    counted = {"mode": "dpv:Erase", "reason": "whosaw:CustomerAsked", "entries": 1, "references": 1, "memberships": 1}
    data = {**counted, "receipt_id": RECEIPT, "streams": [due.subject.id]}
    origin = ledger.keys.signers[due.subject.log_id].origin
    ledger.append([own_fact(ledger.hashes, "key.destroyed", origin, data)])


ACTS = {"revoke": revoke, "restore": restore, "shred": shred, "halves": halves}


def main(dsn: str, keys: Path, act: str, step: str) -> None:
    """Begin, and do not come to an end."""
    with Ledger(dsn, Keys.open(keys, NAME, 1), durable=False) as ledger:
        place(step)
        ACTS[act](ledger, Forgetting(ledger, Tombstones(keys / "tombstones")))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
