"""The facts about one person that count, up to a position, read from the ledger: what judgements are made of.

Nothing is judged here. Who is one person, what an ended order opened, and what was voided or replaced, follows from the
facts themselves, so that whoever reads them needs no key and no other projection.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson
from psycopg.rows import args_row, tuple_row

from projections.person import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from psycopg import Connection

    from projections.person import Person


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

# Her own by entry_stream_sequence; cohorts by member_subject, then the entry's primary key.
OF_STREAMS = """
    SELECT found.subject, e.log_id, e.position, e.bytes
    FROM (
        SELECT s.subject, o.position
        FROM unnest(%(streams)s::uuid[]) AS s (subject)
        JOIN ledger.entry AS o ON o.log_id = %(log_id)s AND o.stream = s.subject
        WHERE o.position <= %(upto)s AND o.type = ANY(%(types)s)
        UNION ALL
        SELECT m.subject, m.position
        FROM ledger.member AS m
        WHERE m.log_id = %(log_id)s AND m.subject = ANY(%(streams)s::uuid[]) AND m.position <= %(upto)s
    ) AS found
    JOIN ledger.entry AS e ON e.log_id = %(log_id)s AND e.position = found.position AND e.type = ANY(%(types)s)
    ORDER BY e.position, found.subject
"""
MEMBERS = """
    SELECT position, subject FROM ledger.member WHERE log_id = %(log_id)s AND position = ANY(%(positions)s)
"""


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


def read(
    connection: Connection[Any], log_id: int, streams: Iterable[str], upto: int, types: Sequence[str]
) -> list[Fact]:
    """Return the facts of streams, of some types and of `IDENTITY`, by position; twice if about two of them."""
    wanted = {
        "log_id": log_id,
        "streams": [UUID(hex=each) for each in streams],
        "upto": upto,
        "types": sorted({*types, *IDENTITY}),
    }
    with connection.cursor(binary=True, row_factory=args_row(Row)) as cursor:
        found = cursor.execute(OF_STREAMS, wanted, prepare=True).fetchall()
    return [each for each in map(fact, found) if each.role not in KEPT_BY_NOBODY]


def happened_by(person: Person, facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that an answer sees which asks what had happened by a time: see `happened`."""
    when = person.valid_at
    return [each for each in facts if when is None or each.time <= when or each.type in IDENTITY]


def of_person(connection: Connection[Any], person: Person, types: Sequence[str]) -> list[History]:
    """Return the history of a person as an answer sees her: one for each log that she has facts in."""
    found: list[History] = []
    for log_id in dict.fromkeys(part.log_id for part in person.parts):
        parts = [part for part in person.parts if part.log_id == log_id]
        upto = parts[0].as_of
        facts = read(connection, log_id, [part.stream for part in parts], upto, types)
        shown = once(each for each in facts if Place(log_id, each.position) not in person.hidden)
        ordered = tuple(shown[position] for position in sorted(shown))
        found.append(History(log_id, tuple(part.stream for part in parts), upto, ordered))
    return found


def histories(
    connection: Connection[Any],
    log_id: int,
    streams: Iterable[str],
    upto: int,
    types: Sequence[str],
    elsewhere: Sequence[Fact] = (),
    revoked: frozenset[str] | None = None,
) -> list[History]:
    """Return the history of everybody whose streams these are, each person once.

    Who is to be forgotten is a person of her own, whomever she was merged with; the others stay one, also through her.

    Args:
        connection: A reader's.
        log_id: Whose streams; a history is of one log.
        streams: Some of them.
        upto: Nothing recorded after this position is seen.
        types: What is asked for.
        elsewhere: Corrections that are about nobody.
        revoked: Who is to be forgotten, if it is known better than by the facts up to the position.
    """
    facts: list[Fact] = []
    members: dict[int, list[str]] = {}
    joined: dict[str, str] = {}
    hidden = revoked or frozenset[str]()
    fresh = list(dict.fromkeys(streams))
    while fresh:
        joined |= {each: each for each in fresh}
        found = read(connection, log_id, fresh, upto, [*types, *FORGETTING])
        hidden = _revoked(found, hidden) if revoked is None else hidden
        found = [each for each in found if each.type in types or each.type not in FORGETTING]
        facts += found
        members |= _members(connection, log_id, found)
        linked = {each.data["stream"] for each in found if _ended(each)}
        fresh = sorted((linked | {each for some in members.values() for each in some}) - joined.keys())
    # Only now: a split may be among the facts of any of those whom it parts.
    for one, other in _pairs(facts, members):
        joined[_root(joined, one)] = _root(joined, other)
    opened = openings(facts)
    whose = {stream: (owner in hidden, owner if owner in hidden else _root(joined, stream))
             for stream in joined for owner in (opened.get(stream, stream),)}  # fmt: skip
    persons: dict[tuple[bool, str], list[Fact]] = {}
    names: dict[tuple[bool, str], list[str]] = {}
    for stream in joined:
        names.setdefault(whose[stream], []).append(stream)
    for each in facts:
        persons.setdefault(whose[each.subject], []).append(each)
    return [
        whole(log_id, names[root], upto, persons.get(root, []), elsewhere)._replace(
            through=tuple(
                each for each in sorted(hidden & joined.keys()) if not root[0] and _root(joined, each) == root[1]
            )
        )
        for root in names
    ]


def _revoked(facts: Iterable[Fact], known: frozenset[str]) -> frozenset[str]:
    """Return the names whose last word, in facts by position, is that they are to be forgotten; and those known."""
    last = {each.subject: each.type for each in facts if each.type in FORGETTING and each.source.startswith(OWN)}
    return known | {subject for subject, kind in last.items() if kind == FORGETTING[0]}


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
    return {each.data["stream"]: each.subject for each in facts if _ended(each)}


def _ended(each: Fact) -> bool:
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


def _members(connection: Connection[Any], log_id: int, facts: Iterable[Fact]) -> dict[int, list[str]]:
    """Return for each merge among some facts whom it names."""
    members: dict[int, list[str]] = {each.position: [] for each in facts if each.type == "subject.merged"}
    if members:
        wanted = {"log_id": log_id, "positions": list(members)}
        with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            for position, subject in cursor.execute(MEMBERS, wanted, prepare=True).fetchall():
                members[position].append(subject.hex)
    return members


def _pairs(facts: Sequence[Fact], members: Mapping[int, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield pairs of streams that are one person's: by an order that ended, or by a merge that no split undid."""
    parted: dict[tuple[str, str, str], int] = {}
    for each in facts:
        if _ended(each):
            yield each.subject, each.data["stream"]
        elif each.type == "subject.split":
            name = (each.subject, each.data["undoes"]["source"], each.data["undoes"]["id"])
            parted[name] = max(each.position, parted.get(name, 0))
    for merge in {each.position: each for each in facts if each.type == "subject.merged"}.values():
        left = [each for each in members[merge.position] if parted.get((each, *merge.name), 0) < merge.position]
        yield from ((left[0], other) for other in left[1:])


def _root(joined: dict[str, str], stream: str) -> str:
    """Return the one name that stands for all of a person's."""
    while joined[stream] != stream:
        joined[stream] = joined[joined[stream]]
        stream = joined[stream]
    return stream
