"""How the forgetting of a person stands, by the name of its receipt: what is left to show when she is nobody any more.

Its rows name a random id and say nothing personal; so they stay when everything else of hers is deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from projections.projection import Fold, Projection, instant, select

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

DEFINITION = """
    CREATE TABLE erasure_step (
        log_id   smallint    NOT NULL,
        subject  uuid        NOT NULL,
        position bigint      NOT NULL,
        time     timestamptz NOT NULL,
        stated   text        NOT NULL,
        act      text        NOT NULL,
        receipt  text        NOT NULL,
        data     jsonb       NOT NULL,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE INDEX erasure_step_receipt ON erasure_step (log_id, receipt, position)
"""
# Only what the ledger itself states: an emitter may send such facts, and they decide nothing.
FOLD = """
    INSERT INTO erasure_step
    SELECT e.log_id, coalesce((x.fact #>> '{data,streams,0}')::uuid, e.stream), e.position, {time}, t.stated, e.type,
           x.fact #>> '{data,receipt_id}', x.fact -> 'data'
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND x.fact ->> 'source' LIKE '/whosaw/%%'
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM erasure_step AS t GROUP BY log_id
"""
BY_RECEIPT = """
    SELECT log_id, subject, position, time, stated, act, receipt, data FROM projections.erasure_step
    WHERE log_id = ANY(%(logs)s::smallint[]) AND receipt = %(receipt)s ORDER BY log_id, position
"""

ERASURES = Projection(
    name="erasures",
    version=1,
    tables=("erasure_step",),
    definition=DEFINITION,
    folds=(Fold(("subject.revoked", "subject.restored", "erasure.deferred", "key.destroyed"), FOLD),),
    digest=DIGEST,
)
STATES: dict[str, Literal["revoked", "restored", "deferred", "destroyed"]] = {
    "subject.revoked": "revoked",
    "subject.restored": "restored",
    "erasure.deferred": "deferred",
    "key.destroyed": "destroyed",
}


class Step(NamedTuple):
    """One entry about an erasure."""

    log_id: int
    subject: Any
    """The random id that she was known by."""
    position: int
    time: datetime
    stated: str
    act: str
    receipt: str
    data: dict[str, Any]
    """Of the entry."""


def steps(connection: Connection[Any], receipt: str, logs: range) -> list[Step]:
    """Return the steps of one erasure, in the order in which they were recorded; none if there is no such receipt."""
    return select(connection, BY_RECEIPT, {"receipt": receipt, "logs": list(logs)}, Step)
