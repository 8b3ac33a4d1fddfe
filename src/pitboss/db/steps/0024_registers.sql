-- National self-exclusion registers, and when one of them let go of an exclusion.
ALTER TABLE player_exclusion
    ADD COLUMN released_at timestamptz CHECK (released_at >= starts_at);

-- The last that each national register said of each player, and since when it has been silent.  An
-- answer stays when a later question has none.  `due_at`, `wanted` and `tries` are the loop's: when
-- it asks next, for what, and how often it has asked in vain.
CREATE TABLE register_standing (
    shard        smallint    NOT NULL,
    player_id    uuid        NOT NULL,
    register     text        NOT NULL,
    answer       text        CHECK (answer IN ('excluded', 'lapsed', 'not_excluded')),
    reference    text,
    moment       text        NOT NULL,
    checked_at   timestamptz,
    silent_since timestamptz,
    due_at       timestamptz,
    wanted       text,
    tries        int         NOT NULL DEFAULT 0,
    PRIMARY KEY (shard, player_id, register),
    CHECK ((answer IS NULL) = (checked_at IS NULL)),
    CHECK (answer IS NOT NULL OR silent_since IS NOT NULL)
) WITH (fillfactor = 80);

CREATE INDEX register_standing_due ON register_standing (shard, register, due_at)
    WHERE due_at IS NOT NULL;

-- How each register stands, as the process says that noticed last; it belongs to the system's shard.
CREATE TABLE register_pulse (
    shard    smallint    NOT NULL,
    register text        NOT NULL,
    up       boolean     NOT NULL,
    since    timestamptz NOT NULL,
    reason   text,
    PRIMARY KEY (shard, register),
    CHECK (up = (reason IS NULL))
);
