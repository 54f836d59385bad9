"""Everything that is one person's at a position.

Facts never change their subject. Who turned out to be one person, what an ended order opened, and what was voided or
corrected since, is resolved here, when somebody asks, as of the position that is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, LiteralString
from uuid import UUID

from ledger.subject import Subject
from projections import corrections, happened, identity
from projections.person import Part, Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from psycopg import Connection

    from ledger.fact import KeyedHashes
    from projections.pins import Pins

Sight = Literal["current", "stated", "audit"]
"""current: what is true as far as is known. stated: as it was first recorded. audit: both, and what changed it."""

OPENED = """
    SELECT o.log_id, o.stream
    FROM unnest(%(logs)s::smallint[], %(subjects)s::uuid[], %(positions)s::bigint[]) AS p (log_id, subject, as_of)
    JOIN ledger.opened AS o ON o.log_id = p.log_id AND o.subject = p.subject AND o.position <= p.as_of
    ORDER BY o.log_id, o.position
"""
REVOKED = """
    SELECT r.log_id, r.subject
    FROM unnest(%(logs)s::smallint[], %(subjects)s::uuid[]) AS p (log_id, subject)
    JOIN ledger.revoked AS r USING (log_id, subject)
"""


def person_of(
    connection: Connection[Any],
    hashes: KeyedHashes,
    subject: Subject,
    pins: Pins,
    sight: Sight = "current",
    sealed: Iterable[Subject] = (),
    valid_at: datetime | None = None,
    *,
    revoked: bool = False,
) -> Person:
    """Return all that is a person's as of a position of each log.

    Args:
        connection: A reader's.
        hashes: The ledger's: a correction names its target as its emitter did.
        subject: Whom, by any of her ids.
        pins: Nothing recorded after these positions is seen; at most what `progress.reached` says.
        sight: Whether what was voided or replaced counts.
        sealed: Sealed streams that the reader is cleared for; none for anybody else.
        valid_at: Nothing that happened after this time is seen.
        revoked: Whether other names of hers count that are to be forgotten: for no answer they do.

    Raises:
        BehindError: Another log that holds something of hers is not folded as far. A retry helps.
    """
    names, joined = identity.aliases(connection, subject, pins)
    if len(names) > 1 and not revoked:
        gone = _found(connection, REVOKED, names[1:])
        names = [name for name in names if name not in gone]
    positions = [pins.of(connection, name.log_id) for name in names]
    opened = _found(connection, OPENED, names, positions)
    streams = list(dict.fromkeys((*names, *opened, *sealed)))
    parts = tuple(Part(each.log_id, each.id, pins.of(connection, each.log_id)) for each in streams)
    hidden = corrections.hidden(connection, hashes, parts, sight)
    if valid_at is not None:
        hidden |= happened.later(connection, parts, valid_at)
    return Person(subject, parts, hidden, joined if len(names) > 1 else None, valid_at)


def _found(
    connection: Connection[Any], statement: LiteralString, names: list[Subject], positions: Sequence[int] = ()
) -> list[Subject]:
    wanted = {
        "logs": [name.log_id for name in names],
        "subjects": [UUID(hex=name.id) for name in names],
        "positions": list(positions),
    }
    rows = connection.execute(statement, wanted, prepare=True).fetchall()
    return [Subject(stream.hex, log_id) for log_id, stream in rows]
