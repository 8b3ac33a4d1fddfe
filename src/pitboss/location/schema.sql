-- What each session's checks came to.  The gate reads one row for every stake of a licence that
-- wants to know where its players are, under the lock of the player's shard.
CREATE TABLE location_permit (
    shard      smallint    NOT NULL,
    player_id  uuid        NOT NULL,
    session_id text        NOT NULL CHECK (length(session_id) BETWEEN 1 AND 64),
    check_id   uuid,
    device     text,
    network    text,
    expires_at timestamptz,
    failures   int         NOT NULL CHECK (failures >= 0),
    failed_at  timestamptz,
    PRIMARY KEY (shard, player_id, session_id),
    -- A permit rests on a check, was given on a network, and ends.
    CHECK ((check_id IS NULL) = (expires_at IS NULL) AND (check_id IS NULL) = (network IS NULL))
) WITH (fillfactor = 80);

-- Every check, so that asking again gets the same answer and no token is good twice.  `evidence` is
-- the digest of vendor and token id: the token's bytes could be signed again, or spelled otherwise.
CREATE TABLE location_check (
    shard        smallint    NOT NULL,
    check_id     uuid        NOT NULL,
    player_id    uuid        NOT NULL,
    session_id   text        NOT NULL,
    token_sha256 bytea       CHECK (octet_length(token_sha256) = 32),
    evidence     bytea       CHECK (octet_length(evidence) = 32),
    decision     text        NOT NULL CHECK (decision IN ('pass', 'fail', 'indeterminate')),
    reasons      text        NOT NULL,
    expires_at   timestamptz,
    checked_at   timestamptz NOT NULL,
    PRIMARY KEY (shard, check_id),
    CHECK ((decision = 'pass') = (expires_at IS NOT NULL))
);

CREATE UNIQUE INDEX location_check_evidence ON location_check (shard, evidence)
    WHERE evidence IS NOT NULL;

-- The newest checks of a player are shown to staff.
CREATE INDEX location_check_by_player ON location_check (shard, player_id, checked_at);

CREATE TRIGGER location_check_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON location_check
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- Where a player was last seen, to a hundredth of a degree, for what nobody can travel.  It is
-- personal data: no fact makes it, and it goes when the player is erased.
CREATE TABLE location_last_fix (
    shard           smallint    NOT NULL,
    player_id       uuid        NOT NULL,
    latitude_centi  int         NOT NULL CHECK (latitude_centi BETWEEN -9000 AND 9000),
    longitude_centi int         NOT NULL CHECK (longitude_centi BETWEEN -18000 AND 18000),
    taken_at        timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id)
) WITH (fillfactor = 80);

-- Which devices each player was located on, as digests under a key of the house that are the same for
-- all players: several players on one device are shown to staff.  Personal data, like the last fix.
CREATE TABLE location_device (
    device    bytea       NOT NULL CHECK (octet_length(device) = 32),
    player_id uuid        NOT NULL,
    seen_at   timestamptz NOT NULL,
    PRIMARY KEY (device, player_id)
) WITH (fillfactor = 80);

CREATE INDEX location_device_by_player ON location_device (player_id);
