-- Players' stays in games: in which login and from which network a stake is asked for.
CREATE TABLE game_session (
    shard      smallint    NOT NULL,
    session_id uuid        NOT NULL,
    player_id  uuid        NOT NULL,
    provider   text        NOT NULL,
    game       text        NOT NULL,
    currency   text        NOT NULL,
    login_id   uuid,
    network    text,
    token_no   integer     NOT NULL CHECK (token_no >= 0),
    opened_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    ended_at   timestamptz,
    PRIMARY KEY (shard, session_id)
) WITH (fillfactor = 80);

CREATE INDEX game_session_by_player ON game_session (shard, player_id, provider, opened_at);

-- Every token of theirs, as a digest: old ones still pay and undo.
CREATE TABLE game_token (
    shard      smallint NOT NULL,
    digest     bytea    NOT NULL CHECK (octet_length(digest) = 32),
    session_id uuid     NOT NULL,
    number     integer  NOT NULL CHECK (number >= 0),
    PRIMARY KEY (shard, digest)
);

CREATE TRIGGER game_token_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON game_token
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- Every play of a game.
CREATE TABLE game_round (
    shard         smallint    NOT NULL,
    round_id      uuid        NOT NULL,
    player_id     uuid        NOT NULL,
    provider      text        NOT NULL,
    ref           text        NOT NULL,
    game          text        NOT NULL,
    version       text        NOT NULL,
    currency      text        NOT NULL,
    staked_micros bigint      NOT NULL CHECK (staked_micros >= 0),
    won_micros    bigint      NOT NULL CHECK (won_micros >= 0),
    opened_at     timestamptz NOT NULL,
    closed_at     timestamptz,
    closed_by     text CHECK (closed_by IN ('provider', 'rule', 'staff')),
    PRIMARY KEY (shard, round_id),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
) WITH (fillfactor = 60);

CREATE INDEX game_round_open ON game_round (shard, opened_at) WHERE closed_at IS NULL;

CREATE INDEX game_round_by_player ON game_round (shard, player_id, opened_at);

-- Everything that providers have asked for, once each and for ever: the first answer is the answer.
-- A stake whose rollback came before it is here, refused as rolled back.
CREATE TABLE game_booking (
    shard          smallint    NOT NULL,
    provider       text        NOT NULL,
    external_id    text        NOT NULL,
    player_id      uuid        NOT NULL,
    kind           text        NOT NULL CHECK (kind IN ('stake', 'win', 'reversal')),
    round_id       uuid,
    game           text        NOT NULL,
    currency       text        NOT NULL,
    micros         bigint      NOT NULL CHECK (micros >= 0),
    jackpot_micros bigint      NOT NULL CHECK (jackpot_micros BETWEEN 0 AND micros),
    free           boolean     NOT NULL,
    original_id    text,
    refusal        text,
    reversed_by    text,
    settled        boolean     NOT NULL,
    owed_micros    bigint      NOT NULL CHECK (owed_micros BETWEEN 0 AND micros),
    balance_micros bigint      NOT NULL,
    booked_at      timestamptz NOT NULL,
    promo          boolean     NOT NULL DEFAULT false,
    said           text CHECK (octet_length(said) <= 4000),
    PRIMARY KEY (shard, provider, external_id, player_id, kind),
    CHECK (kind <> 'reversal' OR original_id IS NOT NULL),
    CHECK (refusal IS NULL OR kind = 'stake')
) WITH (fillfactor = 80);

CREATE INDEX game_booking_by_round ON game_booking (shard, round_id) WHERE round_id IS NOT NULL;

-- Bets that have another name than the stake's id.
CREATE INDEX game_booking_by_ref ON game_booking (shard, provider, original_id)
    WHERE kind = 'stake' AND original_id IS NOT NULL;
