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
