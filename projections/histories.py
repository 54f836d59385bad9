"""Reads histories from the ledger: of a person as an answer sees her, or of everybody whose streams some are.

Who is one person follows from the facts themselves: merges that no split undid, and orders that ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.rows import args_row, tuple_row

from projections.history import (
    FORGETTING,
    IDENTITY,
    KEPT_BY_NOBODY,
    OWN,
    History,
    Row,
    ended,
    fact,
    once,
    openings,
    whole,
)
from projections.person import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from psycopg import Connection

    from projections.history import Fact
    from projections.person import Person

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
        linked = {each.data["stream"] for each in found if ended(each)}
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
        if ended(each):
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
