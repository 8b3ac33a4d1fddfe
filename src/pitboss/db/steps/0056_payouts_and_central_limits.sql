-- Players whose wins are paid out by themselves; limits that the central file is told of.
-- Above which sum a player's wins are paid out by themselves, where the licence offers it, and what
-- was won.  `micros` none: the sum was taken back, and nothing is counted.  `counted` was won before
-- the payment `payment_id` was asked for; should it fail, it counts again.
CREATE TABLE player_payout (
    shard      smallint    NOT NULL,
    player_id  uuid        NOT NULL,
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    micros     bigint      CHECK (micros >= 0),
    set_at     timestamptz NOT NULL,
    won        bigint      NOT NULL,
    counted    bigint      NOT NULL,
    number     int         NOT NULL CHECK (number >= 0),
    payment_id uuid,
    PRIMARY KEY (shard, player_id)
) WITH (fillfactor = 50);

-- Since when a deposit stands so; of those that are there already, from now on.
ALTER TABLE central_deposit ADD COLUMN since timestamptz NOT NULL DEFAULT now();

-- What the central limit file is told of players' own limits, under licences whose limits hold over
-- all operators.  `micros` was told last, none: no limit; `number` counts what is to be told, so that
-- what is older is known to be.  `counts_from`: a looser limit counts from then on, and is told then.
-- `due_at` and `tries` are the loop's, as a deposit's are.
CREATE TABLE central_limit (
    shard       smallint    NOT NULL,
    player_id   uuid        NOT NULL,
    number      int         NOT NULL CHECK (number > 0),
    state       text        NOT NULL CHECK (state IN ('wanted', 'told')),
    micros      bigint      CHECK (micros > 0),
    counts_from timestamptz,
    due_at      timestamptz NOT NULL DEFAULT '-infinity',
    tries       integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),
    PRIMARY KEY (shard, player_id)
) WITH (fillfactor = 80);

CREATE INDEX central_limit_wanted ON central_limit (due_at) WHERE state = 'wanted';

CREATE INDEX central_limit_waits ON central_limit (counts_from) WHERE counts_from IS NOT NULL;
