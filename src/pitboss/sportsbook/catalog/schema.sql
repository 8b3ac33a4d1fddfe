-- The catalogue is small and the same for all players: it is written under the turn of its own
-- shard, and read under a shared lock of that shard's head by whoever needs the last word.
-- `live_no` grows with each change of score, red cards or period; `status_no` with each change of
-- what decides whether bets are taken.
CREATE TABLE catalog_event (
    event_id          uuid        PRIMARY KEY,
    sport             text        NOT NULL,
    competition       text        NOT NULL,
    home              text        NOT NULL,
    away              text        NOT NULL,
    starts_at         timestamptz NOT NULL,
    name              text,
    status            text        NOT NULL DEFAULT 'prematch' CHECK (status IN
        ('prematch', 'live', 'suspended', 'ended', 'postponed', 'abandoned', 'cancelled')),
    status_no         bigint      NOT NULL DEFAULT 0 CHECK (status_no >= 0),
    score             text        CHECK (score ~ '^[0-9]{1,3}-[0-9]{1,3}$'),
    period            text,
    clock_seconds     int         CHECK (clock_seconds >= 0),
    red_cards         text        CHECK (red_cards ~ '^[0-9]{1,3}-[0-9]{1,3}$'),
    live_no           bigint      NOT NULL DEFAULT 0 CHECK (live_no >= 0),
    bet_delay_seconds int         NOT NULL DEFAULT 0 CHECK (bet_delay_seconds BETWEEN 0 AND 60),
    in_play_open      boolean     NOT NULL DEFAULT false,
    ended             text
);

CREATE INDEX catalog_event_by_start ON catalog_event (starts_at, event_id);

CREATE INDEX catalog_event_live ON catalog_event (starts_at, event_id)
    WHERE status = 'live' AND in_play_open;

-- Who makes prices.  One who is down closes all markets of theirs to bets, by this row alone; so does
-- one that staff holds, whatever state its feed says it is in.
CREATE TABLE catalog_producer (
    producer   text        PRIMARY KEY,
    state      text        NOT NULL CHECK (state IN ('up', 'down')),
    why        text        NOT NULL,
    changed_at timestamptz NOT NULL,
    change_no  bigint      NOT NULL CHECK (change_no > 0),
    held       boolean     NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- A market is named by its event, kind, line and specifiers.  `status_no` grows with every change
-- of the status, of the producer, and of which selections are active.
CREATE TABLE catalog_market (
    market_id  uuid   PRIMARY KEY,
    event_id   uuid   NOT NULL REFERENCES catalog_event,
    kind       text   NOT NULL,
    line       text,
    status     text   NOT NULL
        CHECK (status IN ('open', 'suspended', 'closed', 'settled', 'cancelled')),
    specifiers text   NOT NULL DEFAULT '',
    producer   text,
    status_no  bigint NOT NULL DEFAULT 0 CHECK (status_no >= 0)
);

CREATE INDEX catalog_market_by_event ON catalog_market (event_id);

-- `tick` grows with every change of the price and never goes back.  `priced_at` is when the price
-- was last changed or confirmed; it is missing where that was before anybody kept it.
CREATE TABLE catalog_selection (
    selection_id uuid        PRIMARY KEY,
    market_id    uuid        NOT NULL REFERENCES catalog_market,
    code         text        NOT NULL,
    price        text        NOT NULL,
    tick         bigint      NOT NULL CHECK (tick > 0),
    name         text,
    active       boolean     NOT NULL DEFAULT true,
    priced_at    timestamptz,
    UNIQUE (market_id, code)
) WITH (fillfactor = 70);

-- Markets in which a bet may be on a place: how many are paid, and what share of the winnings.
CREATE TABLE catalog_place_terms (
    market_id uuid PRIMARY KEY REFERENCES catalog_market,
    places    int  NOT NULL CHECK (places BETWEEN 1 AND 40),
    fraction  text NOT NULL
);
