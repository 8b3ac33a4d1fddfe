-- Cases belong to the staff's shard; at most one is open for a player and a marker.
CREATE TABLE staff_case (
    shard       smallint    NOT NULL,
    case_id     uuid        NOT NULL,
    player_id   uuid        NOT NULL,
    marker      text        NOT NULL,
    value       bigint      NOT NULL,
    opened_at   timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    state       text        NOT NULL CHECK (state IN ('open', 'closed')),
    assigned_to uuid,
    closed_at   timestamptz,
    outcome     text,
    PRIMARY KEY (shard, case_id),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
);

CREATE UNIQUE INDEX staff_case_open ON staff_case (shard, player_id, marker)
    WHERE state = 'open';
CREATE INDEX staff_case_by_time ON staff_case (shard, opened_at);

-- What counts towards markers, of the last weeks, and how far facts were read.  Read again from the
-- start it would be the same, and no case is opened by anything else.
CREATE TABLE case_signal (
    player_id uuid        NOT NULL,
    marker    text        NOT NULL,
    key       text        NOT NULL,
    at        timestamptz NOT NULL,
    weight    bigint      NOT NULL,
    PRIMARY KEY (player_id, marker, key)
);

CREATE INDEX case_signal_by_time ON case_signal (at);

CREATE TABLE case_reader (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL
);

INSERT INTO case_reader (position) VALUES (0);
