-- Bets that are bought back, whole or in parts.
ALTER TABLE bet
    ADD COLUMN bought_back_micros bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT bet_check,
    ADD CHECK (
        CASE state
            WHEN 'delayed' THEN refusal IS NULL AND returns_micros IS NULL
            WHEN 'accepted' THEN refusal IS NULL AND returns_micros IS NULL
            WHEN 'settled' THEN refusal IS NULL AND returns_micros IS NOT NULL AND returns_micros >= 0
            WHEN 'refused' THEN refusal IS NOT NULL AND returns_micros IS NULL
            WHEN 'voided' THEN refusal IS NULL AND returns_micros IS NOT NULL AND returns_micros >= 0
            WHEN 'cashed_out' THEN refusal IS NULL AND returns_micros IS NOT NULL AND returns_micros >= 0
            ELSE false
        END
    );

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
