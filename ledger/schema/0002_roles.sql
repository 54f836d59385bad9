-- The roles, and what the database itself refuses. A role may log in once an operator gives it a password;
-- a process that connects as somebody else takes its role at connection time.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['whosaw_api', 'whosaw_follow'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', name);
        END IF;
        EXECUTE format('GRANT %I TO CURRENT_USER', name);
    END LOOP;
END $$;

REVOKE ALL ON SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO whosaw_api, whosaw_follow;

-- Append-only: no UPDATE, DELETE or TRUNCATE on what is of record, for anybody but the owner.
GRANT SELECT, INSERT ON ledger.entry, ledger.tile, ledger.checkpoint TO whosaw_api;
-- The head's counters move with every group; its identity never does.
GRANT SELECT, UPDATE (size, appended_at) ON ledger.log TO whosaw_api;
-- Erasable, but not by whoever happens to hold the API: recording a fact only ever adds to these.
GRANT SELECT, INSERT ON ledger.subject, ledger.reference, ledger.member TO whosaw_api;

-- Projections read what was recorded and who it is about. They see no key and no reference.
GRANT SELECT ON ledger.log, ledger.entry, ledger.member TO whosaw_follow;
