-- Every round of a game of the house: what it began with. What it cost and paid is in game_round.
CREATE TABLE house_round (
    shard     smallint    NOT NULL,
    player_id  uuid        NOT NULL,
    round_id  uuid        NOT NULL,
    session_id uuid        NOT NULL,
    game      text        NOT NULL,
    version   text        NOT NULL,
    currency  text        NOT NULL,
    wager     text        NOT NULL,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id, round_id)
);

CREATE INDEX house_round_by_game ON house_round (shard, player_id, game, opened_at);

-- What was done in it, step by step, and what was drawn for that: the round follows from these.
-- A draw may hold cards that nobody has seen yet, so facts say its digest alone until the end.
-- `won_micros` is what the round had won after the step, which is told for ever, also without its
-- rules; of steps that were taken before it was kept it is missing.
CREATE TABLE house_step (
    shard         smallint    NOT NULL,
    player_id     uuid        NOT NULL,
    round_id      uuid        NOT NULL,
    number        integer     NOT NULL CHECK (number > 0),
    action        text        NOT NULL,
    staked_micros bigint      NOT NULL CHECK (staked_micros >= 0),
    draw_digest   bytea,
    draw          text,
    played_at     timestamptz NOT NULL,
    won_micros    bigint      CHECK (won_micros >= 0),
    PRIMARY KEY (shard, player_id, round_id, number),
    CHECK (draw_digest IS NOT DISTINCT FROM sha256(convert_to(draw, 'UTF8')))
);

-- By the generator's own count of its draws.
CREATE INDEX house_step_by_draw ON house_step
    ((draw::jsonb ->> 'instance'), ((draw::jsonb ->> 'sequence')::bigint)) WHERE draw IS NOT NULL;

CREATE INDEX house_step_by_time ON house_step (played_at) WHERE draw IS NOT NULL;

-- How many draws each start of the generator has made, and how many of them nobody was dealt.
-- What was drawn up to `settled` is dealt to nobody any more: `lost` of it nobody was dealt.
CREATE TABLE house_draw_count (
    instance   text        PRIMARY KEY,
    drawn      bigint      NOT NULL CHECK (drawn >= 0),
    missing    bigint      NOT NULL CHECK (missing BETWEEN 0 AND drawn),
    counted_at timestamptz NOT NULL,
    settled    bigint      NOT NULL CHECK (settled BETWEEN 0 AND drawn),
    lost       bigint      NOT NULL CHECK (lost BETWEEN 0 AND missing)
);

CREATE TRIGGER house_round_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON house_round
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

CREATE TRIGGER house_step_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON house_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
