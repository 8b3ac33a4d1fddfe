-- Every decided bet, refused ones included: the first answer is the answer for ever.
CREATE TABLE bet (
    shard          smallint    NOT NULL,
    bet_id         uuid        NOT NULL,
    player_id      uuid        NOT NULL,
    state          text        NOT NULL,
    refusal        text,
    stake_micros   bigint      NOT NULL,
    currency       text        NOT NULL,
    rounding       text        NOT NULL,
    legs           bytea       NOT NULL,
    placed_at      timestamptz NOT NULL,
    decided_at     timestamptz NOT NULL,
    returns_micros bigint,
    settled_at     timestamptz,
    -- Which lines it is, if not one over all its legs, and under which rules it is settled.
    shape          bytea,
    rules          text        NOT NULL DEFAULT 'settlement.v1',
    -- How often it was settled, corrections included; 0 for one that another room has ended.
    settlements    smallint    NOT NULL DEFAULT 0 CHECK (settlements >= 0),
    -- The stake that was sold back; what is left is the bet.
    bought_back_micros bigint  NOT NULL DEFAULT 0,
    -- Which other price than the shown one the player takes; null: none.
    price_policy   text,
    -- Of an accepted bet the stake that was asked for, if a limit left less; of a refused one the
    -- stake that would have passed, if a limit was in the way.
    stake_other_micros bigint,
    PRIMARY KEY (shard, bet_id),
    -- One check, because three took a tenth of the time in which a bet is written.
    CHECK (
        CASE state
            WHEN 'delayed' THEN refusal IS NULL AND returns_micros IS NULL
            WHEN 'accepted' THEN refusal IS NULL AND returns_micros IS NULL
            WHEN 'settled' THEN refusal IS NULL AND returns_micros IS NOT NULL AND returns_micros >= 0
            WHEN 'refused' THEN refusal IS NOT NULL AND returns_micros IS NULL
            WHEN 'voided' THEN refusal IS NULL AND returns_micros IS NOT NULL AND returns_micros >= 0
            WHEN 'cashed_out' THEN refusal IS NULL AND returns_micros IS NOT NULL AND returns_micros >= 0
            ELSE false
        END
    )
) WITH (fillfactor = 85);

-- Which accepted bets wait for which market, in the order in which settlement walks them.
CREATE TABLE bet_leg (
    market_id uuid     NOT NULL,
    shard     smallint NOT NULL,
    bet_id    uuid     NOT NULL,
    PRIMARY KEY (market_id, shard, bet_id)
);

-- Settlements after the first: what a bet returned before (nothing while it was open again), what it
-- returns since, and why.  What the player did not have is owed, or the house has borne it.
CREATE TABLE bet_correction (
    shard           smallint    NOT NULL,
    bet_id          uuid        NOT NULL,
    version         smallint    NOT NULL CHECK (version > 1),
    was_micros      bigint      CHECK (was_micros >= 0),
    was_voided      boolean     NOT NULL,
    returns_micros  bigint      CHECK (returns_micros >= 0),
    voided          boolean     NOT NULL,
    cause           text        NOT NULL,
    reason          text        NOT NULL,
    result_no       bigint      NOT NULL,
    owed_micros     bigint      NOT NULL CHECK (owed_micros >= 0),
    absorbed_micros bigint      NOT NULL CHECK (absorbed_micros >= 0),
    corrected_at    timestamptz NOT NULL,
    PRIMARY KEY (shard, bet_id, version)
);

CREATE TRIGGER bet_correction_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bet_correction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
-- Bets in play that passed and are decided once more; `seen` is how their legs stood.
CREATE TABLE bet_pending (
    shard     smallint    NOT NULL,
    bet_id    uuid        NOT NULL,
    decide_at timestamptz NOT NULL,
    seen      bytea       NOT NULL,
    PRIMARY KEY (shard, bet_id)
);

CREATE INDEX bet_pending_by_time ON bet_pending (shard, decide_at, bet_id);

-- Stakes that were given: each is good for one bet, and free again if that is void.  Two bets stand
-- on one if the first was void, and was settled after all when the other was taken already.
CREATE TABLE free_bet (
    shard        smallint    NOT NULL,
    free_bet     uuid        NOT NULL,
    player_id    uuid        NOT NULL,
    stake_micros bigint      NOT NULL CHECK (stake_micros > 0),
    currency     text        NOT NULL,
    expires_at   timestamptz NOT NULL,
    given_at     timestamptz NOT NULL,
    bet_ids      uuid[]      NOT NULL DEFAULT '{}',
    PRIMARY KEY (shard, free_bet)
);

CREATE INDEX free_bet_of_player ON free_bet (shard, player_id);

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

-- Bets that waited for a trader: why, what one said, and whether they wait still.
CREATE TABLE bet_referral (
    shard               smallint    NOT NULL,
    bet_id              uuid        NOT NULL,
    earliest_at         timestamptz NOT NULL,
    stake_micros_max    bigint      NOT NULL CHECK (stake_micros_max >= 0),
    winnings_micros     bigint      NOT NULL CHECK (winnings_micros > 0),
    winnings_micros_max bigint      NOT NULL CHECK (winnings_micros_max >= 0),
    takes_less          boolean     NOT NULL,
    waits               boolean     NOT NULL DEFAULT true,
    word                text        CHECK (word IN ('accept', 'reduce', 'refuse')),
    stake_micros        bigint      CHECK (stake_micros > 0),
    said_by             text,
    said_at             timestamptz,
    PRIMARY KEY (shard, bet_id),
    CHECK ((word IS NULL) = (said_by IS NULL) AND (word IS NULL) = (said_at IS NULL)),
    CHECK ((stake_micros IS NULL) = (word IS DISTINCT FROM 'reduce'))
);

-- As long as nobody waits it is empty, so whoever looks for answers looks at nothing.
CREATE INDEX bet_referral_waiting ON bet_referral (shard, bet_id) WHERE waits;
