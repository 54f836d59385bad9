"""Load the sample company as its services would: each with its own key, over HTTP, in the order they wrote it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from api.cli.connection import Connection
from api.cli.emit import Line, batches, send
from examples.company.clock import AS_OF, START
from examples.company.company import SEED, events
from examples.company.diary import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DAYS = (AS_OF - START).days + 1
"""How many days the sample lasts."""
ROUND_EVENTS = 150
"""The services send in turns, when a day ends on which so many events wait: a batch costs little more than an event."""


class Loaded(NamedTuple):
    """How far the loading is."""

    days: int
    """Days of the sample that are recorded, at most `DAYS`."""
    events: int
    """Events sent."""
    repeated: int
    """Events that had been recorded before."""


def load(url: str, keys: Mapping[str, str], scale: int, on_round: Callable[[Loaded], None]) -> Loaded:
    """Send the whole sample. Safe to repeat: what was recorded before is only recognised.

    Args:
        url: The server's.
        keys: An emitter's key for each source of the sample.
        scale: 1, 10 or 100.
        on_round: Called after every few days of the sample.

    Raises:
        Failure: The server refused an event or does not answer.
    """
    connections = {source: Connection(url, keys[source]) for source in SOURCES}
    loaded = Loaded(0, 0, 0)
    try:
        for day, by_source in rounds(scale):
            sent = repeated = 0
            for source in SOURCES:
                for batch in batches(by_source.get(source, [])):
                    receipts = send(connections[source], batch).receipts
                    sent += len(batch)
                    repeated += sum(1 for receipt in receipts if receipt["repeated"])
            loaded = Loaded(day, loaded.events + sent, loaded.repeated + repeated)
            on_round(loaded)
    finally:
        for connection in connections.values():
            connection.close()
    return loaded


def rounds(scale: int) -> Iterator[tuple[int, dict[str, list[Line]]]]:
    """Yield events by source, a few days at a time, with the number of the last of these days, from 1."""
    today = 1
    by_source: dict[str, list[Line]] = {}
    gathered = 0
    for event in events(SEED, scale):
        day = (datetime.fromisoformat(str(event["recordedtime"])) - START).days + 1
        if day != today and gathered >= ROUND_EVENTS:
            yield today, by_source
            by_source, gathered = {}, 0
        today = day
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        by_source.setdefault(str(event["source"]), []).append(Line(str(event["id"]), text.encode()))
        gathered += 1
    yield today, by_source
