-- Boosts that were given: each raises what one bet wins, and is free again if that is void.
CREATE TABLE boost (
    shard            smallint    NOT NULL,
    boost            uuid        NOT NULL,
    player_id        uuid        NOT NULL,
    share            text        NOT NULL,
    stake_micros_max bigint      NOT NULL CHECK (stake_micros_max > 0),
    currency         text        NOT NULL,
    expires_at       timestamptz NOT NULL,
    given_at         timestamptz NOT NULL,
    bet_ids          uuid[]      NOT NULL DEFAULT '{}',
    PRIMARY KEY (shard, boost)
);

CREATE INDEX boost_of_player ON boost (shard, player_id);
