-- Who reads each feed; nobody is ''.  Whoever lets the lease run out may be replaced, and is then
-- fenced by the epoch; who finds it run out takes the feed's producers down.
CREATE TABLE feed_reader (
    feed        text        PRIMARY KEY,
    owner       text        NOT NULL,
    epoch       bigint      NOT NULL CHECK (epoch > 0),
    lease_until timestamptz NOT NULL
) WITH (fillfactor = 50);

-- How far each producer is, as its reader wrote down last; whether it is up says the catalogue.
-- `good_ms`: up to then nothing of it was missed, by its own clock.  `request_no` only grows, so the
-- end of an old recovery is never taken for that of a new one.
CREATE TABLE feed_producer (
    producer   text        PRIMARY KEY,
    feed       text        NOT NULL,
    request_no bigint      NOT NULL DEFAULT 0,
    good_ms    bigint,
    lag_ms     bigint,
    beat_at    timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Suppliers' events, and ours that they are.
CREATE TABLE feed_event (
    feed       text NOT NULL,
    foreign_id text NOT NULL,
    event_id   uuid NOT NULL,
    PRIMARY KEY (feed, foreign_id)
);

CREATE INDEX feed_event_by_ours ON feed_event (event_id);

-- The newest that was heard of each thing, so that what is late or comes twice is recognised.
CREATE TABLE feed_mark (
    producer     text   NOT NULL,
    foreign_id   text   NOT NULL,
    name         text   NOT NULL,
    generated_ms bigint NOT NULL,
    digest       bytea  NOT NULL,
    PRIMARY KEY (producer, foreign_id, name)
) WITH (fillfactor = 70);

-- Markets that a feed has suspended, which it may open again; those that people have suspended it
-- may not.
CREATE TABLE feed_hold (
    market_id uuid PRIMARY KEY
);

-- What was not done, and why.  What is the same again is counted; what is `owed` is kept whole.
CREATE TABLE feed_parked (
    parked_id  uuid        PRIMARY KEY,
    producer   text        NOT NULL,
    reason     text        NOT NULL,
    subject    text        NOT NULL,
    detail     text        NOT NULL,
    owed       boolean     NOT NULL,
    state      text        NOT NULL
        CHECK (state IN ('waiting', 'wanted', 'applied', 'superseded', 'dismissed')),
    times      bigint      NOT NULL CHECK (times > 0),
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    decided_by text,
    body       bytea       NOT NULL,
    UNIQUE (producer, reason, subject)
);

CREATE INDEX feed_parked_open ON feed_parked (producer, owed, parked_id)
    WHERE state IN ('waiting', 'wanted');
