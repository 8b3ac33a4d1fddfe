-- Which other price than the shown one the player takes; null: none.
ALTER TABLE bet ADD COLUMN price_policy text;

-- A delayed bet has its stake held, and is decided once more.
ALTER TABLE bet DROP CONSTRAINT bet_check;
ALTER TABLE bet ADD CHECK (
    CASE state
        WHEN 'delayed' THEN refusal IS NULL AND returns_micros IS NULL
        WHEN 'accepted' THEN refusal IS NULL AND returns_micros IS NULL
        WHEN 'settled' THEN refusal IS NULL AND returns_micros IS NOT NULL AND returns_micros >= 0
        WHEN 'refused' THEN refusal IS NOT NULL AND returns_micros IS NULL
        WHEN 'voided' THEN refusal IS NULL AND returns_micros IS NOT NULL AND returns_micros >= 0
        ELSE false
    END
);

-- Bets in play that passed and are decided once more; `seen` is how their legs stood.
CREATE TABLE bet_pending (
    shard     smallint    NOT NULL,
    bet_id    uuid        NOT NULL,
    decide_at timestamptz NOT NULL,
    seen      bytea       NOT NULL,
    PRIMARY KEY (shard, bet_id)
);

CREATE INDEX bet_pending_by_time ON bet_pending (shard, decide_at, bet_id);
