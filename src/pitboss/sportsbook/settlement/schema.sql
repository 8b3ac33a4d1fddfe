-- What was said of markets, and what counts since: `results` of selections, and `windows` of time in
-- which accepted bets are void.  `no` counts without gaps, in the order of the commits, so that
-- settlement can follow; a correction is a row with the market's next version.  `moves` is false if
-- nothing else counts than before.
CREATE TABLE settlement_result (
    no          bigint      NOT NULL UNIQUE CHECK (no > 0),
    market_id   uuid        NOT NULL,
    version     int         NOT NULL CHECK (version > 0),
    event_id    uuid        NOT NULL,
    results     bytea       NOT NULL,
    recorded_at timestamptz NOT NULL,
    windows     bytea       NOT NULL DEFAULT '[]',
    said        bytea       NOT NULL,
    moves       boolean     NOT NULL DEFAULT true,
    PRIMARY KEY (market_id, version)
);

CREATE TRIGGER settlement_result_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_result
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- How far each partition's players are settled: results up to `result_no` are settled or being so.
CREATE TABLE settlement_cursor (
    partition smallint PRIMARY KEY,
    result_no bigint   NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

INSERT INTO settlement_cursor (partition) SELECT generate_series(0, 3);

-- The results that a partition is settling, each at its own pace: the bets of its market up to and
-- including (`after_shard`, `after_bet`) are done.  A market with very many bets has one walk among
-- others, so nobody waits behind it.
CREATE TABLE settlement_walk (
    partition   smallint NOT NULL,
    result_no   bigint   NOT NULL,
    market_id   uuid     NOT NULL,
    after_shard smallint,
    after_bet   uuid,
    PRIMARY KEY (partition, result_no),
    CHECK ((after_shard IS NULL) = (after_bet IS NULL))
) WITH (fillfactor = 50);

-- Bets that break settlement, which goes on without them; in the open until they break it no more.
CREATE TABLE settlement_aside (
    shard     smallint    NOT NULL,
    bet_id    uuid        NOT NULL,
    player_id uuid        NOT NULL,
    why       text        NOT NULL,
    since     timestamptz NOT NULL,
    PRIMARY KEY (shard, bet_id)
);
