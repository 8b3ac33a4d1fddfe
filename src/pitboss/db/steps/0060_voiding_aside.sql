-- Exclusions that voiding could not hear: it goes on without them, and tries each again.
CREATE TABLE voiding_aside (
    position bigint      PRIMARY KEY CHECK (position >= 0),
    why      text        NOT NULL,
    since    timestamptz NOT NULL,
    again_at timestamptz NOT NULL
);
