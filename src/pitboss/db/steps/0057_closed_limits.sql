-- Limits of losses that were used up under licences which allow no stake then until the period ends.
CREATE TABLE limit_closed (
    shard     smallint    NOT NULL,
    player_id uuid        NOT NULL,
    kind      text        NOT NULL,
    period    text        NOT NULL CHECK (period IN ('day', 'week', 'month')),
    until     timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id, kind, period)
);
