"""All that may be one person, for a decision to destroy: also by merges behind seals, and through forgotten names.

What holds one name of hers holds all, and the strictest wins. A merge that an order seals, or that joins her through a
name which was forgotten since, is in no answer; but to destroy in spite of a hold over a name of hers could not be
undone. Nothing of this may reach an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from ledger.subject import Subject
from projections.identity import Merge, joined, merges
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection

    from ledger.fact import KeyedHashes
    from ledger.subject import Sealed
    from projections.pins import Pins

# By erased_link_merge and the primary key, then the entry's primary key.
THROUGH = """
    SELECT DISTINCT x.fact ->> 'source' AS source, x.fact ->> 'id' AS id, e.content
    FROM unnest(%(keys)s::uuid[], %(contents)s::uuid[]) AS w (repeat_key, content)
    CROSS JOIN ledger.log AS l
    JOIN ledger.erased_link AS k ON k.log_id = l.log_id AND k.repeat_key = w.repeat_key AND k.content = w.content
    CROSS JOIN ledger.log AS m
    JOIN ledger.erased_link AS o ON o.log_id = m.log_id AND o.token = k.token
    JOIN ledger.entry AS e ON e.log_id = o.log_id AND e.position = o.position
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
"""


class Behind(Protocol):
    """What only the ledger knows: which streams are whose, behind seals."""

    hashes: KeyedHashes

    def sealed_streams(self, subject: Subject) -> Sequence[Sealed]:
        """Return a person's sealed streams."""
        ...

    def sealed_owner(self, log_id: int, stream: str) -> Subject | None:
        """Return whose sealed stream this is; None if it is none."""
        ...


def everybody(connection: Connection[Any], ledger: Behind, subject: Subject, pins: Pins) -> list[Subject]:
    """Return all subjects that may be one person, the one asked for first.

    Args:
        connection: A reader's.
        ledger: Hers.
        subject: Whom.
        pins: For each log the last position that is seen.
    """
    names: dict[Subject, None] = {subject: None}
    known: dict[Merge, None] = {}
    fresh = [subject]
    while fresh:
        streams = [*fresh, *(Subject(one.stream, each.log_id) for each in fresh for one in ledger.sealed_streams(each))]
        more = [each for each in merges(connection, streams, pins) if each not in known]
        found: list[Merge] = []
        while more:
            known |= dict.fromkeys(more)
            found += more
            more = [each for each in _through_the_forgotten(connection, ledger.hashes, more) if each not in known]
        rows = joined(connection, found, pins) if found else []
        owners = _owners(ledger, (Subject(row.subject.hex, row.log_id) for row in rows))
        fresh = [each for each in owners if each not in names]
        names |= dict.fromkeys(fresh)
    return list(names)


def _through_the_forgotten(connection: Connection[Any], hashes: KeyedHashes, known: Sequence[Merge]) -> list[Merge]:
    wanted = {
        "keys": [UUID(bytes=hashes.repeat_key(each.source, each.id)) for each in known],
        "contents": [each.content for each in known],
    }
    return select(connection, THROUGH, wanted, Merge)


def _owners(ledger: Behind, streams: Iterable[Subject]) -> dict[Subject, None]:
    """Return whose streams these are: a merge behind a seal joins sealed streams."""
    return dict.fromkeys(ledger.sealed_owner(each.log_id, each.id) or each for each in dict.fromkeys(streams))
