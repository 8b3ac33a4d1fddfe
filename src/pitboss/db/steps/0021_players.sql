-- Likenesses, terms, verification, sessions and how players get in.
-- What two registrations of one person have in common: names, day of birth and postcode, as a digest
-- under a key of the house.  `scope` is a licence, or `*` where it counts in all.  Erasing takes it.
CREATE TABLE player_likeness (
    scope     text  NOT NULL,
    digest    bytea NOT NULL CHECK (octet_length(digest) = 32),
    player_id uuid  NOT NULL,
    PRIMARY KEY (scope, digest)
);

CREATE INDEX player_likeness_by_player ON player_likeness (player_id);

-- Every version of a licence's terms; the greatest number is in force.  They belong to the staff's
-- shard, whose turn makes publishing serial.
CREATE TABLE terms_version (
    shard        smallint    NOT NULL,
    jurisdiction text        NOT NULL,
    number       int         NOT NULL CHECK (number > 0),
    version      text        NOT NULL,
    digest       text        NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    published_at timestamptz NOT NULL,
    PRIMARY KEY (shard, jurisdiction, number),
    UNIQUE (shard, jurisdiction, version)
);

CREATE TRIGGER terms_version_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- The newest version that each player has accepted; those before it are in the facts.
CREATE TABLE player_terms (
    shard       smallint    NOT NULL,
    player_id   uuid        NOT NULL,
    number      int         NOT NULL CHECK (number > 0),
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id)
);

-- How each player's identity stands, where anybody has looked: the newest check, and its outcome.
CREATE TABLE player_verification (
    shard       smallint    NOT NULL,
    player_id   uuid        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('unverified', 'pending', 'documents_wanted',
                                                      'verified', 'refused', 'expired')),
    since       timestamptz NOT NULL,
    check_id    uuid        NOT NULL,
    valid_until timestamptz CHECK (valid_until IS NULL OR state = 'verified'),
    PRIMARY KEY (shard, player_id)
) WITH (fillfactor = 80);

-- Every check that was asked for, those that were not made included, so that asking again gets the
-- same answer.  `attempts` and `try_at` are the loop's: when it looks again, by the machine's clock.
CREATE TABLE verification_check (
    shard        smallint    NOT NULL,
    check_id     uuid        NOT NULL,
    player_id    uuid        NOT NULL,
    provider     text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('not_made', 'requested', 'submitted',
                                 'documents_wanted', 'verified', 'refused', 'failed', 'expired')),
    reference    text,
    reason       text,
    documents    text[]      NOT NULL,
    valid_until  timestamptz,
    requested_at timestamptz NOT NULL,
    closed_at    timestamptz,
    attempts     int         NOT NULL DEFAULT 0,
    try_at       timestamptz,
    PRIMARY KEY (shard, check_id),
    CHECK ((closed_at IS NULL) = (state IN ('requested', 'submitted', 'documents_wanted')))
) WITH (fillfactor = 80);

CREATE INDEX verification_check_due ON verification_check (shard, provider, try_at)
    WHERE closed_at IS NULL;

-- What providers told, believed or not: told again, it changes nothing.
CREATE TABLE verification_news (
    shard       smallint    NOT NULL,
    provider    text        NOT NULL,
    event_id    text        NOT NULL,
    digest      text        NOT NULL,
    check_id    uuid        NOT NULL,
    reference   text        NOT NULL,
    status      text        NOT NULL,
    refusal     text,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (shard, provider, event_id, digest)
);

CREATE TRIGGER verification_news_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON verification_news
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

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
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX player_session_open ON player_session (shard, player_id) WHERE ended_at IS NULL;

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

-- Second factors.  A TOTP seed lies with `personal`; `recovery` are digests of the codes that are
-- left; `credential` is what WebAuthn keeps of an authenticator: its id, public key and counter.
CREATE TABLE player_factor (
    shard      smallint NOT NULL,
    player_id  uuid     NOT NULL,
    kind       text     NOT NULL CHECK (kind IN ('totp', 'webauthn')),
    active     boolean  NOT NULL,
    last_step  bigint   NOT NULL,
    recovery   bytea[]  NOT NULL,
    credential jsonb,
    PRIMARY KEY (shard, player_id, kind)
);

-- How often logins were tried from a network address in the present window, whoever was named.
CREATE TABLE login_address (
    address_digest bytea       PRIMARY KEY CHECK (octet_length(address_digest) = 32),
    since          timestamptz NOT NULL,
    attempts       int         NOT NULL
);
