-- How often something of a shard has ended that others may remember as good, such as a session.  Who
-- remembers it together with this number needs not look again as long as the number stays.
CREATE TABLE shard_revocation (
    shard   smallint PRIMARY KEY,
    revoked bigint   NOT NULL DEFAULT 0 CHECK (revoked >= 0)
) WITH (fillfactor = 50);

INSERT INTO shard_revocation (shard) SELECT generate_series(0, 66);
