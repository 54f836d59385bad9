-- Forgetting (ledger/forget.py): what must be gone is deleted here, and nowhere else, in the transaction that records it.

-- Whose answers have stopped. Until `until` it can be taken back; then her keys are destroyed.
CREATE TABLE ledger.revoked (
    log_id  smallint    NOT NULL,
    subject uuid        NOT NULL,
    until   timestamptz NOT NULL,
    receipt text        NOT NULL,
    PRIMARY KEY (log_id, subject)
);

-- Whose keys were destroyed: random ids that lead to nobody. The position is that of the entry which says so; none if an
-- older copy of the database was put back and she was forgotten in it again.
CREATE TABLE ledger.erased (
    log_id   smallint NOT NULL,
    stream   uuid     NOT NULL,
    position bigint,
    PRIMARY KEY (log_id, stream)
);

-- What is left of a cohort's member: the leaf hash that the proofs of all other members need.
CREATE TABLE ledger.erased_member (
    log_id   smallint NOT NULL,
    position bigint   NOT NULL,
    ordinal  integer  NOT NULL CHECK (ordinal >= 0),
    leaf     bytea    NOT NULL CHECK (octet_length(leaf) = 32),
    PRIMARY KEY (log_id, position, ordinal)
);

-- Streams that were sealed and are a person's own from this position on, since the order ended.
CREATE TABLE ledger.opened (
    log_id   smallint NOT NULL,
    stream   uuid     NOT NULL,
    subject  uuid     NOT NULL,
    position bigint   NOT NULL,
    PRIMARY KEY (log_id, stream)
);
CREATE INDEX opened_subject ON ledger.opened (log_id, subject);

-- Her names are found by whom they name only when she is forgotten; without an index that would read them all.
CREATE INDEX reference_subject ON ledger.reference (subject);

-- In which log a cohort's member lives, if it is another one than the entry's; such rows are written for merges.
ALTER TABLE ledger.member ADD COLUMN home smallint;

GRANT SELECT, INSERT, DELETE ON ledger.revoked TO whosaw_api;
GRANT SELECT, INSERT ON ledger.opened TO whosaw_api;
GRANT SELECT ON ledger.erased, ledger.erased_member TO whosaw_api;
GRANT SELECT ON ledger.opened, ledger.erased, ledger.erased_member, ledger.revoked TO whosaw_follow;

-- Deletes everything that leads to a person or opens what is hers. Nobody but the owner may call it by itself: that is for
-- an older copy of the database that was put back. The last bytes of a member's leaf hash are as ledger/entry.py has them.
CREATE FUNCTION ledger.destroy(log smallint, person uuid, sealed uuid[], at bigint) RETURNS void
LANGUAGE sql SECURITY INVOKER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM ledger.member
        WHERE log_id IN (SELECT l.log_id FROM ledger.log AS l) AND subject = ANY (person || sealed)
        RETURNING *
    )
    INSERT INTO ledger.erased_member (log_id, position, ordinal, leaf)
    SELECT g.log_id, g.position, g.ordinal,
           sha256('\x00'::bytea || g.salt || uuid_send(g.subject)
                  || set_byte('\x00'::bytea, 0, octet_length(convert_to(g.role, 'UTF8')))
                  || convert_to(g.role, 'UTF8') || coalesce(g.envelope, ''::bytea))
    FROM gone AS g
    ON CONFLICT DO NOTHING;
    DELETE FROM ledger.reference WHERE subject = ANY (person || sealed);
    DELETE FROM ledger.subject WHERE log_id = log AND subject = ANY (person || sealed);
    DELETE FROM ledger.opened WHERE log_id = log AND subject = person;
    DELETE FROM ledger.revoked WHERE log_id = log AND subject = person;
    INSERT INTO ledger.erased (log_id, stream, position) VALUES (log, person, at) ON CONFLICT DO NOTHING;
END;
REVOKE ALL ON FUNCTION ledger.destroy FROM PUBLIC;

-- The same for the API's role, which may delete none of these rows itself: only somebody whom the log's newest entry, of
-- this very transaction, says to be forgotten.
CREATE FUNCTION ledger.shred(log smallint, person uuid, sealed uuid[]) RETURNS void
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
    PERFORM ledger.destroy(log, person, sealed, newest.position);
END $$;
REVOKE ALL ON FUNCTION ledger.shred FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.shred TO whosaw_api;
