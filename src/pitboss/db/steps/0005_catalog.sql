-- The catalogue is small and the same for all players: it is written under the turn of its own
-- shard, and read under a shared lock of that shard's head by whoever needs the last word.
CREATE TABLE catalog_event (
    event_id    uuid        PRIMARY KEY,
    sport       text        NOT NULL,
    competition text        NOT NULL,
    home        text        NOT NULL,
    away        text        NOT NULL,
    starts_at   timestamptz NOT NULL
);

CREATE INDEX catalog_event_by_start ON catalog_event (starts_at, event_id);

CREATE TABLE catalog_market (
    market_id uuid PRIMARY KEY,
    event_id  uuid NOT NULL REFERENCES catalog_event,
    kind      text NOT NULL,
    line      text,
    status    text NOT NULL CHECK (status IN ('open', 'suspended', 'closed'))
);

CREATE INDEX catalog_market_by_event ON catalog_market (event_id);

-- `tick` grows with every change of the price and never goes back.
CREATE TABLE catalog_selection (
    selection_id uuid   PRIMARY KEY,
    market_id    uuid   NOT NULL REFERENCES catalog_market,
    code         text   NOT NULL,
    price        text   NOT NULL,
    tick         bigint NOT NULL CHECK (tick > 0),
    UNIQUE (market_id, code)
) WITH (fillfactor = 70);
