-- Players whose deposits failed too often too fast, as their licence counts, and since when they may
-- pay in again; staff lets them.  Failures before that count no more.
CREATE TABLE deposit_block (
    shard        smallint    NOT NULL,
    player_id    uuid        NOT NULL,
    blocked_at   timestamptz NOT NULL,
    failures     integer     NOT NULL CHECK (failures > 0),
    unblocked_at timestamptz CHECK (unblocked_at >= blocked_at),
    PRIMARY KEY (shard, player_id)
);

-- When players last said that they have looked at their limits again.
CREATE TABLE limit_review (
    shard       smallint    NOT NULL,
    player_id   uuid        NOT NULL,
    reviewed_at timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id)
);

-- When it was last told that a player has used so much that the operator gets in touch: once in a
-- period.
CREATE TABLE contact_telling (
    shard     smallint    NOT NULL,
    player_id uuid        NOT NULL,
    kind      text        NOT NULL,
    period    text        NOT NULL CHECK (period IN ('day', 'week', 'month')),
    told_at   timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id, kind, period)
);
