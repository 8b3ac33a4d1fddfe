-- Every request to sell a bet back, refused ones included: the first answer is the answer for ever.
CREATE TABLE cash_out (
    shard      smallint    NOT NULL,
    request_id uuid        NOT NULL,
    bet_id     uuid        NOT NULL,
    player_id  uuid        NOT NULL,
    quote      bytea       NOT NULL,
    state      text        NOT NULL CHECK (state IN ('delayed', 'paid', 'refused')),
    reason     text,
    asked_at   timestamptz NOT NULL,
    decide_at  timestamptz,
    decided_at timestamptz,
    PRIMARY KEY (shard, request_id),
    CHECK ((state = 'refused') = (reason IS NOT NULL)),
    CHECK ((state = 'delayed') = (decided_at IS NULL))
) WITH (fillfactor = 85);

CREATE INDEX cash_out_by_bet ON cash_out (shard, bet_id);
CREATE INDEX cash_out_delayed ON cash_out (decide_at) WHERE state = 'delayed';
