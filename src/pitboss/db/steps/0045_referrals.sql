-- What one bet may win that a trader takes; where nobody says so, nobody waits for one.
ALTER TABLE trading_limit ADD COLUMN referral_winnings_max bigint CHECK (referral_winnings_max >= 0);

-- Bets that waited for a trader: why, what one said, and whether they wait still.
CREATE TABLE bet_referral (
    shard               smallint    NOT NULL,
    bet_id              uuid        NOT NULL,
    earliest_at         timestamptz NOT NULL,
    stake_micros_max    bigint      NOT NULL CHECK (stake_micros_max >= 0),
    winnings_micros     bigint      NOT NULL CHECK (winnings_micros > 0),
    winnings_micros_max bigint      NOT NULL CHECK (winnings_micros_max >= 0),
    takes_less          boolean     NOT NULL,
    waits               boolean     NOT NULL DEFAULT true,
    word                text        CHECK (word IN ('accept', 'reduce', 'refuse')),
    stake_micros        bigint      CHECK (stake_micros > 0),
    said_by             text,
    said_at             timestamptz,
    PRIMARY KEY (shard, bet_id),
    CHECK ((word IS NULL) = (said_by IS NULL) AND (word IS NULL) = (said_at IS NULL)),
    CHECK ((stake_micros IS NULL) = (word IS DISTINCT FROM 'reduce'))
);

-- As long as nobody waits it is empty, so whoever looks for answers looks at nothing.
CREATE INDEX bet_referral_waiting ON bet_referral (shard, bet_id) WHERE waits;
