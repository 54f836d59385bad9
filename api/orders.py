"""Which orders not to tell count: what was said of one by mistake, and voided or corrected since, does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.subject import Subject
from projections import corrections, identity, seals
from projections.person import Part, Place
from projections.pins import Pins

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import Connection

    from ledger import Ledger
    from projections.seals import Seal

READ = ("seals", "corrections", "identity")


def register(
    ledger: Ledger, connection: Connection[Any], as_of: Mapping[int, int], valid_at: datetime | None = None
) -> list[Seal]:
    """Return every order over every person, by when it was placed, without what does not count.

    Args:
        ledger: Whose.
        connection: A reader's.
        as_of: For each log the last position that is seen; at most what `progress.reached` says of `READ`.
        valid_at: What happened later is not seen; None for all that is recorded.
    """
    gone = {place: _gone(ledger, connection, *place, as_of) for place in seals.doubted(connection, as_of)}
    return seals.orders(seals.changes(connection, as_of, valid_at), gone)


def _gone(
    ledger: Ledger, connection: Connection[Any], log_id: int, stream: str, as_of: Mapping[int, int]
) -> frozenset[Place]:
    """Return what does not count of all that is hers whom a sealed stream is about, whatever seal it is behind."""
    owner = ledger.sealed_owner(log_id, stream)
    if owner is None:
        return frozenset()  # she was forgotten: it leads to nobody
    names = identity.aliases(connection, owner, Pins(owner.log_id, as_of[owner.log_id], as_of)).names
    behind = [Subject(each.stream, name.log_id) for name in names for each in ledger.sealed_streams(name)]
    parts = [Part(each.log_id, each.id, as_of[each.log_id]) for each in (*names, *behind)]
    return corrections.hidden(connection, ledger.hashes, parts, "current")
