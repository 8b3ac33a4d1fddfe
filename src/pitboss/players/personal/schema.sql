-- Whose personal data is kept, each with a key of their own, which is encrypted under the house's
-- master key.  Erasing takes the key and leaves the row, so that it is known to have been done.
CREATE TABLE personal_subject (
    shard       smallint    NOT NULL,
    subject_id  uuid        NOT NULL,
    wrapped_key bytea       CHECK (octet_length(wrapped_key) = 60),
    erased_at   timestamptz,
    PRIMARY KEY (shard, subject_id),
    CHECK ((wrapped_key IS NULL) = (erased_at IS NOT NULL))
);

-- The values, each with the salt of its commitment, encrypted together under the subject's key.
CREATE TABLE personal_value (
    shard      smallint NOT NULL,
    subject_id uuid     NOT NULL,
    path       text     NOT NULL CHECK (path LIKE '/_%' AND octet_length(path) <= 100),
    sealed     bytea    NOT NULL CHECK (octet_length(sealed) > 60),
    PRIMARY KEY (shard, subject_id, path)
);
