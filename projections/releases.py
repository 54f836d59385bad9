"""Whether a person is told which employees looked at her data, as it was decided on each request of hers.

Source: CJEU C-579/21: names are told only where that is indispensable to her, and their rights are weighed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections import histories

if TYPE_CHECKING:
    from psycopg import Connection

    from projections.person import Person

TYPE = "identity.release_decided"


class Release(NamedTuple):
    """A decision on one request."""

    request: str
    """The company's name for it."""
    release: str
    """released or withheld."""
    reason: str
    """A code."""
    time: str
    """RFC 3339, with the offset that the emitter wrote."""
    log_id: int
    position: int


def of_person(connection: Connection[Any], person: Person) -> list[Release]:
    """Return what stands decided on each request of a person, by time; the latest decision counts."""
    facts = [each for its in histories.of_person(connection, person, [TYPE]) for each in its.of(TYPE)]
    ordered = sorted(facts, key=lambda each: (each.time, each.log_id, each.position))
    latest = {each.data["request_id"]: each for each in ordered}
    return [
        Release(request, each.data["release"], each.data["reason"], each.stated, each.log_id, each.position)
        for request, each in latest.items()
    ]  # fmt: skip
