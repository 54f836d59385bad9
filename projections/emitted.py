"""What each emitter sent: how many entries, when it was active, which of its own numbers, and what disagrees with them.

These rows are not one for each fact: they are merged, source by source, with sums, extremes and bits, which come out
the same in whatever batches the entries arrive (see `merged`). Of each entry only the members before its data are read.
What an order forbids to tell counts like anything else of its emitter, as it would if it were about a stranger.

Numbers that an emitter gave are bits, 1,024 in a row of 128 bytes. A log has the numbers of those who live in it;
only the union over all logs shows a hole.

Source: CloudEvents 1.0, extension `sequence`.
"""

from __future__ import annotations

from typing import LiteralString

from projections.projection import Fold, Projection

BUCKET = 1_024
"""Numbers in a row."""

DEFINITION = """
    CREATE TABLE emitter (
        log_id  smallint    NOT NULL,
        block   bigint      NOT NULL,
        source  text        NOT NULL,
        entries bigint      NOT NULL,
        first   timestamptz NOT NULL,
        last    timestamptz NOT NULL,
        upto    bigint      NOT NULL,
        PRIMARY KEY (log_id, block, source)
    );
    CREATE TABLE emitter_hour (
        log_id   smallint    NOT NULL,
        source   text        NOT NULL,
        hour     timestamptz NOT NULL,
        position bigint      NOT NULL,
        PRIMARY KEY (log_id, source, hour)
    );
    CREATE TABLE emitter_numbers (
        log_id smallint  NOT NULL,
        source text      NOT NULL,
        bucket bigint    NOT NULL,
        block  bigint    NOT NULL,
        seen   bit(1024) NOT NULL,
        upto   bigint    NOT NULL,
        PRIMARY KEY (log_id, source, bucket, block)
    );
    CREATE TABLE mismatch (
        log_id   smallint NOT NULL,
        position bigint   NOT NULL,
        compared text     NOT NULL,
        expected bigint   NOT NULL,
        found    bigint   NOT NULL,
        since    text     NOT NULL,
        until    text     NOT NULL,
        kind     text,
        stated   text     NOT NULL,
        PRIMARY KEY (log_id, position)
    )
"""
# An entry's members before its data take less than 1,600 bytes, all of them ASCII where it matters. The ledger's own
# entries are no emitter's.
HEAD: LiteralString = """WITH head AS MATERIALIZED (
        SELECT e.position, x.fact ->> 'source' AS source, (x.fact ->> 'emittersequence')::bigint AS number,
               (x.fact ->> 'appended')::timestamptz AS at
        FROM ledger.entry AS e
        CROSS JOIN LATERAL (
            SELECT (split_part(convert_from(substr(e.bytes, 1, 1600), 'LATIN1'), ',"data":', 1) || '}')::jsonb AS fact
            OFFSET 0
        ) AS x
        WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s
          AND x.fact ->> 'source' NOT LIKE '/whosaw/%%'
    )"""
# Rows are merged in one order, so that followers never wait for each other in a circle. Batches come in the order of
# positions, so that the first one of an hour stays.
FOLD = """
    {head}, counted AS (
        INSERT INTO emitter AS known
        SELECT %(log_id)s, position / 65536, source, count(*), min(at), max(at), max(position)
        FROM head GROUP BY 2, source ORDER BY 2, source
        ON CONFLICT (log_id, block, source) DO UPDATE
        SET entries = known.entries + excluded.entries, first = least(known.first, excluded.first),
            last = greatest(known.last, excluded.last), upto = greatest(known.upto, excluded.upto)
    ), active AS (
        INSERT INTO emitter_hour
        SELECT %(log_id)s, source, date_trunc('hour', at, 'UTC'), min(position) FROM head GROUP BY 2, 3 ORDER BY 2, 3
        ON CONFLICT DO NOTHING
    )
    INSERT INTO emitter_numbers AS known
    SELECT %(log_id)s, source, number / 1024, position / 65536,
           bit_or(set_bit(B'0'::bit(1024), (number %% 1024)::integer, 1)), max(position)
    FROM head WHERE number IS NOT NULL GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
    ON CONFLICT (log_id, source, bucket, block) DO UPDATE
    SET seen = known.seen | excluded.seen, upto = greatest(known.upto, excluded.upto)
""".replace("{head}", HEAD)
FOLD_MISMATCH = """
    INSERT INTO mismatch
    SELECT e.log_id, e.position, d.compared, d.expected, d.found, d.since, d.until, d.kind, x.fact ->> 'time'
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        compared text, expected bigint, found bigint, since text, until text, kind text, visibility text
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.visibility IS DISTINCT FROM 'sealed'
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM emitter AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM emitter_hour AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM emitter_numbers AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM mismatch AS t GROUP BY log_id
"""
EMITTERS = Projection(
    name="emitters",
    version=2,
    tables=("emitter", "emitter_hour", "emitter_numbers", "mismatch"),
    definition=DEFINITION,
    folds=(Fold((), FOLD), Fold(("reconciliation.mismatch",), FOLD_MISMATCH)),
    digest=DIGEST,
)
