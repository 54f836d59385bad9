-- Through whom two merges were one person's who was forgotten since. It names nobody: a random token, drawn when she was
-- forgotten, ties the merges that she was in, so that what holds one of the others goes on holding the rest. Only a
-- decision to destroy looks here.
CREATE TABLE ledger.erased_link (
    log_id     smallint NOT NULL,
    token      uuid     NOT NULL,
    position   bigint   NOT NULL,
    repeat_key uuid     NOT NULL,
    content    uuid     NOT NULL,
    PRIMARY KEY (log_id, token, position)
);
CREATE INDEX erased_link_merge ON ledger.erased_link (log_id, repeat_key);
GRANT SELECT ON ledger.erased_link TO whosaw_api;

-- Before her rows are deleted. A merge that she was split from is none of hers any more. Merges that are hers alone tie
-- nothing.
CREATE FUNCTION ledger.keep_links(log smallint, person uuid, sealed uuid[]) RETURNS void
LANGUAGE sql SECURITY INVOKER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH hers AS (
        SELECT e.log_id, e.position, e.repeat_key, e.content, e.type, convert_from(e.bytes, 'UTF8')::jsonb AS fact
        FROM ledger.entry AS e
        WHERE e.log_id = log AND e.stream = ANY (person || sealed) AND e.type IN ('subject.merged', 'subject.split')
        UNION
        SELECT e.log_id, e.position, e.repeat_key, e.content, e.type, convert_from(e.bytes, 'UTF8')::jsonb
        FROM ledger.member AS m
        JOIN ledger.entry AS e ON e.log_id = m.log_id AND e.position = m.position
        WHERE m.log_id IN (SELECT l.log_id FROM ledger.log AS l) AND m.subject = ANY (person || sealed)
          AND e.type IN ('subject.merged', 'subject.split')
    ), standing AS (
        SELECT h.* FROM hers AS h
        WHERE h.type = 'subject.merged' AND NOT EXISTS (
            SELECT FROM hers AS s
            WHERE s.type = 'subject.split' AND s.log_id = h.log_id AND s.position > h.position
              AND s.fact #>> '{data,undoes,source}' = h.fact ->> 'source'
              AND s.fact #>> '{data,undoes,id}' = h.fact ->> 'id'
        )
    ), drawn AS (
        SELECT gen_random_uuid() AS token OFFSET 0
    )
    INSERT INTO ledger.erased_link (log_id, token, position, repeat_key, content)
    SELECT s.log_id, d.token, s.position, s.repeat_key, s.content
    FROM standing AS s CROSS JOIN drawn AS d
    WHERE (SELECT count(*) FROM standing) > 1;
END;
REVOKE ALL ON FUNCTION ledger.keep_links FROM PUBLIC;

CREATE OR REPLACE FUNCTION ledger.shred(log smallint, person uuid, sealed uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    newest record;
BEGIN
    SELECT e.position, e.type, convert_from(e.bytes, 'UTF8')::jsonb #> '{data,streams}' AS streams INTO newest
    FROM ledger.entry AS e JOIN ledger.log AS l ON l.log_id = e.log_id AND l.size = e.position
    WHERE e.log_id = log;
    IF newest.type IS DISTINCT FROM 'key.destroyed' OR NOT newest.streams ? replace(person::text, '-', '') THEN
        RAISE EXCEPTION 'the newest entry does not say that this person is forgotten' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM ledger.keep_links(log, person, sealed);
    PERFORM ledger.destroy(log, person, sealed, newest.position);
END $$;
