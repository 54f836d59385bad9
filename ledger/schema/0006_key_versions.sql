-- Rotating the key-encryption key (ledger/key_ring.py): what it wraps begins with its version, two bytes.

UPDATE ledger.subject SET wrapped_key = '\x0001'::bytea || wrapped_key;
UPDATE ledger.reference SET envelope = '\x0001'::bytea || envelope;
-- Version, nonce, 32 bytes, tag.
ALTER TABLE ledger.subject ADD CONSTRAINT subject_wrapped_key CHECK (octet_length(wrapped_key) = 62);
