"""Everything that is one person's at a position.

Facts never change their subject. Who turned out to be one person, what an ended order opened, and what was voided or
corrected since, is resolved here, when somebody asks, as of the position that is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from psycopg.rows import scalar_row

from projections import corrections, identity
from projections.person import Part, Person

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection

    from ledger.fact import KeyedHashes
    from ledger.subject import Subject

Sight = Literal["current", "stated", "audit"]
"""current: what is true as far as is known. stated: as it was first recorded. audit: both, and what changed it."""

OPENED = """
    SELECT stream::text FROM ledger.opened
    WHERE log_id = %b AND subject = ANY (%b::uuid[]) AND position <= %b ORDER BY position
"""
REVOKED = "SELECT subject FROM ledger.revoked WHERE log_id = %b AND subject = ANY (%b::uuid[])"


def person_of(
    connection: Connection[Any],
    hashes: KeyedHashes,
    subject: Subject,
    as_of: int,
    sight: Sight = "current",
    sealed: Iterable[str] = (),
) -> Person:
    """Return all that is a person's as of a position of her log.

    Args:
        connection: A reader's.
        hashes: The ledger's: a correction names its target as its emitter did.
        subject: Whom, by any of her ids.
        as_of: Nothing recorded after this position is seen; at most what `progress.reached` says.
        sight: Whether what was voided or replaced counts.
        sealed: Sealed streams that the reader is cleared for; none for anybody else.
    """
    names = identity.aliases(connection, subject, as_of)
    others = [name for name in names if name != subject.id]
    if others:
        wanted = [UUID(hex=name) for name in others]
        gone = {each[0].hex for each in connection.execute(REVOKED, (subject.log_id, wanted)).fetchall()}
        others = [name for name in others if name not in gone]
    with connection.cursor(row_factory=scalar_row) as cursor:
        mine = [UUID(hex=name) for name in (subject.id, *others)]
        opened = [UUID(each).hex for each in cursor.execute(OPENED, (subject.log_id, mine, as_of)).fetchall()]
    streams = list(dict.fromkeys((subject.id, *others, *opened, *sealed)))
    parts = tuple(Part(subject.log_id, stream, as_of) for stream in streams)
    hidden = corrections.hidden(connection, hashes, subject.log_id, streams, as_of, sight)
    return Person(subject, parts, hidden)
