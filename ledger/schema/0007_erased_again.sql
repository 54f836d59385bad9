-- Who was forgotten again in an older copy of the database (ledger/forget.py): looked for with each batch that is folded.
CREATE INDEX erased_again ON ledger.erased (log_id, stream) WHERE position IS NULL;
