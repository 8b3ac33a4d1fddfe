-- Named piles of money.  `posted` is credits - debits: what the house owes the account's owner.
-- A shard's accounts are written by whoever has the shard's turn, so nobody locks them one by one.
CREATE TABLE wallet_account (
    shard        smallint NOT NULL,
    account_id   uuid     NOT NULL,
    kind         text     NOT NULL CHECK (kind IN ('player', 'house', 'provider', 'receivable')),
    owner        text     NOT NULL,
    currency     text     NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    may_overdraw boolean  NOT NULL,
    debits       bigint   NOT NULL DEFAULT 0 CHECK (debits >= 0),
    credits      bigint   NOT NULL DEFAULT 0 CHECK (credits >= 0),
    held         bigint   NOT NULL DEFAULT 0 CHECK (held >= 0),
    entries      bigint   NOT NULL DEFAULT 0 CHECK (entries >= 0),
    PRIMARY KEY (shard, account_id),
    CHECK (may_overdraw OR held <= credits - debits)
) WITH (fillfactor = 50);

-- What players owe the house; few do.
CREATE INDEX wallet_account_receivable ON wallet_account (shard) WHERE kind = 'receivable';

-- Money set aside.  A refusal is kept under its key too, so that asking again gets it again.
CREATE TABLE wallet_hold (
    shard      smallint NOT NULL,
    key        uuid     NOT NULL,
    account_id uuid     NOT NULL,
    micros     bigint   NOT NULL,
    currency   text     NOT NULL,
    posted     bigint   NOT NULL DEFAULT 0 CHECK (posted >= 0),
    voided     bigint   NOT NULL DEFAULT 0 CHECK (voided >= 0),
    refusal    text,
    PRIMARY KEY (shard, key),
    CHECK (refusal IS NOT NULL OR (micros > 0 AND posted + voided <= micros)),
    CHECK (refusal IS NULL OR posted + voided = 0)
) WITH (fillfactor = 80);

-- An amount moved from one account to another: one row, which cannot be unbalanced.  `_after` is
-- the account's posted balance and `_no` its running number of entries, both as this row left them.
-- `whole`: a post that named no amount and took all that the hold still had.
CREATE TABLE wallet_transfer (
    shard        smallint    NOT NULL,
    key          uuid        NOT NULL,
    debit_id     uuid        NOT NULL,
    credit_id    uuid        NOT NULL,
    micros       bigint      NOT NULL CHECK (micros > 0),
    currency     text        NOT NULL,
    hold_key     uuid,
    whole        boolean     NOT NULL CHECK (hold_key IS NOT NULL OR NOT whole),
    debit_after  bigint      NOT NULL,
    credit_after bigint      NOT NULL,
    debit_no     bigint      NOT NULL CHECK (debit_no > 0),
    credit_no    bigint      NOT NULL CHECK (credit_no > 0),
    booked_at    timestamptz NOT NULL,
    PRIMARY KEY (shard, key),
    UNIQUE (shard, debit_id, debit_no),
    UNIQUE (shard, credit_id, credit_no),
    CHECK (debit_id <> credit_id)
);

CREATE TRIGGER wallet_transfer_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- Answers that no other row shows: voids, and the refusals of posts, voids and transfers.
CREATE TABLE wallet_answer (
    shard   smallint NOT NULL,
    verb    text     NOT NULL CHECK (verb IN ('post', 'void', 'transfer')),
    key     uuid     NOT NULL,
    request text     NOT NULL,
    micros  bigint   NOT NULL,
    refusal text,
    PRIMARY KEY (shard, verb, key)
);

CREATE TRIGGER wallet_answer_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_answer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- Both sides of every transfer, as a bookkeeper reads them.
CREATE VIEW wallet_entry AS
    SELECT shard, debit_id AS account_id, debit_no AS entry_no, key, credit_id AS other_id,
           -micros AS movement, debit_after + micros AS before, debit_after AS after,
           currency, hold_key, booked_at
    FROM wallet_transfer
    UNION ALL
    SELECT shard, credit_id, credit_no, key, debit_id,
           micros, credit_after - micros, credit_after,
           currency, hold_key, booked_at
    FROM wallet_transfer;
