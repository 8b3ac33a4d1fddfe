-- Bets that break settlement, which goes on without them; in the open until they break it no more.
CREATE TABLE settlement_aside (
    shard     smallint    NOT NULL,
    bet_id    uuid        NOT NULL,
    player_id uuid        NOT NULL,
    why       text        NOT NULL,
    since     timestamptz NOT NULL,
    PRIMARY KEY (shard, bet_id)
);
