-- Whose a key is, by the company's own name for that person: of two keys, whether they are two people's.
ALTER TABLE access.api_key ADD COLUMN person text;
COMMENT ON COLUMN access.api_key.person IS 'The company''s name for who holds it, such as an employee number; NULL if nobody said.';
