-- How markets ended.  `no` counts results without gaps, in the order of their commits, so that
-- settlement can follow them; a correction is a row with the market's next version.
CREATE TABLE settlement_result (
    no          bigint      NOT NULL UNIQUE CHECK (no > 0),
    market_id   uuid        NOT NULL,
    version     int         NOT NULL CHECK (version > 0),
    event_id    uuid        NOT NULL,
    results     bytea       NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (market_id, version)
);

CREATE TRIGGER settlement_result_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_result
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- How far each partition's players are settled: all of `result_no`, and of the next result the
-- bets up to and including (`after_shard`, `after_bet`).
CREATE TABLE settlement_cursor (
    partition   smallint PRIMARY KEY,
    result_no   bigint   NOT NULL DEFAULT 0,
    after_shard smallint,
    after_bet   uuid,
    CHECK ((after_shard IS NULL) = (after_bet IS NULL))
) WITH (fillfactor = 50);

INSERT INTO settlement_cursor (partition) SELECT generate_series(0, 3);
