-- Second factors.  A TOTP seed lies with `personal`; `recovery` are digests of the codes that are
-- left.
CREATE TABLE player_factor (
    shard      smallint NOT NULL,
    player_id  uuid     NOT NULL,
    kind       text     NOT NULL CHECK (kind IN ('totp', 'webauthn')),
    active     boolean  NOT NULL,
    last_step  bigint   NOT NULL,
    recovery   bytea[]  NOT NULL,
    PRIMARY KEY (shard, player_id, kind)
);

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
