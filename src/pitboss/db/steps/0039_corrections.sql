-- What is said of markets is more than scores: `said` is the whole of it, `windows` are times in which
-- accepted bets are void, and `moves` is false where nothing else counts than before.  All that was
-- said until now are scores, and every one of them counted.
ALTER TABLE settlement_result
    ADD COLUMN windows bytea NOT NULL DEFAULT '[]',
    ADD COLUMN said bytea,
    ADD COLUMN moves boolean NOT NULL DEFAULT true;

ALTER TABLE settlement_result DISABLE TRIGGER settlement_result_is_append_only;

UPDATE settlement_result SET said = CASE convert_from(results, 'UTF8')
    WHEN '[]' THEN '{}'::bytea
    ELSE convert_to('{"results":' || convert_from(results, 'UTF8') || '}', 'UTF8')
END;

ALTER TABLE settlement_result ENABLE TRIGGER settlement_result_is_append_only;

ALTER TABLE settlement_result ALTER COLUMN said SET NOT NULL;

-- How often a bet was settled, corrections included; 0 for one that another room has ended.  Those
-- that were void before their results stand in facts alone.
ALTER TABLE bet ADD COLUMN settlements smallint NOT NULL DEFAULT 0 CHECK (settlements >= 0);

UPDATE bet SET settlements = 1 WHERE state = 'settled' OR state = 'voided' AND (shard, bet_id) NOT IN (
    SELECT shard, (convert_from(body, 'UTF8')::json -> 'data' ->> 'bet_id')::uuid FROM fact
    WHERE position('"type":"bet.voided"'::bytea IN body) > 0
);

-- Settlements after the first: what a bet returned before (nothing while it was open again), what it
-- returns since, and why.  What the player did not have is owed, or the house has borne it.
CREATE TABLE bet_correction (
    shard           smallint    NOT NULL,
    bet_id          uuid        NOT NULL,
    version         smallint    NOT NULL CHECK (version > 1),
    was_micros      bigint      CHECK (was_micros >= 0),
    was_voided      boolean     NOT NULL,
    returns_micros  bigint      CHECK (returns_micros >= 0),
    voided          boolean     NOT NULL,
    cause           text        NOT NULL,
    reason          text        NOT NULL,
    result_no       bigint      NOT NULL,
    owed_micros     bigint      NOT NULL CHECK (owed_micros >= 0),
    absorbed_micros bigint      NOT NULL CHECK (absorbed_micros >= 0),
    corrected_at    timestamptz NOT NULL,
    PRIMARY KEY (shard, bet_id, version)
);

CREATE TRIGGER bet_correction_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bet_correction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- What a player owes the house stands in an account of its own, below zero.
ALTER TABLE wallet_account DROP CONSTRAINT wallet_account_kind_check;

ALTER TABLE wallet_account ADD CONSTRAINT wallet_account_kind_check
    CHECK (kind IN ('player', 'house', 'provider', 'receivable'));

CREATE INDEX wallet_account_receivable ON wallet_account (shard) WHERE kind = 'receivable';
