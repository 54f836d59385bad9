-- Clearance for a while, which two people give: who asked, who agreed. The database itself refuses that they are one key.
CREATE TABLE access.clearance (
    clearance   text        PRIMARY KEY,
    key_id      text        NOT NULL,
    authorities text[]      NOT NULL CHECK (cardinality(authorities) > 0),
    reason      text        NOT NULL,
    hours       integer     NOT NULL CHECK (hours BETWEEN 1 AND 72),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    approved_by text        CHECK (approved_by <> key_id),
    approved_at timestamptz,
    until       timestamptz CHECK ((until IS NULL) = (approved_by IS NULL)),
    ended_at    timestamptz
);
CREATE INDEX clearance_key ON access.clearance (key_id);

GRANT SELECT, INSERT, UPDATE (approved_by, approved_at, until, ended_at) ON access.clearance TO whosaw_api;
