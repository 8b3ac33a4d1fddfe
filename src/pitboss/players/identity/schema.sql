-- What everybody may know of a player; it can be rebuilt from facts.  A shard's players are written
-- by whoever has the shard's turn, so nobody locks them one by one.
CREATE TABLE player (
    shard         smallint    NOT NULL,
    player_id     uuid        NOT NULL,
    jurisdiction  text        NOT NULL,
    currency      text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status        text        NOT NULL CHECK (status IN ('active', 'suspended', 'closed')),
    registered_at timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id)
) WITH (fillfactor = 80);

-- What a player logs in with.  The address stands here as a digest under a key of the house, by
-- which it is found and kept unique without being readable; who a player is lies with `personal`.
-- An e-mail belongs to one player in all shards; this unique index is what two shards race for, and
-- the only thing here that a split into cells has to move to a directory.  Erasing takes the row.
CREATE TABLE player_login (
    shard         smallint NOT NULL,
    player_id     uuid     NOT NULL,
    email_digest  bytea    NOT NULL CHECK (octet_length(email_digest) = 32),
    password_hash text     NOT NULL CHECK (length(password_hash) <= 512),
    PRIMARY KEY (shard, player_id),
    UNIQUE (email_digest)
);

-- What two registrations of one person have in common: names, day of birth and postcode, as a digest
-- under a key of the house.  `scope` is a licence, or `*` where it counts in all.  Erasing takes it.
CREATE TABLE player_likeness (
    scope     text  NOT NULL,
    digest    bytea NOT NULL CHECK (octet_length(digest) = 32),
    player_id uuid  NOT NULL,
    PRIMARY KEY (scope, digest)
);

CREATE INDEX player_likeness_by_player ON player_likeness (player_id);

-- In which month a player was born, only under licences whose rules differ by age: the first day of
-- the month after, as if the player was born then.  Nobody is taken for older than they are, and for
-- younger by less than a month.  It is personal data and stands in no fact; erasing takes the row.
CREATE TABLE player_age (
    shard     smallint NOT NULL,
    player_id uuid     NOT NULL,
    born_by   date     NOT NULL CHECK (extract(day FROM born_by) = 1),
    PRIMARY KEY (shard, player_id)
);

-- What each key of a registration was used for.  A repeat proposes another player in another shard,
-- so keys are unique over all shards.  `request_digest` covers personal data (never the password);
-- it is made under a key of the house, and goes when the player is erased.  Without a refusal,
-- `player_id` is who was registered.
CREATE TABLE player_registration (
    key            uuid  PRIMARY KEY,
    request_digest bytea CHECK (octet_length(request_digest) = 32),
    player_id      uuid  NOT NULL,
    refusal        text
);

CREATE INDEX player_registration_by_player ON player_registration (player_id);

-- Every wish to change a status, done or refused, so that asking again gets the same answer.
CREATE TABLE player_status_change (
    shard      smallint    NOT NULL,
    key        uuid        NOT NULL,
    player_id  uuid        NOT NULL,
    status     text        NOT NULL CHECK (status IN ('active', 'suspended', 'closed')),
    reason     text        NOT NULL,
    refusal    text,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (shard, key)
);

-- When a player was closed is asked when their data is to be erased.
CREATE INDEX player_status_change_closed ON player_status_change (shard, player_id)
    WHERE status = 'closed';

CREATE TRIGGER player_status_change_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON player_status_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
