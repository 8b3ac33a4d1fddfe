-- The newest push of each source of prices, and what came of it: an older one is refused, and the
-- same one is answered as it was.  A source says its prices in order, so one row is enough.
CREATE TABLE price_source (
    source   text   PRIMARY KEY,
    sequence bigint NOT NULL CHECK (sequence > 0),
    digest   text   NOT NULL,
    answers  text   NOT NULL
) WITH (fillfactor = 50);
