-- Security keys as second factors, and what staff see of where players were.  Nobody has ever written the column that was kept free for them.
ALTER TABLE player_factor DROP COLUMN credential;

-- Security keys (WebAuthn): the key's own name, its public key in COSE, the greatest counter it said.
CREATE TABLE player_security_key (
    shard         smallint    NOT NULL,
    player_id     uuid        NOT NULL,
    credential_id bytea       NOT NULL CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    public_key    bytea       NOT NULL,
    counter       bigint      NOT NULL CHECK (counter >= 0),
    added_at      timestamptz NOT NULL,
    used_at       timestamptz,
    PRIMARY KEY (shard, player_id, credential_id)
) WITH (fillfactor = 80);

-- The newest challenge of each ceremony; it is deleted when somebody answers it, rightly or not.
CREATE TABLE player_challenge (
    shard      smallint    NOT NULL,
    player_id  uuid        NOT NULL,
    ceremony   text        NOT NULL CHECK (ceremony IN ('registration', 'assertion')),
    content    bytea       NOT NULL CHECK (octet_length(content) = 32),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id, ceremony)
);

-- The newest checks of a player are shown to staff.
CREATE INDEX location_check_by_player ON location_check (shard, player_id, checked_at);

-- Which devices each player was located on, as digests under a key of the house that are the same for
-- all players: several players on one device are shown to staff.  Personal data, like the last fix.
CREATE TABLE location_device (
    device    bytea       NOT NULL CHECK (octet_length(device) = 32),
    player_id uuid        NOT NULL,
    seen_at   timestamptz NOT NULL,
    PRIMARY KEY (device, player_id)
) WITH (fillfactor = 80);

CREATE INDEX location_device_by_player ON location_device (player_id);
