"""Facts that the ledger states about its own logs: snapshots, changed keys, the heads of other logs."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from ledger.fact import Fact, KeyedHashes, Reference, about, make_fact
from ledger.vocabulary import clear_bytes, parse_event

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = "/whosaw/ledger"
"""An emitter may state such a type, too, but only under a source of its own."""
ROLE = "whosaw:Ledger"


def own_fact(
    hashes: KeyedHashes, kind: str, origin: str, data: Mapping[str, Any], *, event_id: str | None = None
) -> Fact:
    """Return a fact about a log, to be appended to a log of the ledger's choice: see `Ledger.submit_to`.

    The stream is found by a name that no event on the wire gets: its kind has a hyphen. So nobody else can open it, or
    open it in another log.

    Args:
        hashes: The ledger's.
        kind: The fact's type.
        origin: Of the log that it is about.
        data: Its data, the actor aside.
        event_id: What several processes that state the same thing call it alike; None for a name of its own.
    """
    event = parse_event(
        orjson.dumps(
            {
                "specversion": "1.0",
                "id": event_id or secrets.token_hex(16),
                "source": SOURCE,
                "type": kind,
                "time": datetime.now(UTC).isoformat(timespec="microseconds"),
                "data": {"actor": {"kind": "service", "id": "whosaw", "role": ROLE}} | dict(data),
            }
        )
    )
    return make_fact(
        hashes,
        source=event.source,
        id=event.id,
        type=event.type,
        clear=clear_bytes(event, hashes.actor),
        emitter="whosaw",
        about=[about(hashes, name_of(kind, origin), ROLE)],
    )


def name_of(kind: str, origin: str) -> Reference:
    """Return the name that the stream of such facts about a log is found by."""
    return Reference(kind.replace(".", "-").replace("_", "-"), origin)
