"""What tells two accounts of one person apart, read from the ledger: as of earlier positions, and of later ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from projections import corrections
from projections.account_sections import moments_of, sections
from projections.difference import Change, Entry, Seen, difference
from projections.history import moment
from projections.person import Place
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import Connection

    from ledger.fact import KeyedHashes
    from projections.account_rows import Language, Row
    from projections.person import Person
    from projections.resolution import Sight

# By primary key.
ENTRIES = """
    SELECT e.log_id, e.position, e.bytes
    FROM unnest(%(logs)s::smallint[], %(positions)s::bigint[]) AS w (log_id, position)
    JOIN ledger.entry AS e ON e.log_id = w.log_id AND e.position = w.position
"""


class Known(NamedTuple):
    """A person as one of the two accounts sees her."""

    person: Person
    upto: Mapping[int, int]
    """The last position of each log."""
    when: datetime
    """When that was known: what happened by then and is recorded later, arrived late."""


class _Read(NamedTuple):
    sections: dict[str, list[Row]]
    seen: Seen
    entries: dict[Place, Entry]


class _Entry(NamedTuple):
    log_id: int
    position: int
    bytes: bytes


def told_apart(
    connection: Connection[Any],
    hashes: KeyedHashes,
    then: Known,
    now: Known,
    sight: Sight,
    language: Language,
    origins: Mapping[int, str],
) -> dict[str, list[Change]]:
    """Return section by section what was added, removed and changed between two accounts of one person, and why.

    Args:
        connection: A reader's, in autocommit mode.
        hashes: The ledger's.
        then: One account's.
        now: The other's.
        sight: Of both; see `resolution`.
        language: Of labels.
        origins: Of the logs other than her own.
    """
    before, after = (_read(connection, hashes, each, sight, language, origins) for each in (then, now))
    entries = before.entries | after.entries
    named: set[Place] = set()
    for read in (before, after):
        named.update(*(row.places for some in read.sections.values() for row in some), read.seen.undone.values())
    entries |= _entries(connection, named - entries.keys())
    return {
        name: difference(before.sections[name], after.sections[name], before.seen, after.seen, entries)
        for name in after.sections
    }


def _read(
    connection: Connection[Any],
    hashes: KeyedHashes,
    known: Known,
    sight: Sight,
    language: Language,
    origins: Mapping[int, str],
) -> _Read:
    moments = moments_of(connection, known.person)
    entries = {Place(log_id, each.position): _entry(each.bytes) for log_id, each in moments}
    undone = corrections.undone(connection, hashes, known.person.parts, sight)
    seen = Seen(frozenset(entries), undone, known.upto, known.when)
    return _Read(sections(connection, known.person, moments, language, origins), seen, entries)


def _entries(connection: Connection[Any], places: Iterable[Place]) -> dict[Place, Entry]:
    """Return entries that are not in her timeline: of policies, and corrections."""
    asked = sorted(places)
    wanted = {"logs": [each.log_id for each in asked], "positions": [each.position for each in asked]}
    found = select(connection, ENTRIES, wanted, _Entry)
    return {Place(each.log_id, each.position): _entry(each.bytes) for each in found}


def _entry(stored: bytes) -> Entry:
    members: dict[str, Any] = orjson.loads(stored)
    return Entry(members["type"], members["time"], moment(members["time"]), moment(members["appended"]))
