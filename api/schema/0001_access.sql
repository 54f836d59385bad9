-- Who may do what: API keys, kept as hashes. A register of the whole ledger, not of one log: small, and copied everywhere.
CREATE SCHEMA access;

CREATE TABLE access.api_key (
    key_id     text        PRIMARY KEY,
    digest     bytea       NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    label      text        NOT NULL,
    position   text        NOT NULL,
    scopes     text[]      NOT NULL,
    sources    text[]      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
COMMENT ON COLUMN access.api_key.position IS 'What its holder is, as a code: who looked at a person is told by it.';
COMMENT ON COLUMN access.api_key.digest IS 'SHA-256 of the key, which is 256 random bits and is shown once.';

GRANT USAGE ON SCHEMA access TO whosaw_api;
-- A key is issued and revoked, never edited and never forgotten: entries name it as their emitter.
GRANT SELECT, INSERT, UPDATE (revoked_at) ON access.api_key TO whosaw_api;
