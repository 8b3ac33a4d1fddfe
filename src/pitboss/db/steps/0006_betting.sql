-- Every decided bet, refused ones included: the first answer is the answer for ever.
CREATE TABLE bet (
    shard          smallint    NOT NULL,
    bet_id         uuid        NOT NULL,
    player_id      uuid        NOT NULL,
    state          text        NOT NULL
        CHECK (state IN ('accepted', 'refused', 'settled', 'voided')),
    refusal        text,
    stake_micros   bigint      NOT NULL,
    currency       text        NOT NULL,
    rounding       text        NOT NULL,
    legs           bytea       NOT NULL,
    placed_at      timestamptz NOT NULL,
    decided_at     timestamptz NOT NULL,
    returns_micros bigint,
    settled_at     timestamptz,
    PRIMARY KEY (shard, bet_id),
    CHECK ((state = 'refused') = (refusal IS NOT NULL)),
    CHECK ((state IN ('settled', 'voided')) = (returns_micros IS NOT NULL)),
    CHECK (returns_micros >= 0)
) WITH (fillfactor = 85);

-- Which accepted bets wait for which market, in the order in which settlement walks them.
CREATE TABLE bet_leg (
    market_id uuid     NOT NULL,
    shard     smallint NOT NULL,
    bet_id    uuid     NOT NULL,
    PRIMARY KEY (market_id, shard, bet_id)
);
