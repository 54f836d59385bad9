"""One person as an answer sees her: the streams that are hers, and which of their facts do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.subject import Subject
from projections.projection import Page, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection


# By primary key.
RECORDED = """
    SELECT w.log_id, w.position, (convert_from(e.bytes, 'UTF8')::jsonb ->> 'appended')::timestamptz AT TIME ZONE 'UTC',
           e.repeat_key, e.content
    FROM unnest(%(logs)s::smallint[], %(positions)s::bigint[]) AS w (log_id, position)
    JOIN ledger.entry AS e USING (log_id, position)
"""


class Part(NamedTuple):
    """One stream that is hers."""

    log_id: int
    stream: str
    """32 hexadecimal digits."""
    as_of: int
    """Nothing recorded after this position is seen."""


class Place(NamedTuple):
    """An entry's place."""

    log_id: int
    position: int


class Person(NamedTuple):
    """One person, as an answer sees her."""

    subject: Subject
    """As she was asked for."""
    parts: tuple[Part, ...]
    """Her own stream first; then those of aliases, and those that an ended order opened."""
    hidden: frozenset[Place] = frozenset()
    """Facts that do not count."""
    joined: datetime | None = None
    """Since when her names were known to be one person's; None if she has one."""
    valid_at: datetime | None = None
    """What happened after it is among what is hidden; None if nothing is for that."""

    @property
    def as_of(self) -> int:
        """The position of her own log that the answer stands on."""
        return self.parts[0].as_of

    @property
    def logs(self) -> list[int]:
        """The logs that hold anything of hers, her own one first."""
        return list(dict.fromkeys(part.log_id for part in self.parts))


def alone(subject: Subject, as_of: int) -> Person:
    """Return a person of one stream, of which everything counts: what is in it, and nothing else."""
    return Person(subject, (Part(subject.log_id, subject.id, as_of),))


def rows(
    of_subject: Callable[..., Page[Any]],
    connection: Connection[Any],
    person: Person,
    *,
    after: Any = None,
    limit: int | None = 100,
    every: bool = False,
    **more: Any,
) -> Page[Any]:
    """Ask a question that is answered stream by stream, newest recorded first, about all that is a person's.

    Args:
        of_subject: Answers it for one stream.
        connection: A reader's.
        person: Whom.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
        every: Whether a fact about two of her names is there for each log that has an entry of it.
        more: Further arguments of the question.
    """
    if len(person.logs) > 1:
        return _over_logs(of_subject, connection, person, after, limit, every=every, **more)
    if len(person.parts) == 1 and not person.hidden:
        return of_subject(connection, person.subject, person.as_of, after=after, limit=limit, **more)
    # Whatever is hidden might have been in front of what is asked for.
    most = None if limit is None else limit + 1 + len(person.hidden)
    log_id = person.subject.log_id
    found: dict[int, Any] = {}
    for part in person.parts:
        subject = Subject(part.stream, part.log_id)
        for row in of_subject(connection, subject, part.as_of, after=after, limit=most, **more).rows:
            # A fact about two of her names is one fact.
            if Place(log_id, row.position) not in person.hidden:
                found.setdefault(row.position, row)
    newest = [found[position] for position in sorted(found, reverse=True)]
    if limit is None or len(newest) <= limit:
        return Page(newest, None)
    return Page(newest[:limit], newest[limit - 1].position)


def _over_logs(
    of_subject: Callable[..., Page[Any]],
    connection: Connection[Any],
    person: Person,
    after: Any,
    limit: int | None,
    *,
    every: bool,
    **more: Any,
) -> Page[Any]:
    """Return rows of several logs, newest recorded first. All of hers are read for each page: she has few."""
    found: dict[Place, Any] = {}
    for part in person.parts:
        subject = Subject(part.stream, part.log_id)
        for row in of_subject(connection, subject, part.as_of, limit=None, **more).rows:
            place = Place(part.log_id, row.position)
            if place not in person.hidden:
                found.setdefault(place, row)
    recorded = appended(connection, found)
    single = {place: recorded[place] for place, row in found.items() if getattr(row, "facts", 1) == 1}
    again = set[Place]() if every else repeated(person, single)
    newest = sorted(
        ((recorded[place].time.isoformat(timespec="microseconds"), *place) for place in found if place not in again),
        reverse=True,
    )
    newest = [key for key in newest if after is None or key < tuple(after)]
    page = newest if limit is None else newest[:limit]
    places = [Place(log_id, position) for _, log_id, position in page]
    following = page[-1] if len(page) < len(newest) else None
    return Page([found[place] for place in places], following, [place.log_id for place in places])


class Recorded(NamedTuple):
    """When an entry was recorded, and what tells it from others."""

    log_id: int
    position: int
    time: datetime
    repeat_key: UUID
    content: UUID


def appended(connection: Connection[Any], places: Iterable[Place]) -> dict[Place, Recorded]:
    """Return when entries were recorded; each has its time in UTC."""
    asked = list(places)
    wanted = {"logs": [each.log_id for each in asked], "positions": [each.position for each in asked]}
    return {Place(each.log_id, each.position): each for each in select(connection, RECORDED, wanted, Recorded)}


def repeated(person: Person, recorded: Mapping[Place, Recorded]) -> set[Place]:
    """Return the entries that say again what another one says: a fact about two of her names has one in each log."""
    rank = {log_id: number for number, log_id in enumerate(person.logs)}
    known: set[tuple[UUID, UUID]] = set()
    again: set[Place] = set()
    for place in sorted(recorded, key=lambda each: (rank[each.log_id], each.position)):
        name = (recorded[place].repeat_key, recorded[place].content)
        if name in known:
            again.add(place)
        known.add(name)
    return again
