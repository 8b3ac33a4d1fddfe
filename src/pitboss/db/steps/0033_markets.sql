-- The life of events and markets, who makes prices, and when each price is from.
ALTER TABLE catalog_event
    ADD COLUMN name text,
    ADD COLUMN status text NOT NULL DEFAULT 'prematch' CHECK (status IN
        ('prematch', 'live', 'suspended', 'ended', 'postponed', 'abandoned', 'cancelled')),
    ADD COLUMN status_no bigint NOT NULL DEFAULT 0 CHECK (status_no >= 0),
    ADD COLUMN score text CHECK (score ~ '^[0-9]{1,3}-[0-9]{1,3}$'),
    ADD COLUMN period text,
    ADD COLUMN clock_seconds int CHECK (clock_seconds >= 0),
    ADD COLUMN red_cards text CHECK (red_cards ~ '^[0-9]{1,3}-[0-9]{1,3}$'),
    ADD COLUMN live_no bigint NOT NULL DEFAULT 0 CHECK (live_no >= 0),
    ADD COLUMN bet_delay_seconds int NOT NULL DEFAULT 0
        CHECK (bet_delay_seconds BETWEEN 0 AND 60),
    ADD COLUMN in_play_open boolean NOT NULL DEFAULT false;

-- Who makes prices.  One who is down closes all markets of theirs to bets, by this row alone.
CREATE TABLE catalog_producer (
    producer   text        PRIMARY KEY,
    state      text        NOT NULL CHECK (state IN ('up', 'down')),
    why        text        NOT NULL,
    changed_at timestamptz NOT NULL,
    change_no  bigint      NOT NULL CHECK (change_no > 0)
) WITH (fillfactor = 50);

ALTER TABLE catalog_market
    DROP CONSTRAINT catalog_market_status_check,
    ADD CONSTRAINT catalog_market_status_check
        CHECK (status IN ('open', 'suspended', 'closed', 'settled', 'cancelled')),
    ADD COLUMN specifiers text NOT NULL DEFAULT '',
    ADD COLUMN producer text,
    ADD COLUMN status_no bigint NOT NULL DEFAULT 0 CHECK (status_no >= 0);

-- `priced_at` stays empty for prices of before: no row says when they were changed.
ALTER TABLE catalog_selection
    ADD COLUMN name text,
    ADD COLUMN active boolean NOT NULL DEFAULT true,
    ADD COLUMN priced_at timestamptz;
