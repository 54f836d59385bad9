"""Which facts do not count any more, since they were voided, or corrected by another fact. Nothing is edited.

A correction names its target as the target's emitter did. It counts if it is about the same person, or about nobody;
about nobody and sealed it counts for nobody, or what an order hides would show in open answers.
One person under several names may have the correction in one log and its target in another.
What a correction hides, the voiding of that correction shows again.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from projections.person import Place
from projections.projection import Fold, Projection, forgotten, select

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import Connection

    from ledger.fact import KeyedHashes
    from projections.person import Part

WRONG_SUBJECT = "whosaw:WrongSubject"

DEFINITION = """
    CREATE TABLE correction (
        log_id      smallint NOT NULL,
        subject     uuid     NOT NULL,
        position    bigint   NOT NULL,
        appended    timestamptz NOT NULL,
        act         text     NOT NULL,
        source      text     NOT NULL,
        id          text     NOT NULL,
        reason      text     NOT NULL,
        replaced    boolean  NOT NULL,
        changed     text[]   NOT NULL,
        nobody      boolean  NOT NULL,
        sealed      boolean  NOT NULL,
        cohort      integer,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX correction_cohort ON correction (log_id, position) WHERE cohort IS NOT NULL;
    CREATE INDEX correction_nobody ON correction (log_id, position) WHERE nobody;
    CREATE INDEX correction_target ON correction (log_id, source, id);
    CREATE INDEX correction_wrong ON correction (log_id, position) WHERE reason = 'whosaw:WrongSubject'
"""
FOLD = """
    INSERT INTO correction
    SELECT e.log_id, e.stream, e.position, (x.fact ->> 'appended')::timestamptz, e.type,
           d.target ->> 'source', d.target ->> 'id', d.reason,
           d.replaced_by IS NOT NULL, coalesce(d.changed, '{}'),
           coalesce(x.fact #>> '{about,0,role}' = 'whosaw:Ledger', false), coalesce(d.visibility = 'sealed', false),
           (x.fact #>> '{cohort,size}')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        target jsonb, reason text, replaced_by jsonb, changed text[], visibility text
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM correction AS t GROUP BY log_id
"""
# Hers by primary key, cohorts' by member_subject, nobody's by their index.
OF_STREAMS = """
    SELECT log_id, position, appended, act, source, id, reason, replaced FROM projections.correction
    WHERE log_id = %(log_id)s AND subject = ANY (%(streams)s::uuid[]) AND position <= %(as_of)s
    UNION
    SELECT c.log_id, c.position, c.appended, c.act, c.source, c.id, c.reason, c.replaced
    FROM ledger.member AS m
    JOIN projections.correction AS c ON c.log_id = m.log_id AND c.position = m.position AND c.cohort IS NOT NULL
    WHERE m.log_id = %(log_id)s AND m.subject = ANY (%(streams)s::uuid[]) AND m.position <= %(as_of)s
    UNION
    SELECT log_id, position, appended, act, source, id, reason, replaced FROM projections.correction
    WHERE log_id = %(log_id)s AND nobody AND NOT sealed AND position <= %(as_of)s
"""
# By entry_repeat_key: what is hers, alone or among others, and corrections.
TARGETS = """
    SELECT e.repeat_key, e.log_id, e.position FROM ledger.entry AS e
    WHERE e.log_id = %(log_id)s AND e.repeat_key = ANY (%(keys)s::uuid[]) AND e.position <= %(as_of)s
      AND (e.stream = ANY (%(streams)s::uuid[]) OR e.type IN ('event.corrected', 'event.voided') OR EXISTS (
        SELECT FROM ledger.member AS m
        WHERE m.log_id = e.log_id AND m.position = e.position AND m.subject = ANY (%(streams)s::uuid[])
      ))
"""

CORRECTIONS = Projection(
    name="corrections",
    version=4,
    tables=("correction",),
    definition=DEFINITION,
    folds=(Fold(("event.corrected", "event.voided"), FOLD), forgotten("correction")),
    digest=DIGEST,
)


class Correction(NamedTuple):
    """One fact that says that another is wrong."""

    log_id: int
    position: int
    appended: datetime
    act: str
    source: str
    id: str
    """The target, as its emitter named it."""
    reason: str
    replaced: bool
    """Whether another fact says it right; otherwise the target stands, with what is wrong in it named."""


def hidden(connection: Connection[Any], hashes: KeyedHashes, parts: Sequence[Part], sight: str) -> frozenset[Place]:
    """Return the facts about a person that do not count; the arguments are those of `undone`."""
    return frozenset(undone(connection, hashes, parts, sight))


def undone(connection: Connection[Any], hashes: KeyedHashes, parts: Sequence[Part], sight: str) -> dict[Place, Place]:
    """Return the facts about a person that do not count, each with the newest one that says so.

    Args:
        connection: A reader's.
        hashes: The ledger's.
        parts: All streams that are hers, with the position each is seen up to.
        sight: current: all that was voided or replaced. stated: only what was never about her. audit: nothing.
    """
    if sight == "audit":
        return {}
    asked = _by_log(parts)
    found = [each for wanted in asked for each in select(connection, OF_STREAMS, wanted, Correction)]
    if not found:
        return {}
    found.sort(key=attrgetter("appended", "log_id", "position"))
    keys = {Place(each.log_id, each.position): hashes.repeat_key(each.source, each.id) for each in found}
    order = {place: number for number, place in enumerate(keys)}
    places: dict[bytes, list[Place]] = {}
    for wanted in asked:
        named = wanted | {"keys": [UUID(bytes=key) for key in keys.values()]}
        for key, *place in connection.execute(TARGETS, named).fetchall():
            places.setdefault(key.bytes, []).append(Place(*place))
    # Newest first, so that whether a correction counts is known before what it corrects; only a later one corrects it.
    gone: dict[Place, Place] = {}
    not_asked: set[Place] = set()
    for each in reversed(found):
        place = Place(each.log_id, each.position)
        never_hers = each.act == "event.voided" and each.reason == WRONG_SUBJECT
        if place in gone or not (each.act == "event.voided" or each.replaced):
            continue
        for target in places.get(keys[place], ()):
            undoing = target in order
            if (undoing and order[target] >= order[place]) or not (sight == "current" or undoing or never_hers):
                continue
            gone.setdefault(target, place)
            if undoing and sight == "stated":
                not_asked.add(target)
    return {target: place for target, place in gone.items() if target not in not_asked}


def _by_log(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return what is to be asked of each log: her streams in it, and the position."""
    found: dict[int, dict[str, Any]] = {}
    for part in parts:
        wanted = found.setdefault(part.log_id, {"log_id": part.log_id, "streams": [], "as_of": part.as_of})
        wanted["streams"].append(UUID(hex=part.stream))
    return list(found.values())
