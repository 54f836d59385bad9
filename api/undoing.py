"""What joins and parts names is undone by an event of its own: voiding it would change nothing, and is refused.

Whether it is refused depends on the type of what is to be voided alone, never on whom that is about or on an order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from api.problems import Problem
from ledger.vocabulary.ledger_facts import EventCorrected, EventVoided
from ledger.vocabulary.problems import MOST_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.state import State
    from ledger.vocabulary import Event

INSTEAD = {
    "subject.merged": "subject.split",
    "subject.split": "subject.merged",
    "subject.identifier_linked": "subject.identifier_unlinked",
    "subject.identifier_unlinked": "subject.identifier_linked",
}
"""What to send instead of a voiding of each."""
# By entry_repeat_key, one look-up a log.
TYPES = """
    SELECT e.repeat_key, min(e.type)
    FROM ledger.log AS l
    CROSS JOIN unnest(%s::uuid[]) AS wanted (repeat_key)
    JOIN ledger.entry AS e ON e.log_id = l.log_id AND e.repeat_key = wanted.repeat_key
    GROUP BY e.repeat_key
"""


def refuse_names(events: Sequence[Event], state: State, *, single: bool) -> None:
    """Refuse to void, or to replace, what joins or parts names; what was recorded before is repeated as ever.

    Raises:
        Problem: One does; it says which event to send instead.
    """
    undoing = {
        index: event
        for index, event in enumerate(events)
        if isinstance(event.data, EventVoided)
        or (isinstance(event.data, EventCorrected) and event.data.replaced_by is not None)
    }
    if not undoing:
        return
    key = state.ledger.hashes.repeat_key
    known = {key(event.source, event.id): event.type for event in events if event.type in INSTEAD}
    targets: dict[int, bytes] = {}
    for index, event in undoing.items():
        if isinstance(event.data, EventCorrected | EventVoided):
            targets[index] = key(event.data.target.source, event.data.target.id)
    own = {index: key(event.source, event.id) for index, event in undoing.items()}
    with state.ledger.connection() as connection:
        wanted = [UUID(bytes=each) for each in (*targets.values(), *own.values())]
        found = {row[0].bytes: row[1] for row in connection.execute(TYPES, (wanted,), prepare=True).fetchall()}
    errors = [
        {
            "pointer": "/data/target" if single else f"/{index}/data/target",
            "code": "other-event",
            "detail": f"expected {INSTEAD[kind]}, which is what undoes {kind}",
        }
        for index, target in targets.items()
        if own[index] not in found and (kind := found.get(target, known.get(target, ""))) in INSTEAD
    ]
    if errors:
        raise Problem("other-event", errors=errors[:MOST_PROBLEMS])
