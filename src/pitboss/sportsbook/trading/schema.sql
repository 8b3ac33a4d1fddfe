-- What open bets would win, by selection: a row a partition of the log, so that its processor waits
-- for no other one.  A limit of a selection is divided among the partitions: each has a share of
-- its own and what was `moved` to it from the others (less than nothing: from it), which together
-- is nothing; so no sum over all partitions is needed to keep the limit.
CREATE TABLE trading_book (
    selection_id    uuid     NOT NULL,
    currency        text     NOT NULL,
    partition       smallint NOT NULL,
    market_id       uuid     NOT NULL,
    event_id        uuid     NOT NULL,
    bets            bigint   NOT NULL,
    stake_micros    bigint   NOT NULL,
    winnings_micros bigint   NOT NULL,
    share_micros    bigint,
    moved_micros    bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (selection_id, currency, partition),
    CHECK (bets >= 0 AND stake_micros >= 0 AND winnings_micros >= 0)
) WITH (fillfactor = 50);

CREATE INDEX trading_book_by_event ON trading_book (event_id);

-- What staff allow, each time they say so; the newest for a scope, a target and a currency counts.
-- An amount that is null says nothing: the next wider scope is asked.
CREATE TABLE trading_limit (
    no                  bigint      PRIMARY KEY CHECK (no > 0),
    scope               text        NOT NULL CHECK (scope IN ('all', 'kind', 'market', 'selection')),
    target              text        NOT NULL,
    currency            text        NOT NULL,
    bet_winnings_max    bigint      CHECK (bet_winnings_max >= 0),
    winnings_max        bigint      CHECK (winnings_max >= 0),
    set_at              timestamptz NOT NULL,
    set_by              text        NOT NULL,
    -- What one bet may win that a trader takes.
    referral_winnings_max bigint    CHECK (referral_winnings_max >= 0)
);

CREATE INDEX trading_limit_by_target ON trading_limit (scope, target, currency, no);

-- By what a player's limits are multiplied, each time staff say so; the newest counts.
CREATE TABLE trading_factor (
    shard     smallint    NOT NULL,
    player_id uuid        NOT NULL,
    number    integer     NOT NULL CHECK (number > 0),
    factor    text        NOT NULL,
    set_at    timestamptz NOT NULL,
    set_by    text        NOT NULL,
    PRIMARY KEY (shard, player_id, number)
);
