"""Which facts do not count any more, since they were voided, or corrected by another fact. Nothing is edited.

A correction names its target as the target's emitter did. It counts if it is about the same person, or about nobody.
What a correction hides, the voiding of that correction shows again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from projections.projection import Fold, Projection, forgotten, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from ledger.fact import KeyedHashes

WRONG_SUBJECT = "whosaw:WrongSubject"

DEFINITION = """
    CREATE TABLE correction (
        log_id      smallint NOT NULL,
        subject     uuid     NOT NULL,
        position    bigint   NOT NULL,
        act         text     NOT NULL,
        source      text     NOT NULL,
        id          text     NOT NULL,
        reason      text     NOT NULL,
        replaced    boolean  NOT NULL,
        changed     text[]   NOT NULL,
        nobody      boolean  NOT NULL,
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
    SELECT e.log_id, e.stream, e.position, e.type, d.target ->> 'source', d.target ->> 'id', d.reason,
           d.replaced_by IS NOT NULL, coalesce(d.changed, '{}'),
           coalesce(x.fact #>> '{about,0,role}' = 'whosaw:Ledger', false), (x.fact #>> '{cohort,size}')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        target jsonb, reason text, replaced_by jsonb, changed text[]
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM correction AS t GROUP BY log_id
"""
# Hers by primary key, cohorts' by member_subject, nobody's by their index.
OF_STREAMS = """
    SELECT position, act, source, id, reason, replaced FROM projections.correction
    WHERE log_id = %(log_id)s AND subject = ANY (%(streams)s::uuid[]) AND position <= %(as_of)s
    UNION
    SELECT c.position, c.act, c.source, c.id, c.reason, c.replaced
    FROM ledger.member AS m
    JOIN projections.correction AS c ON c.log_id = m.log_id AND c.position = m.position AND c.cohort IS NOT NULL
    WHERE m.log_id = %(log_id)s AND m.subject = ANY (%(streams)s::uuid[]) AND m.position <= %(as_of)s
    UNION
    SELECT position, act, source, id, reason, replaced FROM projections.correction
    WHERE log_id = %(log_id)s AND nobody AND position <= %(as_of)s
    ORDER BY position
"""
# By entry_repeat_key: what is hers, alone or among others, and corrections.
TARGETS = """
    SELECT e.repeat_key, e.position FROM ledger.entry AS e
    WHERE e.log_id = %(log_id)s AND e.repeat_key = ANY (%(keys)s::uuid[]) AND e.position <= %(as_of)s
      AND (e.stream = ANY (%(streams)s::uuid[]) OR e.type IN ('event.corrected', 'event.voided') OR EXISTS (
        SELECT FROM ledger.member AS m
        WHERE m.log_id = e.log_id AND m.position = e.position AND m.subject = ANY (%(streams)s::uuid[])
      ))
"""

CORRECTIONS = Projection(
    name="corrections",
    version=2,
    tables=("correction",),
    definition=DEFINITION,
    folds=(Fold(("event.corrected", "event.voided"), FOLD), forgotten("correction")),
    digest=DIGEST,
)


class Correction(NamedTuple):
    """One fact that says that another is wrong."""

    position: int
    act: str
    source: str
    id: str
    """The target, as its emitter named it."""
    reason: str
    replaced: bool
    """Whether another fact says it right; otherwise the target stands, with what is wrong in it named."""


def hidden(
    connection: Connection[Any],
    hashes: KeyedHashes,
    log_id: int,
    streams: Sequence[str],
    as_of: int,
    sight: str,
) -> frozenset[int]:
    """Return the positions of facts about a person that do not count.

    Args:
        connection: A reader's.
        hashes: The ledger's.
        log_id: Hers.
        streams: All that are hers.
        as_of: Nothing recorded after this position is seen.
        sight: current: all that was voided or replaced. stated: only what was never about her. audit: nothing.
    """
    if sight == "audit":
        return frozenset()
    wanted = {"log_id": log_id, "streams": [UUID(hex=each) for each in streams], "as_of": as_of}
    found = select(connection, OF_STREAMS, wanted, Correction)
    if not found:
        return frozenset()
    keys = {each.position: hashes.repeat_key(each.source, each.id) for each in found}
    asked = wanted | {"keys": [UUID(bytes=key) for key in keys.values()]}
    places = {key.bytes: position for key, position in connection.execute(TARGETS, asked).fetchall()}
    # Newest first, so that whether a correction counts is known before what it corrects; only a later one corrects it.
    gone: set[int] = set()
    undone: set[int] = set()
    for each in reversed(found):
        target = places.get(keys[each.position])
        undoing = target in keys
        if target is None or each.position in gone or (undoing and target >= each.position):
            continue
        never_hers = each.act == "event.voided" and each.reason == WRONG_SUBJECT
        if (each.act == "event.voided" or each.replaced) and (sight == "current" or undoing or never_hers):
            gone.add(target)
            if undoing and sight == "stated":
                undone.add(target)
    return frozenset(gone - undone)
