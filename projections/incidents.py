"""Possible incidents: facts that stood in the record of somebody whom they were never about.

What was recorded about the wrong person may have been told to her, or used against her, while it stood. Whether that is
an incident, and whether it is to be notified, a person decides.

Source: P-39.1, s. 3.5–3.8; PIPEDA, s. 10.1–10.3; SOR/2018-64, s. 6 (a record of every breach).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from projections.corrections import WRONG_SUBJECT
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from ledger.fact import KeyedHashes

# By correction_wrong; a voiding that was itself voided by correction_target. What is sealed is told to the cleared.
VOIDED = """
    SELECT c.position, e.stream, c.source, c.id, c.nobody, x.fact ->> 'time' AS voided, x.fact ->> 'type' AS act,
           x.fact #>> '{data,visibility}' = 'sealed' AND o.stream IS NULL AS sealed,
           x.fact #>> '{data,seal_ref}' AS seal, c.cohort
    FROM projections.correction AS c
    JOIN ledger.entry AS e ON e.log_id = c.log_id AND e.position = c.position
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    LEFT JOIN ledger.opened AS o ON o.log_id = e.log_id AND o.stream = e.stream
    WHERE c.log_id = %(log_id)s AND c.reason = %(reason)s AND c.act = 'event.voided' AND c.position <= %(as_of)s
      AND NOT EXISTS (
        SELECT FROM projections.correction AS later
        WHERE later.log_id = c.log_id AND later.source = x.fact ->> 'source' AND later.id = x.fact ->> 'id'
          AND later.act = 'event.voided' AND later.position > c.position AND later.position <= %(as_of)s
      )
    ORDER BY c.position
"""
# By entry_repeat_key.
MISTAKEN = """
    SELECT e.repeat_key, e.position, e.type, e.stream, x.fact ->> 'time' AS stated,
           x.fact #>> '{data,visibility}' = 'sealed' AND o.stream IS NULL AS sealed,
           x.fact #>> '{data,seal_ref}' AS seal, x.fact ? 'cohort' AS cohort
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    LEFT JOIN ledger.opened AS o ON o.log_id = e.log_id AND o.stream = e.stream
    WHERE e.log_id = %(log_id)s AND e.repeat_key = ANY (%(keys)s::uuid[]) AND e.position <= %(as_of)s
"""
# By the primary key of ledger.member.
MEMBERS = "SELECT subject FROM ledger.member WHERE log_id = %(log_id)s AND position = %(position)s ORDER BY ordinal"
# By primary keys: what an ended order opened is told under her own id; who was forgotten, or is to be, is nobody.
WHO = """
    SELECT t.stream, coalesce(o.subject, t.stream) AS person
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
    """A fact that says that another was about the wrong person."""

    position: int
    stream: UUID
    source: str
    id: str
    """The target, as its emitter named it."""
    nobody: bool
    voided: str
    act: str
    sealed: bool | None
    seal: str | None
    cohort: int | None


class Mistaken(NamedTuple):
    """A fact about the wrong person."""

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
    """Position of the fact that voids it."""
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

    Args:
        connection: A reader's.
        hashes: The ledger's.
        as_of: For each log the last position that is seen.
        cleared: The seals that the reader is cleared for; None for all.
    """
    found: list[Incident] = []
    for log_id, position in as_of.items():
        seen = {"log_id": log_id, "as_of": position, "reason": WRONG_SUBJECT}
        voidings = select(connection, VOIDED, seen, Voiding)
        keys = {each.position: UUID(bytes=hashes.repeat_key(each.source, each.id)) for each in voidings}
        mistaken = {
            each.key: each for each in select(connection, MISTAKEN, seen | {"keys": list(keys.values())}, Mistaken)
        }
        for each in voidings:
            target = mistaken.get(keys[each.position])
            if target is None:
                continue
            seals = [one.seal or "" for one in (target, each) if one.sealed]
            if cleared is None or set(seals) <= set(cleared):
                incident = _incident(connection, log_id, each, target, sorted(set(seals)))
                found += [incident] if incident is not None else []
    return found


def _incident(
    connection: Connection[Any], log_id: int, voiding: Voiding, target: Mistaken, seals: list[str]
) -> Incident | None:
    """Return an incident: about whom the voiding names, if it names anybody; else about all that the fact names.

    None if nobody of them is there any more, or may be named.
    """
    named = voiding if not voiding.nobody else target
    streams = [named.stream]
    if named.cohort:
        wanted = {"log_id": log_id, "position": named.position}
        streams = [row[0] for row in connection.execute(MEMBERS, wanted).fetchall()]
    people = {row[0]: row[1] for row in connection.execute(WHO, {"log_id": log_id, "streams": streams}).fetchall()}
    if not people:
        return None
    window = {"log_id": log_id, "streams": list(people), "since": target.position, "until": voiding.position}
    (told,) = select(connection, TOLD, window, Told)
    return Incident(
        log_id, target.position, target.type, target.stated, [each.hex for each in people.values()],
        voiding.position, voiding.voided, told.accounts, told.looks, seals,
    )  # fmt: skip
