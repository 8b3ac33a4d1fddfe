-- How each deposit stands with the central limit file, under licences whose limits hold over all
-- operators.  `due_at` and `tries` are the loop's: when the file is told next, by the machine's
-- clock, and how often it was in vain.  `since` is when it came to stand so, for who looks at how
-- long the file is waited for.
CREATE TABLE central_deposit (
    shard      smallint    NOT NULL,
    deposit_id uuid        NOT NULL,
    player_id  uuid        NOT NULL,
    micros     bigint      NOT NULL CHECK (micros > 0),
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    state      text        NOT NULL
        CHECK (state IN ('wanted', 'reserved', 'refused', 'silent', 'confirming', 'confirmed',
                         'releasing', 'released')),
    reference  text,
    due_at     timestamptz NOT NULL DEFAULT '-infinity',
    tries      integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, deposit_id)
) WITH (fillfactor = 80);

CREATE INDEX central_deposit_open ON central_deposit (due_at)
    WHERE state IN ('wanted', 'silent', 'confirming', 'releasing');

-- Every time that a player wanted to be active with us, as the central activity file knows it.
CREATE TABLE central_activity (
    shard       smallint    NOT NULL,
    activity_id uuid        NOT NULL,
    player_id   uuid        NOT NULL,
    session_id  uuid        NOT NULL,
    state       text        NOT NULL
        CHECK (state IN ('asked', 'active', 'elsewhere', 'leaving', 'left')),
    reference   text,
    since       timestamptz NOT NULL,
    due_at      timestamptz NOT NULL DEFAULT '-infinity',
    tries       integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),
    PRIMARY KEY (shard, activity_id)
) WITH (fillfactor = 80);

CREATE INDEX central_activity_open ON central_activity (shard, player_id) WHERE state <> 'left';

CREATE INDEX central_activity_leaving ON central_activity (due_at) WHERE state = 'leaving';

-- Whether the central files answer, as the process says that noticed last; the system's shard.
CREATE TABLE central_pulse (
    shard  smallint    NOT NULL,
    up     boolean     NOT NULL,
    since  timestamptz NOT NULL,
    reason text,
    PRIMARY KEY (shard),
    CHECK (up = (reason IS NULL))
);

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
