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

-- Every change of a limit, numbered for each player.
CREATE TABLE limit_change (
    shard       smallint    NOT NULL,
    player_id   uuid        NOT NULL,
    number      int         NOT NULL CHECK (number > 0),
    changed_at  timestamptz NOT NULL,
    happened    text        NOT NULL CHECK (happened IN ('set', 'asked', 'kept')),
    kind        text        NOT NULL,
    period      text        NOT NULL CHECK (period IN ('day', 'week', 'month', 'none')),
    value       bigint      CHECK (value > 0),
    before      bigint      CHECK (before > 0),
    initiator   text,
    counts_from timestamptz,
    PRIMARY KEY (shard, player_id, number),
    CHECK ((happened = 'asked') = (counts_from IS NOT NULL)),
    CHECK ((happened = 'kept') = (initiator IS NULL))
);

CREATE TRIGGER limit_change_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON limit_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- Limits of losses that were used up under licences which allow no stake then until the period ends.
CREATE TABLE limit_closed (
    shard     smallint    NOT NULL,
    player_id uuid        NOT NULL,
    kind      text        NOT NULL,
    period    text        NOT NULL CHECK (period IN ('day', 'week', 'month')),
    until     timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id, kind, period)
);

-- Statutory caps that were raised for a player, after a check that the law names; in micros.
CREATE TABLE player_cap (
    shard     smallint    NOT NULL,
    player_id uuid        NOT NULL,
    kind      text        NOT NULL,
    period    text        NOT NULL CHECK (period IN ('day', 'week', 'month', 'none')),
    most      bigint      NOT NULL CHECK (most > 0),
    ground    text        NOT NULL,
    lifted_at timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id, kind, period)
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

-- Above which sum a player's wins are paid out by themselves, where the licence offers it, and what
-- was won.  `micros` none: the sum was taken back, and nothing is counted.  `counted` was won before
-- the payment `payment_id` was asked for; should it fail, it counts again.
CREATE TABLE player_payout (
    shard      smallint    NOT NULL,
    player_id  uuid        NOT NULL,
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    micros     bigint      CHECK (micros >= 0),
    set_at     timestamptz NOT NULL,
    won        bigint      NOT NULL,
    counted    bigint      NOT NULL,
    number     int         NOT NULL CHECK (number >= 0),
    payment_id uuid,
    PRIMARY KEY (shard, player_id)
) WITH (fillfactor = 50);
