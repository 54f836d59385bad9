"""What is observed: each system, recipient, purpose and category that facts about data name, how often, since when.

A row is merged from many facts with sums and extremes, which come out the same in whatever batches the facts arrive
(see `merged`).
What an order forbids to tell is not in it, also not once it has ended. It counts facts, and nobody is in it.
"""

from __future__ import annotations

from typing import LiteralString

from projections.projection import Fold, Projection, instant

DEFINITION = """
    CREATE TABLE observed (
        log_id smallint    NOT NULL,
        block  bigint      NOT NULL,
        kind   text        NOT NULL,
        name   text        NOT NULL,
        facts  bigint      NOT NULL,
        first  timestamptz NOT NULL,
        last   timestamptz NOT NULL,
        upto   bigint      NOT NULL,
        PRIMARY KEY (log_id, block, kind, name)
    );
    CREATE TABLE declared (
        log_id   smallint    NOT NULL,
        position bigint      NOT NULL,
        appended timestamptz NOT NULL,
        act      text        NOT NULL,
        source   text        NOT NULL,
        id       text        NOT NULL,
        data     jsonb       NOT NULL,
        PRIMARY KEY (log_id, position)
    )
"""
TYPES = ("data.collected", "data.used", "data.viewed", "data.disclosed")
"""The facts about data that name what is observed."""
NAMED: LiteralString = """
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS s
    CROSS JOIN LATERAL (SELECT {time} AS at OFFSET 0) AS t
    CROSS JOIN LATERAL (SELECT x.fact -> 'data' AS data OFFSET 0) AS d
    CROSS JOIN LATERAL (
        SELECT 'system' AS kind, d.data ->> 'system' AS name
        UNION ALL SELECT 'recipient', d.data #>> '{recipient,id}'
        UNION ALL SELECT 'recipient_kind', d.data #>> '{recipient,kind}'
        UNION ALL SELECT 'purpose', d.data ->> 'purpose'
        UNION ALL SELECT 'purpose', jsonb_array_elements_text(coalesce(d.data -> 'purposes', '[]'))
        UNION ALL SELECT 'category', jsonb_array_elements_text(coalesce(d.data -> 'categories', '[]'))
    ) AS n
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.data ->> 'visibility' IS DISTINCT FROM 'sealed' AND n.name IS NOT NULL
""".replace("{time}", instant("s.stated"))
# Rows are merged in one order, so that followers never wait for each other in a circle.
FOLD = """
    INSERT INTO observed AS known
    SELECT %(log_id)s, e.position / 65536, n.kind, n.name, count(*), min(t.at), max(t.at), max(e.position)
    {named}
    GROUP BY 2, n.kind, n.name ORDER BY 2, n.kind, n.name
    ON CONFLICT (log_id, block, kind, name) DO UPDATE
    SET facts = known.facts + excluded.facts, first = least(known.first, excluded.first),
        last = greatest(known.last, excluded.last), upto = greatest(known.upto, excluded.upto)
""".replace("{named}", NAMED)
FOLD_DECLARED = """
    INSERT INTO declared
    SELECT e.log_id, e.position, (x.fact ->> 'appended')::timestamptz, e.type, x.fact ->> 'source', x.fact ->> 'id',
           x.fact -> 'data'
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND x.fact #>> '{data,visibility}' IS DISTINCT FROM 'sealed'
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM observed AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM declared AS t GROUP BY log_id
"""

OBSERVED = Projection(
    name="observed",
    version=2,
    tables=("observed", "declared"),
    definition=DEFINITION,
    folds=(
        Fold(TYPES, FOLD),
        Fold(
            ("policy.published", "recipient.registered", "recipient.agreement_recorded", "system.registered"),
            FOLD_DECLARED,
        ),
    ),
    digest=DIGEST,
)
