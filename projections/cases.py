"""Everything that belongs to one case, in the order in which it was recorded: its chain of custody.

One narrow row for each entry that names a case (`correlationid`). Of all others only the members before their data are
looked at.
"""

from __future__ import annotations

from datetime import datetime
from heapq import merge
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.projection import Fold, Projection, forgotten, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

READ = ("cases", "corrections")
"""The projections that the answer stands on."""
DEFINITION = """
    CREATE TABLE case_entry (
        log_id      smallint NOT NULL,
        subject     uuid     NOT NULL,
        position    bigint   NOT NULL,
        correlation text     NOT NULL,
        sealed      boolean  NOT NULL,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE INDEX case_correlation ON case_entry (log_id, correlation, position)
"""
# The members before an entry's data take less than 1,600 bytes. Only what names a case is read further.
FOLD = """
    INSERT INTO case_entry
    SELECT e.log_id, e.stream, e.position, x.fact ->> 'correlationid',
           coalesce(x.fact #>> '{data,visibility}' = 'sealed', false)
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (
        SELECT CASE WHEN position('"correlationid":'::bytea IN substr(e.bytes, 1, 1600)) > 0
                    THEN convert_from(e.bytes, 'UTF8')::jsonb END AS fact
        OFFSET 0
    ) AS x
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND x.fact ? 'correlationid'
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM case_entry AS t GROUP BY log_id
"""
# By case_correlation; the entry by its primary key, opened and revoked by theirs, corrections by correction_target.
OF_CASE = """
    SELECT d.log_id, d.position, x.fact ->> 'appended' AS appended, x.fact ->> 'time' AS time,
           x.fact ->> 'type' AS type, x.fact ->> 'source' AS source, x.fact ->> 'id' AS id,
           CASE WHEN x.fact ? 'about' AND x.fact #>> '{about,0,role}' NOT IN ('whosaw:Ledger', 'whosaw:Policy')
                THEN coalesce(o.subject, e.stream) END AS subject,
           (x.fact #>> '{cohort,size}')::integer AS cohort,
           ARRAY(SELECT c.position FROM projections.correction AS c
                 WHERE c.log_id = d.log_id AND c.source = x.fact ->> 'source' AND c.id = x.fact ->> 'id'
                   AND c.position <= %(as_of)s
                   AND (c.nobody AND NOT c.sealed OR c.subject IN (e.stream, o.subject)
                     OR (c.cohort IS NOT NULL AND EXISTS (
                       SELECT FROM ledger.member AS m
                       WHERE m.log_id = c.log_id AND m.position = c.position AND (
                           m.subject IN (e.stream, o.subject) OR m.subject IN (
                               SELECT n.subject FROM ledger.member AS n
                               WHERE n.log_id = d.log_id AND n.position = d.position))))
                     OR (x.fact ? 'cohort' AND c.subject IN (
                         SELECT n.subject FROM ledger.member AS n
                         WHERE n.log_id = d.log_id AND n.position = d.position)))
                 ORDER BY c.position) AS corrected_by,
           sha256('\\x00'::bytea || e.bytes) AS leaf,
           f.data #>> '{actor,kind}' AS actor_kind, f.data #>> '{actor,role}' AS actor_role,
           f.data ->> 'system' AS system,
           coalesce(f.data -> 'purposes', to_jsonb(array_remove(ARRAY[f.data ->> 'purpose'], NULL))) AS purposes,
           coalesce(f.data -> 'categories', '[]') AS categories,
           coalesce(f.data #>> '{onward,id}', f.data #>> '{recipient,id}', f.data ->> 'recipient_id') AS recipient,
           coalesce(f.data #>> '{onward,name}', f.data #>> '{recipient,name}') AS recipient_name,
           coalesce(f.data ->> 'outcome', f.data ->> 'decision', f.data ->> 'release') AS outcome
    FROM projections.case_entry AS d
    JOIN ledger.entry AS e ON e.log_id = d.log_id AND e.position = d.position
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact -> 'data' AS data OFFSET 0) AS f
    LEFT JOIN ledger.opened AS o
      ON d.sealed AND o.log_id = d.log_id AND o.stream = d.subject AND o.position <= %(as_of)s
    WHERE d.log_id = %(log_id)s AND d.correlation = %(correlation)s AND d.position > %(after)s
      AND d.position <= %(as_of)s AND (NOT d.sealed OR o.stream IS NOT NULL)
      AND NOT EXISTS (
        SELECT FROM ledger.revoked AS r
        WHERE r.log_id = d.log_id AND r.subject = coalesce(o.subject, d.subject)
      )
    ORDER BY d.position LIMIT %(limit)s
"""
# The same index. Streams are those that the reader is cleared for; none given, all.
WITHHELD = """
    SELECT count(*) FROM projections.case_entry AS d
    WHERE d.log_id = %(log_id)s AND d.correlation = %(correlation)s AND d.position <= %(as_of)s AND d.sealed
      AND (%(streams)s::uuid[] IS NULL OR d.subject = ANY(%(streams)s::uuid[]))
      AND NOT EXISTS (
        SELECT FROM ledger.opened AS o
        WHERE o.log_id = d.log_id AND o.stream = d.subject AND o.position <= %(as_of)s
      )
"""

CASES = Projection(
    name="cases",
    version=1,
    tables=("case_entry",),
    definition=DEFINITION,
    folds=(Fold((), FOLD), forgotten("case_entry")),
    digest=DIGEST,
)


class Link(NamedTuple):
    """One entry of a case."""

    log_id: int
    position: int
    appended: str
    """When the ledger recorded it. RFC 3339, in UTC."""
    time: str
    """When it happened, as its emitter wrote it."""
    type: str
    source: str
    id: str
    """Its emitter's name for it."""
    subject: UUID | None
    """Whom it is about; None if nobody or several."""
    cohort: int | None
    """About how many it is, if several."""
    corrected_by: list[int]
    """Positions of the entries of the same log that void or correct it."""
    leaf: bytes
    """Its leaf hash, 32 bytes."""
    actor_kind: str | None
    """human, service or external: who had it in hand. Nobody is named."""
    actor_role: str | None
    system: str | None
    """In which system of the company's."""
    purposes: list[str]
    categories: list[str]
    recipient: str | None
    """Who received it, or is to be told or answered: the company's name for it."""
    recipient_name: str | None
    """Its name then; None for a natural person, whose name is in the envelope."""
    outcome: str | None
    """What was answered or decided: a code, or a word."""

    @property
    def place(self) -> tuple[datetime, int, int]:
        """Its place in the case."""
        return datetime.fromisoformat(self.appended), self.log_id, self.position


def of_case(
    connection: Connection[Any],
    correlation: str,
    as_of: Mapping[int, int],
    *,
    after: Mapping[int, int] | None = None,
    limit: int = 100,
) -> tuple[list[Link], dict[int, int] | None]:
    """Return the entries of a case that may be told, in the order of recording, and where to go on.

    Args:
        connection: A reader's.
        correlation: Names the case.
        as_of: For each log the last position that is seen.
        after: For each log the last position that was told.
        limit: The most rows, at least 1.
    """
    told = dict.fromkeys(as_of, 0) | dict(after or {})
    wanted = {"correlation": correlation, "limit": limit + 1}
    found = [
        select(
            connection, OF_CASE, wanted | {"log_id": log_id, "as_of": position, "after": told[log_id]}, Link
        )
        for log_id, position in as_of.items()
    ]  # fmt: skip
    rows = list(merge(*found, key=lambda each: each.place))
    told |= {each.log_id: each.position for each in rows[:limit]}
    return rows[:limit], told if len(rows) > limit else None


def withheld(
    connection: Connection[Any], correlation: str, as_of: Mapping[int, int], streams: Sequence[UUID] | None
) -> int:
    """Return how many entries of a case an order keeps from being told: for a reader who is cleared for these streams.

    Args:
        connection: A reader's.
        correlation: Names the case.
        as_of: For each log the last position that is seen.
        streams: Sealed streams that she is cleared for; None for all.
    """
    counts = [
        connection.execute(
            WITHHELD,
            {"log_id": log_id, "correlation": correlation, "as_of": position, "streams": streams},
        ).fetchone()
        for log_id, position in as_of.items()
    ]
    return sum(row[0] for row in counts if row)
