-- Every session there was.  `seen_at` is moved now and then, without a fact; `device` is a digest
-- under a key of the house.
CREATE TABLE player_session (
    shard        smallint    NOT NULL,
    session_id   uuid        NOT NULL,
    player_id    uuid        NOT NULL,
    opened_at    timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    ends_at      timestamptz,
    idle_seconds int         CHECK (idle_seconds > 0),
    device       bytea       CHECK (octet_length(device) = 32),
    ended_at     timestamptz,
    end_reason   text,
    PRIMARY KEY (shard, session_id),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CONSTRAINT player_session_idles_a_day_at_most CHECK (idle_seconds <= 86400)
) WITH (fillfactor = 80);

-- Nobody ends what became idle or too old, so there are ever more of those; they are not read again.
CREATE INDEX player_session_open ON player_session (shard, player_id, seen_at)
    WHERE ended_at IS NULL;

CREATE INDEX player_session_lasting ON player_session (shard, player_id, coalesce(ends_at, 'infinity'))
    WHERE ended_at IS NULL AND idle_seconds IS NULL;

-- How long somebody has played in a period is asked of those who limit it.
CREATE INDEX player_session_ended ON player_session (shard, player_id, ended_at)
    WHERE ended_at IS NOT NULL;

-- How each player's login stands: failures in a row, a lock, and when somebody was let in last.
CREATE TABLE player_login_state (
    shard             smallint    NOT NULL,
    player_id         uuid        NOT NULL,
    failures          int         NOT NULL CHECK (failures >= 0),
    locked_at         timestamptz,
    locked_until      timestamptz CHECK (locked_until IS NULL OR locked_at IS NOT NULL),
    previous_login_at timestamptz,
    PRIMARY KEY (shard, player_id)
) WITH (fillfactor = 80);

-- How often logins were tried from a network address in the present window, whoever was named.
CREATE TABLE login_address (
    address_digest bytea       PRIMARY KEY CHECK (octet_length(address_digest) = 32),
    since          timestamptz NOT NULL,
    attempts       int         NOT NULL
);

-- Those whose window is over are forgotten, the oldest first.
CREATE INDEX login_address_since ON login_address (since);
