-- How often a player wants a reality check; no minutes: only where the licence wants one.
CREATE TABLE reality_check_interval (
    shard     smallint    NOT NULL,
    player_id uuid        NOT NULL,
    minutes   int         CHECK (minutes > 0),
    set_at    timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id)
);

-- The newest reality check of each session that was answered.  The next one is counted from it, and
-- whether that is due follows from the clock.
CREATE TABLE reality_check (
    shard       smallint    NOT NULL,
    session_id  uuid        NOT NULL,
    player_id   uuid        NOT NULL,
    due_at      timestamptz NOT NULL,
    reply       text        NOT NULL CHECK (reply IN ('continue', 'leave', 'seen')),
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (shard, session_id),
    CHECK (answered_at >= due_at)
) WITH (fillfactor = 80);

-- All that a player had staked, won, paid in and been paid until a session began, in micros: what
-- was done in it is what was done since, so nothing is written for it while the player plays.
CREATE TABLE session_start (
    shard      smallint    NOT NULL,
    session_id uuid        NOT NULL,
    player_id  uuid        NOT NULL,
    opened_at  timestamptz NOT NULL,
    staked     bigint      NOT NULL,
    settled    bigint      NOT NULL,
    returned   bigint      NOT NULL,
    deposited  bigint      NOT NULL,
    withdrawn  bigint      NOT NULL,
    PRIMARY KEY (shard, session_id)
);

CREATE INDEX session_start_by_player ON session_start (shard, player_id, opened_at);

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
