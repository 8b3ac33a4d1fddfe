-- Notes of staff about players, cases, and what opens them.
-- Notes about players; the texts lie with `personal`, where they can be erased.
CREATE TABLE staff_note (
    shard      smallint    NOT NULL,
    note_id    uuid        NOT NULL,
    player_id  uuid        NOT NULL,
    author     text        NOT NULL,
    case_id    uuid,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (shard, note_id)
);

CREATE INDEX staff_note_by_player ON staff_note (shard, player_id, written_at);

CREATE TRIGGER staff_note_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_note
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

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

-- Statutory caps that were raised for a player, after a check that the law names; in micros.
CREATE TABLE player_cap (
    shard     smallint    NOT NULL,
    player_id uuid        NOT NULL,
    kind      text        NOT NULL,
    period    text        NOT NULL CHECK (period IN ('day', 'week', 'month', 'none')),
    most      bigint      NOT NULL CHECK (most > 0),
    ground    text        NOT NULL,
    lifted_at timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id, kind, period)
);
