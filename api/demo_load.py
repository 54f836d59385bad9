"""Load the sample company as its services would: each with its own key, over HTTP, day by day, in order of time."""

from __future__ import annotations

import json
from collections import defaultdict
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


class Loaded(NamedTuple):
    """How far the loading is."""

    days: int
    """Days of the sample that are recorded, at most `DAYS`."""
    events: int
    """Events sent."""
    repeated: int
    """Events that had been recorded before."""


def load(url: str, keys: Mapping[str, str], scale: int, on_day: Callable[[Loaded], None]) -> Loaded:
    """Send the whole sample. Safe to repeat: what was recorded before is only recognised.

    Args:
        url: The server's.
        keys: An emitter's key for each source of the sample.
        scale: 1, 10 or 100.
        on_day: Called after each day of the sample.

    Raises:
        Failure: The server refused an event or does not answer.
    """
    connections = {source: Connection(url, keys[source]) for source in SOURCES}
    loaded = Loaded(0, 0, 0)
    try:
        for day, by_source in days(scale):
            sent = repeated = 0
            for source in SOURCES:
                for batch in batches(by_source.get(source, [])):
                    receipts = send(connections[source], batch).receipts
                    sent += len(batch)
                    repeated += sum(1 for receipt in receipts if receipt["repeated"])
            loaded = Loaded(day, loaded.events + sent, loaded.repeated + repeated)
            on_day(loaded)
    finally:
        for connection in connections.values():
            connection.close()
    return loaded


def days(scale: int) -> Iterator[tuple[int, dict[str, list[Line]]]]:
    """Yield each day's number, from 1, and its events by source."""
    today = 1
    by_source: defaultdict[str, list[Line]] = defaultdict(list)
    for event in events(SEED, scale):
        day = (datetime.fromisoformat(str(event["time"])) - START).days + 1
        if day != today:
            yield today, by_source
            today, by_source = day, defaultdict(list)
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        by_source[str(event["source"])].append(Line(str(event["id"]), text.encode()))
    yield today, by_source
