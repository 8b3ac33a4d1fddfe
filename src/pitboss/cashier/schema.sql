-- Every payment that a player asked for, refused ones included: the first answer to a key is the
-- answer for ever.  `try_at` is when the payments loop looks at an open payment again, by the
-- machine's clock and not the platform's, because providers do not live in simulated time.
CREATE TABLE payment (
    shard        smallint    NOT NULL,
    payment_id   uuid        NOT NULL,
    player_id    uuid        NOT NULL,
    provider     text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('deposit', 'withdrawal')),
    state        text        NOT NULL
        CHECK (state IN ('refused', 'requested', 'submitted', 'succeeded', 'failed')),
    micros       bigint      NOT NULL CHECK (micros > 0),
    currency     text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    reference    text,
    reason       text,
    requested_at timestamptz NOT NULL,
    closed_at    timestamptz,
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    try_at       timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (shard, payment_id),
    CHECK ((state IN ('refused', 'failed')) = (reason IS NOT NULL)),
    CHECK ((state IN ('requested', 'submitted')) = (closed_at IS NULL)),
    CHECK (state <> 'submitted' OR reference IS NOT NULL)
) WITH (fillfactor = 70);

CREATE INDEX payment_by_player ON payment (shard, player_id, requested_at, payment_id);

CREATE INDEX payment_open ON payment (shard, provider, try_at)
    WHERE state IN ('requested', 'submitted');

-- Everything that providers told us, once each, with what we thought of it.  News of a payment is
-- in the payment's shard; news of a payment that we do not know is in the system's.
CREATE TABLE payment_news (
    shard       smallint    NOT NULL,
    provider    text        NOT NULL,
    event_id    text        NOT NULL,
    digest      bytea       NOT NULL CHECK (octet_length(digest) = 32),
    payment_id  uuid        NOT NULL,
    kind        text        NOT NULL,
    status      text        NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    micros      bigint      NOT NULL,
    currency    text        NOT NULL,
    reference   text,
    reason      text,
    refusal     text,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (shard, provider, event_id, digest)
);

CREATE INDEX payment_news_refused ON payment_news (recorded_at) WHERE refusal IS NOT NULL;

CREATE TRIGGER payment_news_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_news
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- Players whose deposits failed too often too fast, as their licence counts, and since when they may
-- pay in again; staff lets them.  Failures before that count no more.
CREATE TABLE deposit_block (
    shard        smallint    NOT NULL,
    player_id    uuid        NOT NULL,
    blocked_at   timestamptz NOT NULL,
    failures     integer     NOT NULL CHECK (failures > 0),
    unblocked_at timestamptz CHECK (unblocked_at >= blocked_at),
    PRIMARY KEY (shard, player_id)
);
