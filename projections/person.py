"""One person as an answer sees her: the streams that are hers, and which of their facts do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.subject import Subject
from projections.projection import Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from psycopg import Connection


class Part(NamedTuple):
    """One stream that is hers."""

    log_id: int
    stream: str
    """32 hexadecimal digits."""
    as_of: int
    """Nothing recorded after this position is seen."""


class Person(NamedTuple):
    """One person, as an answer sees her."""

    subject: Subject
    """As she was asked for."""
    parts: tuple[Part, ...]
    """Her own stream first; then those of aliases, and those that an ended order opened."""
    hidden: frozenset[int] = frozenset()
    """Positions of facts that do not count."""
    joined: datetime | None = None
    """Since when her names were known to be one person's; None if she has one."""

    @property
    def as_of(self) -> int:
        """The position that the answer stands on."""
        return self.parts[0].as_of


def alone(subject: Subject, as_of: int) -> Person:
    """Return a person of one stream, of which everything counts: what is in it, and nothing else."""
    return Person(subject, (Part(subject.log_id, subject.id, as_of),))


def rows(
    of_subject: Callable[..., Page[Any]],
    connection: Connection[Any],
    person: Person,
    *,
    after: int | None = None,
    limit: int | None = 100,
    **more: Any,
) -> Page[Any]:
    """Ask a question that is answered stream by stream, newest recorded first, about all that is a person's.

    Args:
        of_subject: Answers it for one stream.
        connection: A reader's.
        person: Whom.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
        more: Further arguments of the question.
    """
    if len(person.parts) == 1 and not person.hidden:
        return of_subject(connection, person.subject, person.as_of, after=after, limit=limit, **more)
    # Whatever is hidden might have been in front of what is asked for.
    most = None if limit is None else limit + 1 + len(person.hidden)
    found: dict[int, Any] = {}
    for part in person.parts:
        subject = Subject(part.stream, part.log_id)
        for row in of_subject(connection, subject, part.as_of, after=after, limit=most, **more).rows:
            # A fact about two of her names is one fact.
            if row.position not in person.hidden:
                found.setdefault(row.position, row)
    newest = [found[position] for position in sorted(found, reverse=True)]
    if limit is None or len(newest) <= limit:
        return Page(newest, None)
    return Page(newest[:limit], newest[limit - 1].position)
