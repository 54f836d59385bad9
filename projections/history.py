"""The facts about one person that count, up to a position: what judgements are made of. Pure; see `histories`.

Nothing is judged here. What an ended order opened, and what was voided or replaced, follows from the facts themselves,
so that whoever reads them needs no key and no other projection.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID


EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""What UTC moves out of the calendar counts as one of these."""
KEPT_BY_NOBODY = frozenset({"whosaw:Ledger", "whosaw:Policy"})
"""The roles of what a fact about no person is kept under."""
IDENTITY = ("subject.merged", "subject.split", "seal.ended", "event.corrected", "event.voided")
"""What is read of everybody, whatever is asked: it says which facts are hers, and which count."""
OWN = "/whosaw/"
"""What the sources that the ledger itself speaks as begin with."""
FORGETTING = ("subject.revoked", "subject.restored")
"""What is read of everybody who is derived, too: whoever is to be forgotten is in nobody else's answers."""

PARSED = 16_384
"""Facts that are remembered once they were parsed, by all of what was read: several projections read them, and again
with every later fact about the same person. About 64 MiB."""


class Row(NamedTuple):
    """One entry, by the name through which it is hers."""

    subject: UUID
    log_id: int
    position: int
    bytes: bytes


class Fact(NamedTuple):
    """One fact, as its emitter stated it."""

    log_id: int
    position: int
    subject: str
    """The name of hers that it is about: 32 hexadecimal digits."""
    type: str
    time: datetime
    """When it happened, in UTC."""
    stated: str
    """The same as the emitter wrote it: RFC 3339."""
    appended: datetime
    """When the ledger recorded it, in UTC."""
    written: datetime | None
    """When its emitter wrote it down, in UTC; None if it does not say."""
    source: str
    id: str
    role: str
    """What it is kept under: her part in it, or that it is about nobody."""
    cohort: bool
    """Whether it is about several people."""
    data: dict[str, Any]
    also: tuple[str, ...] = ()
    """Other names of hers that it is about, too; see `once`."""

    @property
    def sealed(self) -> bool:
        """Whether an order forbids telling of it, for as long as the order stands."""
        return self.data.get("visibility") == "sealed"

    @property
    def placed_by(self) -> str:
        """The source whose order this places or ends: an order of the same name by another source is another one."""
        return self.data.get("placed_by") or self.source

    @property
    def name(self) -> tuple[str, str]:
        """How others name it: its source and its id."""
        return self.source, self.id


class History(NamedTuple):
    """One person's facts in one log, those that count, in the order in which they were recorded."""

    log_id: int
    streams: tuple[str, ...]
    """All that are hers."""
    upto: int
    """Nothing recorded after this position is seen."""
    facts: tuple[Fact, ...]
    gone: tuple[tuple[Fact, Fact], ...] = ()
    """Those that do not count, each with the fact that says so."""
    through: tuple[str, ...] = ()
    """Names through which the streams may be one person's, of somebody who is to be forgotten."""

    @property
    def sealed(self) -> bool:
        """Whether all of it must not be told: a stream that an order sealed, and whose end has not come."""
        return all(each.sealed for each in self.facts)

    def of(self, *types: str) -> Iterator[Fact]:
        """Yield the facts of some types."""
        return (each for each in self.facts if each.type in types)

    def by_time(self, *types: str) -> list[Fact]:
        """Return the facts of some types in the order in which they happened."""
        return sorted(self.of(*types), key=lambda each: (each.time, each.position))


def moment(text: str) -> datetime:
    """Return the moment that an RFC 3339 text names, in UTC; at the ends of the calendar the last one there is."""
    found = datetime.fromisoformat(text.upper())
    try:
        return min(max(found.astimezone(UTC), EARLIEST), LATEST)
    except OverflowError:
        return EARLIEST if found.year < LATEST.year else LATEST


@lru_cache(maxsize=PARSED)
def fact(row: Row) -> Fact:
    """Return the fact that an entry says. It is not to be changed: the same one may be returned again."""
    entry: dict[str, Any] = orjson.loads(row.bytes)
    about: list[dict[str, str]] = entry.get("about") or [{}]
    written = entry.get("recordedtime")
    return Fact(
        row.log_id, row.position, row.subject.hex, entry["type"], moment(entry["time"]), entry["time"],
        moment(entry["appended"]), moment(written) if written else None, entry["source"], entry["id"],
        about[0].get("role", ""), "cohort" in entry, entry["data"],
    )  # fmt: skip


def once(facts: Iterable[Fact]) -> dict[int, Fact]:
    """Return facts by position, each once.

    One about two of her names is hers by the lower one, in whatever order they were read, and names the other.
    """
    found: dict[int, Fact] = {}
    for each in sorted(facts, key=lambda each: (each.position, each.subject)):
        first = found.get(each.position)
        found[each.position] = each if first is None else first._replace(also=(*first.also, each.subject))
    return found


def counting(facts: Iterable[Fact], elsewhere: Sequence[Fact] = ()) -> tuple[Fact, ...]:
    """Return the facts that count, by position, each once: without what was voided or replaced.

    What a correction hides, the voiding of that correction shows again. Only a later fact corrects another one.
    """
    known, gone = _settled(facts, elsewhere)
    return tuple(known[position] for position in sorted(known) if position not in gone)


def openings(facts: Iterable[Fact]) -> dict[str, str]:
    """Return the streams that ended orders opened, each with whom it is about."""
    return {each.data["stream"]: each.subject for each in facts if ended(each)}


def ended(each: Fact) -> bool:
    """Return whether a fact opens what an order hid: only the ledger itself can say so."""
    return each.type == "seal.ended" and each.source.startswith(OWN)


def whole(
    log_id: int, streams: Iterable[str], upto: int, facts: Iterable[Fact], elsewhere: Sequence[Fact] = ()
) -> History:
    """Return the history of one person, by all that is recorded about her up to a position."""
    facts = list(facts)
    known, gone = _settled(facts, elsewhere)
    opened = openings(facts)
    return History(
        log_id,
        # What stands for her is a name that questions find her by, as long as she has one.
        tuple(sorted(streams, key=lambda each: (each in opened, each))),
        upto,
        tuple(known[position] for position in sorted(known) if position not in gone),
        tuple((known[position], gone[position]) for position in sorted(gone) if position in known),
    )


def apart(
    log_id: int, streams: Iterable[str], upto: int, facts: Sequence[Fact], elsewhere: Sequence[Fact] = ()
) -> list[History]:
    """Return a person's history, and that of each stream of hers that an order still seals: they know of no other."""
    opened = openings(facts)
    by_stream: dict[str, list[Fact]] = {stream: [] for stream in streams}
    for each in facts:
        by_stream[each.subject].append(each)
    sealed = [
        stream for stream, its in by_stream.items() if its and stream not in opened and all(one.sealed for one in its)
    ]
    mine = [stream for stream in by_stream if stream not in sealed]
    return [
        whole(log_id, each, upto, [one for stream in each for one in by_stream[stream]], elsewhere)
        for each in (mine, *([stream] for stream in sealed))
    ]


def _settled(facts: Iterable[Fact], elsewhere: Sequence[Fact]) -> tuple[dict[int, Fact], dict[int, Fact]]:
    """Return all facts by position, and for each that does not count the one that says so."""
    known = once(facts)
    changes = {each.position: each for each in (*known.values(), *elsewhere) if each.type in IDENTITY[3:]}
    places = {each.name: each.position for each in (*known.values(), *elsewhere)}
    gone: dict[int, Fact] = {}
    for each in sorted(changes.values(), key=lambda each: each.position, reverse=True):
        target = places.get((each.data["target"]["source"], each.data["target"]["id"]))
        if target is None or each.position in gone or (target in changes and target >= each.position):
            continue
        if each.type == "event.voided" or each.data.get("replaced_by"):
            gone[target] = each
    return known, gone
