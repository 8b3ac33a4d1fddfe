-- Stakes that were given: each is good for one bet, and free again if that is void.
CREATE TABLE free_bet (
    shard        smallint    NOT NULL,
    free_bet     uuid        NOT NULL,
    player_id    uuid        NOT NULL,
    stake_micros bigint      NOT NULL CHECK (stake_micros > 0),
    currency     text        NOT NULL,
    expires_at   timestamptz NOT NULL,
    given_at     timestamptz NOT NULL,
    bet_id       uuid,
    PRIMARY KEY (shard, free_bet)
);

CREATE INDEX free_bet_of_player ON free_bet (shard, player_id);
