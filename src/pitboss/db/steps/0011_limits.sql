-- A player's limits.  `value` is in micros, or in minutes of play; none: the limit is gone.  What
-- waits is a looser one; whether it counts by now follows from the clock, and nobody writes it.
CREATE TABLE player_limit (
    shard              smallint    NOT NULL,
    player_id          uuid        NOT NULL,
    kind               text        NOT NULL,
    period             text        NOT NULL CHECK (period IN ('day', 'week', 'month', 'none')),
    value              bigint      CHECK (value > 0),
    set_at             timestamptz NOT NULL,
    waiting            boolean     NOT NULL,
    waiting_value      bigint      CHECK (waiting_value > 0),
    asked_at           timestamptz,
    counts_from        timestamptz,
    lapses_at          timestamptz,
    needs_confirmation boolean     NOT NULL,
    PRIMARY KEY (shard, player_id, kind, period),
    CHECK (waiting = (asked_at IS NOT NULL) AND waiting = (counts_from IS NOT NULL)),
    CHECK (waiting OR (waiting_value IS NULL AND lapses_at IS NULL AND NOT needs_confirmation))
);

-- What players did, hour by hour, in micros: what limits are measured by, for every product.  An
-- hour is UTC's; every licence's midnight is one of them.
CREATE TABLE player_hour (
    shard     smallint    NOT NULL,
    player_id uuid        NOT NULL,
    hour      timestamptz NOT NULL,
    staked    bigint      NOT NULL,
    settled   bigint      NOT NULL,
    returned  bigint      NOT NULL,
    deposited bigint      NOT NULL,
    withdrawn bigint      NOT NULL,
    PRIMARY KEY (shard, player_id, hour)
) WITH (fillfactor = 50);
