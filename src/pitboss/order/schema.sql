-- The one order of all facts.  A row gives neighbouring facts of one shard the positions from
-- `position` on, so that a look of the sequencer costs a row a shard at most, whatever happened
-- in between, and no writer waits for it.
CREATE TABLE fact_run (
    position     bigint      PRIMARY KEY CHECK (position >= 0),
    shard        smallint    NOT NULL,
    seq          bigint      NOT NULL CHECK (seq > 0),
    facts        bigint      NOT NULL CHECK (facts > 0),
    sequenced_at timestamptz NOT NULL,
    UNIQUE (shard, seq)
);

CREATE INDEX fact_run_by_time ON fact_run (sequenced_at);

CREATE TRIGGER fact_run_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fact_run
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- How many facts have a position, and who gives them out.
CREATE TABLE sequencer (
    one         boolean     PRIMARY KEY DEFAULT true CHECK (one),
    position    bigint      NOT NULL DEFAULT 0 CHECK (position >= 0),
    owner       text        NOT NULL DEFAULT '',
    epoch       bigint      NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

INSERT INTO sequencer DEFAULT VALUES;
