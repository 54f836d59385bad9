"""From an event, as a service sends it, to a fact, as the ledger records it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.fact import Fact, KeyedHashes, Reference, about, make_fact
from ledger.vocabulary import clear_bytes, is_sealed, linked, references, seal_of, target, unlinked, wrong_subject

if TYPE_CHECKING:
    from ledger.vocabulary import Event


def fact_of(hashes: KeyedHashes, event: Event, emitter: str) -> Fact:
    """Return the fact of a validated event.

    Args:
        hashes: The ledger's keyed hashes.
        event: Not changed.
        emitter: Which key sent it.

    Raises:
        InvalidFact: More bytes than an entry holds. A retry does not help.
    """
    link, unlink = linked(event), unlinked(event)
    return make_fact(
        hashes,
        source=event.source,
        id=event.id,
        type=event.type,
        clear=clear_bytes(event, hashes.actor),
        emitter=emitter,
        about=[about(hashes, Reference(each.kind, each.value), each.role, each.private) for each in references(event)],
        sealed=is_sealed(event),
        seal=seal_of(event),
        link=Reference(link.kind, link.value) if link is not None else None,
        unlink=Reference(unlink.kind, unlink.value) if unlink is not None else None,
        target=target(event),
        wrong=wrong_subject(event),
    )
