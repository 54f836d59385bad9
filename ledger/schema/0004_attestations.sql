-- What others have said about our checkpoints: kept beside them, since a checkpoint's own bytes never change.

-- A witness's signature line over a checkpoint.
CREATE TABLE ledger.cosignature (
    log_id  smallint NOT NULL,
    size    bigint   NOT NULL,
    witness text     NOT NULL,
    line    text     NOT NULL,
    PRIMARY KEY (log_id, size, witness),
    FOREIGN KEY (log_id, size) REFERENCES ledger.checkpoint
);
CREATE INDEX cosignature_witness ON ledger.cosignature (log_id, witness, size);

-- A time stamp authority's reply over a checkpoint's bytes as they were signed.
CREATE TABLE ledger.time_stamp (
    log_id    smallint NOT NULL,
    size      bigint   NOT NULL,
    authority text     NOT NULL,
    reply     bytea    NOT NULL,
    PRIMARY KEY (log_id, size, authority),
    FOREIGN KEY (log_id, size) REFERENCES ledger.checkpoint
);

GRANT SELECT, INSERT ON ledger.cosignature, ledger.time_stamp TO whosaw_api;
