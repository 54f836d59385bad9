"""What a recipient is known to have given back or destroyed: whose data, which, when, and how surely.

Either a fact says that it did, or it answered so when it was told of an erasure. What that notice was about stands in
another fact, and is joined when somebody asks.

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
        notification  text,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE TABLE erasure_notice (
        log_id       smallint NOT NULL,
        subject      uuid     NOT NULL,
        position     bigint   NOT NULL,
        notification text     NOT NULL,
        holder       text     NOT NULL,
        categories   text[]   NOT NULL,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE INDEX erasure_notice_name ON erasure_notice (log_id, notification, holder);
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
FOLD_ANSWERED = """
    INSERT INTO returned
    SELECT e.log_id, e.stream, e.position, {time}, d.recipient_id, '{}', 'done', 'erase', NULL, x.fact ->> 'source',
           x.fact ->> 'id', (x.fact #>> '{cohort,size}')::integer, d.notification_id
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (notification_id text, recipient_id text, outcome text)
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.outcome = 'completed'
""".replace("{time}", instant("t.stated"))
FOLD_NOTICE = """
    INSERT INTO erasure_notice
    SELECT e.log_id, e.stream, e.position, d.notification_id, d.recipient_id, coalesce(d.categories, '{}')
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        notification_id text, recipient_id text, change text, categories text[]
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.change = 'erased'
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM returned AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM erasure_notice AS t GROUP BY log_id
"""

RETURNS = Projection(
    name="returns",
    version=2,
    tables=("returned", "erasure_notice"),
    definition=DEFINITION,
    folds=(
        Fold(("data.erased",), FOLD),
        Fold(("recipient.notification_answered",), FOLD_ANSWERED),
        Fold(("recipient.notification_due",), FOLD_NOTICE),
        forgotten("returned"),
        forgotten("erasure_notice"),
    ),
    digest=DIGEST,
)
