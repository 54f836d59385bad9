"""Accounts that left out what an order hid: those to issue again since it has ended, and those behind one order.

An account is about all that is one person's, so what an order hid under one of her names is missing from accounts that
were issued under another one, as soon as the two were known to be one; and a later account under any of them has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.subject import Subject
from projections.identity import aliases
from projections.pins import Pins, recorded_before
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

# By the index opened_subject. Nothing is owed to who is to be forgotten.
OPENED = """
    SELECT o.log_id, o.subject, o.stream, o.position FROM ledger.opened AS o
    WHERE o.log_id = %(log_id)s AND o.position <= %(as_of)s
      AND (%(subjects)s::uuid[] IS NULL OR o.subject = ANY (%(subjects)s::uuid[]))
      AND NOT EXISTS (SELECT FROM ledger.revoked AS r WHERE r.log_id = o.log_id AND r.subject = o.subject)
    ORDER BY o.position
"""
# By primary key.
OPENED_STREAM = """
    SELECT log_id, subject, stream, position FROM ledger.opened
    WHERE log_id = %(log_id)s AND stream = %(stream)s AND position <= %(as_of)s
"""
# By the index (log_id, stream, sequence).
ISSUED = """
    SELECT e.log_id, e.stream, e.position, (x.fact #>> '{data,position}')::bigint AS covered,
           x.fact #>> '{data,account_id}' AS account, x.fact #>> '{data,language}' AS language,
           x.fact ->> 'time' AS time
    FROM unnest(%(logs)s::smallint[], %(streams)s::uuid[], %(positions)s::bigint[]) AS n (log_id, stream, as_of)
    JOIN ledger.entry AS e
      ON e.log_id = n.log_id AND e.stream = n.stream AND e.position <= n.as_of AND e.type = 'account.issued'
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    WHERE NOT EXISTS (SELECT FROM ledger.revoked AS r WHERE r.log_id = n.log_id AND r.subject = n.stream)
    ORDER BY e.log_id, e.position
"""
# Be it about her alone or about several. What a cleared reader asked is in no account.
FIRST = """
    SELECT least((
        SELECT min(s.position) FROM ledger.entry AS s
        WHERE s.log_id = %(log_id)s AND s.stream = %(stream)s AND s.type <> 'ledger.queried'
    ), (
        SELECT min(s.position) FROM ledger.member AS m
        JOIN ledger.entry AS s ON s.log_id = m.log_id AND s.position = m.position AND s.type <> 'ledger.queried'
        WHERE m.log_id = %(log_id)s AND m.subject = %(stream)s
    ))
"""


class Reissue(NamedTuple):
    """An account that has to be issued again."""

    log_id: int
    subject: UUID
    """The name of hers that it was issued under."""
    position: int
    """Of the entry that says that it was issued."""
    account: str
    language: str
    opened_log: int
    opened: int
    """Position in that log from which what was hidden may be told."""
    renewed: tuple[int, int] | None
    """Log and position of the entry that says that one was issued since; None when none was."""


class _Opened(NamedTuple):
    log_id: int
    subject: UUID
    stream: UUID
    position: int


class Issued(NamedTuple):
    """An account that was issued."""

    log_id: int
    subject: UUID
    """The name that it was issued under."""
    position: int
    """Of the entry that says so."""
    covered: int
    """The position of its log that it stands on."""
    account: str
    language: str
    time: str
    """When: RFC 3339, as stated."""


def to_reissue(
    connection: Connection[Any], as_of: Mapping[int, int], subjects: Sequence[str] | None = None
) -> list[Reissue]:
    """Return the accounts that ended orders make it necessary to issue again, and those that were.

    Args:
        connection: A reader's.
        as_of: What was known at these positions, one of each log.
        subjects: Of orders over these names alone; None for everybody's.
    """
    only = None if subjects is None else list(subjects)
    return [
        each
        for log_id, position in as_of.items()
        for opened in select(connection, OPENED, {"log_id": log_id, "as_of": position, "subjects": only}, _Opened)
        for each in _of_opened(connection, opened, as_of)
    ]


def omitting(
    connection: Connection[Any], owner: Subject, stream: Subject, as_of: Mapping[int, int]
) -> list[tuple[Issued, tuple[int, int] | None]]:
    """Return the accounts that left out what an order hides or hid, each with log and position of one issued since.

    While the order stands, none can be issued that has it.

    Args:
        connection: A reader's.
        owner: Whom the order is over.
        stream: What it sealed.
        as_of: For each log the last position up to which all of this is known.
    """
    wanted = {"log_id": stream.log_id, "stream": stream.id, "as_of": as_of[stream.log_id]}
    opened = next(iter(select(connection, OPENED_STREAM, wanted, _Opened)), None)
    return _left_out(connection, owner, stream, opened, as_of)


def _of_opened(connection: Connection[Any], opened: _Opened, as_of: Mapping[int, int]) -> list[Reissue]:
    owner, stream = (Subject(each.hex, opened.log_id) for each in (opened.subject, opened.stream))
    return [
        Reissue(
            each.log_id, each.subject, each.position, each.account, each.language, opened.log_id, opened.position,
            renewed,
        )
        for each, renewed in _left_out(connection, owner, stream, opened, as_of)
    ]  # fmt: skip


def _left_out(
    connection: Connection[Any], owner: Subject, stream: Subject, opened: _Opened | None, as_of: Mapping[int, int]
) -> list[tuple[Issued, tuple[int, int] | None]]:
    names = aliases(connection, owner, Pins(owner.log_id, as_of[owner.log_id], as_of)).names
    wanted = {
        "logs": [each.log_id for each in names], "streams": [each.id for each in names],
        "positions": [as_of[each.log_id] for each in names],
    }  # fmt: skip
    issued = [each for each in select(connection, ISSUED, wanted, Issued) if _about(connection, each, owner, as_of)]
    since = [each for each in issued if opened is not None and _came_after(connection, each, opened)]
    renewed = (since[0].log_id, since[0].position) if since else None
    row = connection.execute(FIRST, {"log_id": stream.log_id, "stream": stream.id}).fetchone()
    first = row[0] if row is not None else None
    return [
        (each, renewed)
        for each in issued
        if each not in since and first is not None and first <= _seen(connection, each, stream.log_id)
    ]


def _about(connection: Connection[Any], each: Issued, owner: Subject, as_of: Mapping[int, int]) -> bool:
    """Return whether an account told of what was recorded under a name, too."""
    name = Subject(each.subject.hex, each.log_id)
    if name == owner:
        return True
    others = {log_id: _seen(connection, each, log_id) for log_id in as_of}
    return owner in aliases(connection, name, Pins(each.log_id, each.covered, others)).names


def _seen(connection: Connection[Any], each: Issued, log_id: int) -> int:
    """Return the last position of a log that an account may have seen.

    Of another log that is what had been recorded when the account was: it stands on the newest of each log, and its
    entry names the position of its own alone.
    """
    if log_id == each.log_id:
        return each.covered
    return recorded_before(connection, each.log_id, each.position, log_id)


def _came_after(connection: Connection[Any], each: Issued, opened: _Opened) -> bool:
    """Return whether an account was issued when what was hidden could be told."""
    if each.log_id == opened.log_id:
        return each.position > opened.position
    return each.position > recorded_before(connection, opened.log_id, opened.position, each.log_id)
