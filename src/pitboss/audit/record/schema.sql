-- Every checkpoint that was published, so that each can be held against the log ever after.
CREATE TABLE audit_checkpoint (
    size         bigint      NOT NULL CHECK (size >= 0),
    root         bytea       NOT NULL CHECK (octet_length(root) = 32),
    note         text        NOT NULL CHECK (octet_length(note) <= 262144),
    published_at timestamptz NOT NULL,
    PRIMARY KEY (size, root)
);

CREATE TRIGGER audit_checkpoint_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON audit_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
