-- How far voiding has heard the facts: every exclusion with a position before this one is done.
-- It moves in the transaction that voids the bets, so a crash forgets nothing and repeats nothing.
CREATE TABLE voiding_cursor (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL DEFAULT 0 CHECK (position >= 0)
) WITH (fillfactor = 50);

INSERT INTO voiding_cursor DEFAULT VALUES;

-- Exclusions that voiding could not hear: it goes on without them, and tries each again.
CREATE TABLE voiding_aside (
    position bigint      PRIMARY KEY CHECK (position >= 0),
    why      text        NOT NULL,
    since    timestamptz NOT NULL,
    again_at timestamptz NOT NULL
);
