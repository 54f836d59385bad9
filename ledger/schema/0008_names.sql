-- Names that stop to lead to somebody, and names that a link finds to be somebody else's (ledger/prepare.py).

-- One row for each link of a name that led to somebody else then: either the two are one person, or one of them is not
-- known by that name. It says that two random ids may be one person, so it goes with either of them.
CREATE TABLE ledger.taken_name (
    log_id   smallint NOT NULL,
    position bigint   NOT NULL CHECK (position > 0),
    subject  uuid     NOT NULL,
    holder   uuid     NOT NULL,
    chosen   smallint NOT NULL,
    digest   uuid     NOT NULL,
    PRIMARY KEY (log_id, position)
);
COMMENT ON COLUMN ledger.taken_name.position IS 'Of the link''s entry; `subject` is whom it names.';
COMMENT ON COLUMN ledger.taken_name.holder IS 'To whom the name led, and goes on to lead.';
COMMENT ON COLUMN ledger.taken_name.chosen IS 'The log in which the name''s reference is kept.';
-- They are found by whom they name only when she is forgotten.
CREATE INDEX taken_name_subject ON ledger.taken_name (subject);
CREATE INDEX taken_name_holder ON ledger.taken_name (holder);
GRANT SELECT, INSERT ON ledger.taken_name TO whosaw_api;

-- Lets a name lead to nobody. The API's role may delete no reference itself: only one that leads to whom an entry of this
-- very transaction says that it is to be taken from.
CREATE FUNCTION ledger.unlink(log smallint, at bigint, chosen smallint, name uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    person uuid;
BEGIN
    SELECT e.stream INTO person FROM ledger.entry AS e
    WHERE e.log_id = log AND e.position = at AND e.type = 'subject.identifier_unlinked'
      AND e.xmin = pg_current_xact_id()::xid;
    IF person IS NULL THEN
        RAISE EXCEPTION 'no entry of this transaction takes a name from anybody' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM ledger.reference AS r WHERE r.log_id = chosen AND r.digest = name AND r.subject = person;
END $$;
REVOKE ALL ON FUNCTION ledger.unlink FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.unlink TO whosaw_api;

-- As in 0005_forget.sql, and what links found of her.
CREATE OR REPLACE FUNCTION ledger.destroy(log smallint, person uuid, sealed uuid[], at bigint) RETURNS void
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
    DELETE FROM ledger.taken_name WHERE subject = person OR holder = person;
    DELETE FROM ledger.subject WHERE log_id = log AND subject = ANY (person || sealed);
    DELETE FROM ledger.opened WHERE log_id = log AND subject = person;
    DELETE FROM ledger.revoked WHERE log_id = log AND subject = person;
    INSERT INTO ledger.erased (log_id, stream, position) VALUES (log, person, at) ON CONFLICT DO NOTHING;
END;
