-- The head of each shard.  Whoever writes facts for a shard locks its row first, so writers of one
-- shard wait for each other, `seq` is gap-free in the order of commits, and a writer whose `epoch`
-- is stale finds out before it can do harm.
CREATE TABLE shard_head (
    shard     smallint PRIMARY KEY,
    epoch     bigint   NOT NULL DEFAULT 0,
    seq       bigint   NOT NULL DEFAULT 0 CHECK (seq >= 0),
    head_hash bytea    NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
        CHECK (octet_length(head_hash) = 32)
) WITH (fillfactor = 50);

INSERT INTO shard_head (shard) SELECT generate_series(0, 66);

-- How often something of a shard has ended that others may remember as good, such as a session.  Who
-- remembers it together with this number needs not look again as long as the number stays.
CREATE TABLE shard_revocation (
    shard   smallint PRIMARY KEY,
    revoked bigint   NOT NULL DEFAULT 0 CHECK (revoked >= 0)
) WITH (fillfactor = 50);

INSERT INTO shard_revocation (shard) SELECT generate_series(0, 66);

-- The newest version of each stream (a player, a sporting event, a member of staff, the system).
CREATE TABLE stream_head (
    shard   smallint NOT NULL,
    stream  uuid     NOT NULL,
    version bigint   NOT NULL CHECK (version > 0),
    PRIMARY KEY (shard, stream)
) WITH (fillfactor = 70);

-- Everything that ever happened.  The bytes of `body` are what is hashed; they name the shard, the
-- seq, the stream, its version and the hash of the fact before.
CREATE TABLE fact (
    shard   smallint NOT NULL,
    seq     bigint   NOT NULL CHECK (seq > 0),
    stream  uuid     NOT NULL,
    version bigint   NOT NULL CHECK (version > 0),
    body    bytea    NOT NULL CHECK (octet_length(body) <= 60000),
    PRIMARY KEY (shard, seq)
);

CREATE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER fact_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- The command log.  Appending locks the head of the partition until the commit, so offsets are
-- gap-free and become visible in order.
CREATE TABLE log_head (
    partition   smallint PRIMARY KEY,
    next_offset bigint   NOT NULL DEFAULT 0 CHECK (next_offset >= 0)
) WITH (fillfactor = 50);

INSERT INTO log_head (partition) SELECT generate_series(0, 3);

CREATE TABLE command (
    partition      smallint    NOT NULL,
    "offset"       bigint      NOT NULL,
    command_id     uuid        NOT NULL,
    key            uuid        NOT NULL,
    request_digest bytea       NOT NULL,
    body           bytea       NOT NULL,
    appended_at    timestamptz NOT NULL,
    PRIMARY KEY (partition, "offset"),
    UNIQUE (partition, key),
    UNIQUE (partition, command_id)
);

CREATE TRIGGER command_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON command
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- How far each partition has been processed, and by whom.  The offset moves in the transaction
-- that the commands caused.
CREATE TABLE log_consumer (
    partition   smallint    PRIMARY KEY,
    next_offset bigint      NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    owner       text        NOT NULL DEFAULT '',
    epoch       bigint      NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

INSERT INTO log_consumer (partition) SELECT generate_series(0, 3);
