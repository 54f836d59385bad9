"""Possible incidents: facts that stood in the record of somebody whom they were never about.

What was recorded about the wrong person may have been told to her, or used against her, while it stood. Whether that is
an incident, and whether it is to be notified, a person decides.

Logs have no common position: what was recorded in one while a fact of another stood is found by the times of recording.

Source: P-39.1, s. 3.5–3.8; PIPEDA, s. 10.1–10.3; SOR/2018-64, s. 6 (a record of every breach).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from ledger.subject import Subject
from projections.corrections import WRONG_SUBJECT
from projections.identity import aliases
from projections.pins import Pins, recorded_before
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from ledger.fact import KeyedHashes

# By correction_wrong; a voiding that was itself voided by correction_target. What is sealed is told to the cleared.
VOIDED = """
    SELECT c.log_id, c.position, e.stream, c.source, c.id, c.nobody, x.fact ->> 'source' AS own_source,
           x.fact ->> 'id' AS own_id, x.fact ->> 'time' AS voided, x.fact ->> 'type' AS act,
           x.fact #>> '{data,visibility}' = 'sealed' AND o.stream IS NULL AS sealed,
           x.fact #>> '{data,seal_ref}' AS seal, c.cohort
    FROM unnest(%(logs)s::smallint[], %(positions)s::bigint[]) AS p (log_id, as_of)
    JOIN projections.correction AS c ON c.log_id = p.log_id AND c.position <= p.as_of
    JOIN ledger.entry AS e ON e.log_id = c.log_id AND e.position = c.position
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    LEFT JOIN ledger.opened AS o ON o.log_id = e.log_id AND o.stream = e.stream AND o.position <= p.as_of
    WHERE c.reason = %(reason)s AND c.act = 'event.voided'
      AND NOT EXISTS (
        SELECT FROM unnest(%(logs)s::smallint[], %(positions)s::bigint[]) AS q (log_id, as_of)
        JOIN projections.correction AS later
          ON later.log_id = q.log_id AND later.source = x.fact ->> 'source' AND later.id = x.fact ->> 'id'
        WHERE later.act = 'event.voided' AND later.position <= q.as_of
          AND (later.appended, later.log_id, later.position) > (c.appended, c.log_id, c.position)
      )
    ORDER BY c.log_id, c.position
"""
# By entry_repeat_key.
MISTAKEN = """
    SELECT e.log_id, e.repeat_key, e.position, e.type, e.stream, x.fact ->> 'time' AS stated,
           x.fact #>> '{data,visibility}' = 'sealed' AND o.stream IS NULL AS sealed,
           x.fact #>> '{data,seal_ref}' AS seal, x.fact ? 'cohort' AS cohort
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    LEFT JOIN ledger.opened AS o ON o.log_id = e.log_id AND o.stream = e.stream AND o.position <= %(as_of)s
    WHERE e.log_id = %(log_id)s AND e.repeat_key = ANY (%(keys)s::uuid[]) AND e.position <= %(as_of)s
"""
# By the primary key of ledger.member.
MEMBERS = "SELECT subject FROM ledger.member WHERE log_id = %(log_id)s AND position = %(position)s ORDER BY ordinal"
# By primary keys: what an order that ended opened is told under her own id. Who is forgotten, or is to be, is nobody.
WHO = """
    SELECT t.stream, CASE WHEN o.position <= %(as_of)s THEN o.subject ELSE t.stream END AS person
    FROM unnest(%(streams)s::uuid[]) WITH ORDINALITY AS t (stream, ordinal)
    JOIN ledger.subject AS s ON s.log_id = %(log_id)s AND s.subject = t.stream
    LEFT JOIN ledger.opened AS o ON o.log_id = s.log_id AND o.stream = t.stream
    WHERE NOT EXISTS (
        SELECT FROM ledger.revoked AS r WHERE r.log_id = s.log_id AND r.subject = coalesce(o.subject, t.stream)
    )
    ORDER BY t.ordinal
"""
# Hers by the index (log_id, stream, sequence); looks by their primary key.
TOLD = """
    SELECT (
        SELECT coalesce(array_agg(x.fact #>> '{data,account_id}' ORDER BY e.position), '{}')
        FROM ledger.entry AS e
        CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
        WHERE e.log_id = %(log_id)s AND e.stream = ANY (%(streams)s::uuid[]) AND e.type = 'account.issued'
          AND e.position > %(since)s AND e.position < %(until)s
          AND (x.fact #>> '{data,position}')::bigint >= %(since)s
    ) AS accounts, (
        SELECT count(*) FROM projections.look AS l
        WHERE l.log_id = %(log_id)s AND l.subject = ANY (%(streams)s::uuid[]) AND l.act = 'ledger.queried'
          AND l.position > %(since)s AND l.position < %(until)s
    ) AS looks
"""


class Voiding(NamedTuple):
    """A fact that says that another was about the wrong person: its part in one log."""

    log_id: int
    position: int
    stream: UUID
    source: str
    id: str
    """The target, as its emitter named it."""
    nobody: bool
    own_source: str
    own_id: str
    """Its own name: the same in each log that has a part of it."""
    voided: str
    act: str
    sealed: bool | None
    seal: str | None
    cohort: int | None


class Mistaken(NamedTuple):
    """A fact about the wrong person: its part in one log."""

    log_id: int
    key: UUID
    position: int
    type: str
    stream: UUID
    stated: str
    sealed: bool | None
    seal: str | None
    cohort: bool


class Told(NamedTuple):
    """Who may have seen a fact while it stood."""

    accounts: list[str]
    looks: int


class Incident(NamedTuple):
    """One fact that stood in somebody's record by mistake: possibly an incident, until somebody decides."""

    log_id: int
    position: int
    """Of the mistaken fact; in audit answers it is still there."""
    type: str
    stated: str
    """When it happened, as its emitter wrote it. RFC 3339."""
    subjects: list[str]
    """In whose record it stood: ids, 32 hexadecimal digits each."""
    corrected: int
    """Position of the fact that voids it, in `corrected_log`."""
    corrected_log: int
    voided: str
    """When that was stated. RFC 3339."""
    accounts: list[str]
    """Accounts issued to them that told it."""
    looks: int
    """Answered questions about them while it stood: each may have shown it."""
    seals: list[str]
    """The seals behind which it is; for the cleared only."""


def possible(
    connection: Connection[Any],
    hashes: KeyedHashes,
    as_of: Mapping[int, int],
    cleared: Sequence[str] | None = (),
) -> list[Incident]:
    """Return every fact that stood in the wrong person's record, in the order in which that was found, log by log.

    A voiding may be in another log than what it voids: under another name of hers, or about nobody.

    Args:
        connection: A reader's.
        hashes: The ledger's.
        as_of: For each log the last position that is seen.
        cleared: The seals that the reader is cleared for; None for all.
    """
    logs = {"logs": list(as_of), "positions": list(as_of.values())}
    voidings = select(connection, VOIDED, logs | {"reason": WRONG_SUBJECT}, Voiding)
    facts: dict[tuple[str, str], list[Voiding]] = {}
    for each in voidings:
        facts.setdefault((each.own_source, each.own_id), []).append(each)
    keys = {(each.source, each.id): UUID(bytes=hashes.repeat_key(each.source, each.id)) for each in voidings}
    mistaken: dict[UUID, list[Mistaken]] = {}
    for log_id, position in as_of.items() if keys else ():
        wanted = {"log_id": log_id, "as_of": position, "keys": list(keys.values())}
        for one in select(connection, MISTAKEN, wanted, Mistaken):
            mistaken.setdefault(one.key, []).append(one)
    found: list[Incident] = []
    for parts in facts.values():
        for voiding, target, streams in _pairs(connection, parts, mistaken.get(keys[parts[0].source, parts[0].id], [])):
            seals = sorted({each.seal or "" for each in (target, voiding) if each.sealed})
            if cleared is None or set(seals) <= set(cleared):
                incident = _incident(connection, as_of, voiding, target, streams, seals)
                found += [incident] if incident is not None else []
    return sorted(found, key=lambda each: (each.corrected_log, each.corrected, each.log_id, each.position))


def _pairs(
    connection: Connection[Any], voiding: Sequence[Voiding], mistaken: Sequence[Mistaken]
) -> list[tuple[Voiding, Mistaken, list[UUID]]]:
    """Return each part of a mistaken fact with a part of what voids it, and the streams in which it stood by mistake.

    They are those that the voiding names, as far as the fact is about them. If it is about none of those, all of them:
    the voiding names nobody, whom it should have been about, or her by a name that she has in another log.
    """
    named = {(each.log_id, stream): each for each in voiding if not each.nobody for stream in _about(connection, each)}
    found: list[tuple[Voiding, Mistaken, list[UUID]]] = []
    others: list[tuple[Voiding, Mistaken, list[UUID]]] = []
    for each in mistaken:
        streams = _about(connection, each)
        same = next((by for by in voiding if by.log_id == each.log_id), None)
        mine = [stream for stream in streams if (each.log_id, stream) in named]
        if mine:
            found.append((named[each.log_id, mine[0]], each, mine))
        elif each.sealed and same is not None and not same.sealed and not same.nobody:
            # What is sealed is in a stream that no open voiding names: it is about whom that names.
            found.append((same, each, _about(connection, same)))
        else:
            others.append((same or voiding[0], each, streams))
    return found or others


def _about(connection: Connection[Any], each: Voiding | Mistaken) -> list[UUID]:
    """Return the streams of whom an entry is about."""
    if not each.cohort:
        return [each.stream]
    wanted = {"log_id": each.log_id, "position": each.position}
    return [row[0] for row in connection.execute(MEMBERS, wanted).fetchall()]


def _incident(
    connection: Connection[Any],
    as_of: Mapping[int, int],
    voiding: Voiding,
    target: Mistaken,
    streams: Sequence[UUID],
    seals: list[str],
) -> Incident | None:
    """Return an incident about some people; None if nobody of them is there any more, or may be named."""
    people = _there(connection, as_of, target.log_id, streams)
    if not people:
        return None
    told = [
        _told(connection, voiding, target, log_id, names)
        for log_id, names in _names(connection, as_of, target.log_id, people).items()
    ]
    return Incident(
        target.log_id, target.position, target.type, target.stated,
        list(dict.fromkeys(each.hex for each in people.values())), voiding.position, voiding.log_id, voiding.voided,
        [account for each in told for account in each.accounts], sum(each.looks for each in told), seals,
    )  # fmt: skip


def _there(
    connection: Connection[Any], as_of: Mapping[int, int], log_id: int, streams: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Return those of some streams that may be named, each with whose it is."""
    wanted = {"log_id": log_id, "streams": list(streams), "as_of": as_of[log_id]}
    return {row[0]: row[1] for row in connection.execute(WHO, wanted).fetchall()}


def _names(
    connection: Connection[Any], as_of: Mapping[int, int], home: int, people: Mapping[UUID, UUID]
) -> dict[int, list[UUID]]:
    """Return all names of some people by log: an account or an answer under any of them may have told it."""
    found: dict[int, dict[UUID, None]] = {home: dict.fromkeys(people)}
    pins = Pins(home, as_of[home], as_of)
    for person in dict.fromkeys(people.values()):
        for name in aliases(connection, Subject(person.hex, home), pins).names:
            found.setdefault(name.log_id, {})[UUID(hex=name.id)] = None
    return {log_id: list(_there(connection, as_of, log_id, list(names))) for log_id, names in found.items()}


def _told(connection: Connection[Any], voiding: Voiding, target: Mistaken, log_id: int, names: Sequence[UUID]) -> Told:
    """Return who may have seen a fact, under names of one log, while it stood."""
    since, until = target.position, voiding.position
    if target.log_id != log_id:
        since = recorded_before(connection, target.log_id, since, log_id)
    if voiding.log_id != log_id:
        until = recorded_before(connection, voiding.log_id, until, log_id) + 1
    wanted = {"log_id": log_id, "streams": list(names), "since": since, "until": until}
    (told,) = select(connection, TOLD, wanted, Told)
    return told
