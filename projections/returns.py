"""What a recipient is known to have given back or destroyed: whose data, which, when, and how surely.

Source: GDPR Art. 28(3)(g), Art. 19; P-39.1, s. 18.3; PIPEDA Schedule 1, 4.1.3.
"""

from __future__ import annotations

from projections.projection import Fold, Projection, forgotten, instant

DEFINITION = """
    CREATE TABLE returned (
        log_id        smallint    NOT NULL,
        subject       uuid        NOT NULL,
        position      bigint      NOT NULL,
        time          timestamptz NOT NULL,
        holder        text        NOT NULL,
        categories    text[]      NOT NULL,
        state         text        NOT NULL,
        mode          text        NOT NULL,
        backups_until date,
        source        text        NOT NULL,
        id            text        NOT NULL,
        cohort        integer,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE INDEX returned_cohort ON returned (log_id, holder, time) WHERE cohort IS NOT NULL
"""
# What the company itself erased is a matter of its holdings.
FOLD = """
    INSERT INTO returned
    SELECT e.log_id, e.stream, e.position, {time}, d.holder, coalesce(d.categories, '{}'), d.state, d.mode,
           d.backups_until, x.fact ->> 'source', x.fact ->> 'id', (x.fact #>> '{cohort,size}')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        holder text, categories text[], state text, mode text, backups_until date
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.holder IS NOT NULL
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM returned AS t GROUP BY log_id
"""

RETURNS = Projection(
    name="returns",
    version=1,
    tables=("returned",),
    definition=DEFINITION,
    folds=(Fold(("data.erased",), FOLD), forgotten("returned")),
    digest=DIGEST,
)
