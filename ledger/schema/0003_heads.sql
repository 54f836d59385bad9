-- Heads snapshots: where every stream ended at one position (ledger/heads.py). All of it is made from entries and member
-- rows and can be thrown away: the root that it leads to is in an entry of the log, of type ledger.heads.

-- The snapshots whose pages are kept, the newest three of each log. Everything else about one is in its entry.
CREATE TABLE ledger.heads (
    log_id   smallint NOT NULL REFERENCES ledger.log,
    covers   bigint   NOT NULL CHECK (covers > 0),
    position bigint   NOT NULL CHECK (position > covers),
    PRIMARY KEY (log_id, covers)
);
COMMENT ON COLUMN ledger.heads.covers IS 'The position up to which every entry is in it.';
COMMENT ON COLUMN ledger.heads.position IS 'Of the entry that holds its root.';

-- Level 0: up to 256 leaves of 72 bytes, sorted. Above: up to 256 roots of what is below, 32 bytes each.
-- No row of ledger.heads is asked for: pages are written before the entry that makes them a snapshot.
CREATE TABLE ledger.heads_page (
    log_id  smallint NOT NULL,
    covers  bigint   NOT NULL,
    level   smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    place   bigint   NOT NULL CHECK (place >= 0),
    first   bytea    CHECK ((level = 0) = (first IS NOT NULL)),
    content bytea    NOT NULL CHECK (octet_length(content) BETWEEN 32 AND 18432),
    PRIMARY KEY (log_id, covers, level, place)
);
COMMENT ON COLUMN ledger.heads_page.first IS 'The first leaf''s label, by which a page is found.';
ALTER TABLE ledger.heads_page ALTER COLUMN content SET STORAGE EXTERNAL;  -- hashes do not compress
CREATE INDEX heads_page_first ON ledger.heads_page (log_id, covers, first) WHERE level = 0;

-- The API's role may delete what is derived: the pages of old snapshots, and those that a crash left. It may change none.
-- Whoever misuses that destroys a proof until the next snapshot, and can forge none: pages are checked against the root
-- in the log's entry before they are built upon, and by whoever is given a proof.
GRANT SELECT, INSERT, DELETE ON ledger.heads, ledger.heads_page TO whosaw_api;
