-- Who is kept away, and until when.  Rows are added and never shortened: several may run at once,
-- and the last one to end counts.  Whether one is over follows from the clock and the licence.
CREATE TABLE player_exclusion (
    shard           smallint    NOT NULL,
    player_id       uuid        NOT NULL,
    key             uuid        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('time_out', 'exclusion')),
    initiator       text        NOT NULL CHECK (initiator IN ('player', 'staff', 'register')),
    reason          text        NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz CHECK (ends_at > starts_at),
    return_asked_at timestamptz CHECK (return_asked_at >= starts_at),
    released_at     timestamptz,
    PRIMARY KEY (shard, player_id, key),
    CHECK (ends_at IS NOT NULL OR kind = 'exclusion'),
    CHECK (released_at >= starts_at)
);
