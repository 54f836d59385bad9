"""The anchor: with several logs, the newest heads of the others are entries of log 0. Its checkpoint is one for all.

Who holds one checkpoint of log 0 (a witness, a folder, a time stamp authority) notices a rollback of any log: entry,
then head of log n, then head of log 0. Made on a clock, before checkpoints are published.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import orjson

from ledger.checkpoint import head_of
from ledger.own_fact import name_of, own_fact

if TYPE_CHECKING:
    from ledger.fact import Fact
    from ledger.group import Receipt
    from ledger.ledger import Ledger

TYPE = "checkpoint.signed"
# By the index on streams.
LAST = "SELECT bytes FROM ledger.entry WHERE log_id = 0 AND stream = %s ORDER BY sequence DESC LIMIT 1"


def anchor(ledger: Ledger) -> list[Receipt]:
    """Record the newest head of every log but the first in log 0; return the receipts, none where nothing is new.

    Raises:
        Unavailable: The database does not answer. Retry.
    """
    facts: list[Fact] = []
    for log_id, signer in enumerate(ledger.keys.signers):
        note = ledger.checkpoint(log_id) if log_id else None
        if note is None:
            continue
        size, root = head_of(note)
        if _last(ledger, signer.origin) != size:
            name, identifier, _ = signer.verifier_key.split("+", 2)
            said = {
                "log": signer.origin,
                "size": size,
                "root": b64encode(root).decode(),
                "key_id": f"{name}+{identifier}",
            }
            facts.append(own_fact(ledger.hashes, TYPE, signer.origin, said))
    return ledger.submit_to(0, facts).result() if facts else []


def _last(ledger: Ledger, origin: str) -> int:
    """Return the size of a log's head that log 0 holds last; 0 if none."""
    stream = ledger.lookup(name_of(TYPE, origin))
    if stream is None:
        return 0
    with ledger.connection() as connection:
        row = connection.execute(LAST, (stream.id,)).fetchone()
    size: int = orjson.loads(row[0])["data"]["size"] if row is not None else 0
    return size
