-- Players whose wins are paid out by themselves.
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
