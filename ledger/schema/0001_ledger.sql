-- The tables of record. Every key begins with log_id, so that one log's rows can live on a node of their own.
CREATE SCHEMA ledger;

-- One row a log: its head. The writer moves size by compare-and-swap; nothing else here ever changes.
CREATE TABLE ledger.log (
    log_id      smallint    PRIMARY KEY,
    origin      text        NOT NULL UNIQUE,
    size        bigint      NOT NULL DEFAULT 0 CHECK (size >= 0),
    appended_at timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z'
);

-- The entries. `bytes` are what was hashed and what is returned, for ever. No foreign key: checking one costs a third
-- of the commit, and the head that the writer holds locked is the row it would find.
CREATE TABLE ledger.entry (
    position   bigint   NOT NULL CHECK (position > 0),
    stream     uuid     NOT NULL,
    repeat_key uuid     NOT NULL,
    content    uuid     NOT NULL,
    sequence   integer  NOT NULL CHECK (sequence >= 0),
    log_id     smallint NOT NULL,
    type       text     NOT NULL,
    bytes      bytea    NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 65535),
    PRIMARY KEY (log_id, position),
    CONSTRAINT entry_stream_sequence UNIQUE (log_id, stream, sequence),
    CONSTRAINT entry_repeat_key UNIQUE (log_id, repeat_key)
);
COMMENT ON COLUMN ledger.entry.repeat_key IS 'Keyed hash of (source, id): the same pair can be recorded once.';
COMMENT ON COLUMN ledger.entry.content IS 'Keyed hash of what the emitter sent: tells a repeat from a conflict.';

-- Full tiles only: 256 hashes of one level. A partial tile is computed from what is below it.
CREATE TABLE ledger.tile (
    log_id smallint NOT NULL REFERENCES ledger.log,
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    index  bigint   NOT NULL CHECK (index >= 0),
    root   bytea    NOT NULL CHECK (octet_length(root) = 32),
    hashes bytea    NOT NULL CHECK (octet_length(hashes) = 8192),
    PRIMARY KEY (log_id, level, index)
);
ALTER TABLE ledger.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;  -- hashes do not compress

-- Every head that was ever signed.
CREATE TABLE ledger.checkpoint (
    log_id smallint NOT NULL REFERENCES ledger.log,
    size   bigint   NOT NULL CHECK (size > 0),
    note   bytea    NOT NULL,
    PRIMARY KEY (log_id, size)
);

-- Erasable from here on: who a stream is about, and the key that opens its envelopes.
CREATE TABLE ledger.subject (
    log_id      smallint NOT NULL,
    subject     uuid     NOT NULL,
    wrapped_key bytea    NOT NULL,
    PRIMARY KEY (log_id, subject)
);

-- A reference is found by a keyed hash of its kind and value, in the log which that hash chooses; `home` says
-- in which log the subject's facts are.
CREATE TABLE ledger.reference (
    digest   uuid     NOT NULL,
    subject  uuid     NOT NULL,
    log_id   smallint NOT NULL,
    home     smallint NOT NULL,
    envelope bytea    NOT NULL,
    PRIMARY KEY (log_id, digest)
);

-- Who a cohort is: one row for each subject of an entry that is about several.
CREATE TABLE ledger.member (
    position bigint   NOT NULL,
    subject  uuid     NOT NULL,
    ordinal  integer  NOT NULL CHECK (ordinal >= 0),
    log_id   smallint NOT NULL,
    role     text     NOT NULL,
    salt     bytea    NOT NULL CHECK (octet_length(salt) = 16),
    envelope bytea,
    PRIMARY KEY (log_id, position, ordinal)
);
CREATE INDEX member_subject ON ledger.member (log_id, subject, position);
