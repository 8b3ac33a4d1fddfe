-- Selections of one event that are sold together at one price; without a price, not any more.
CREATE TABLE combination (
    combination_id uuid        PRIMARY KEY,
    event_id       uuid        NOT NULL,
    parts          bytea       NOT NULL,
    price          text,
    tick           bigint      NOT NULL CHECK (tick > 0),
    priced_at      timestamptz NOT NULL,
    priced_by      text        NOT NULL
);

CREATE INDEX combination_of_event ON combination (event_id);
