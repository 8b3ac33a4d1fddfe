-- Free stakes in providers' games that staff has given to players, and how each stands.
-- `attempts` and `try_at` are by the machine's clock: when what waits is looked at again.
CREATE TABLE game_reward (
    shard        smallint    NOT NULL,
    reward_id    uuid        NOT NULL,
    player_id    uuid        NOT NULL,
    provider     text        NOT NULL,
    game         text        NOT NULL,
    prepaid      text        NOT NULL,
    campaign     text,
    currency     text        NOT NULL,
    stake_micros bigint      NOT NULL CHECK (stake_micros > 0),
    stakes_max   integer     NOT NULL CHECK (stakes_max > 0),
    ends_at      timestamptz NOT NULL,
    state        text        NOT NULL CHECK (
        state IN (
            'requested', 'sent', 'granted', 'refused', 'unknown', 'given_up', 'cancelling',
            'cancelled'
        )
    ),
    ref          text,
    word         text,
    used         integer     NOT NULL,
    used_micros  bigint      NOT NULL,
    requested_at timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    try_at       timestamptz NOT NULL DEFAULT '-infinity',
    named_by     text        CHECK (named_by IN ('provider', 'staff')),
    PRIMARY KEY (shard, reward_id),
    -- What the house pays for is never more than it has given.
    CHECK (used BETWEEN 0 AND stakes_max),
    CHECK (used_micros BETWEEN 0 AND used * stake_micros),
    CHECK (ref IS NOT NULL OR state NOT IN ('granted', 'cancelling')),
    CHECK (used = 0 OR ref IS NOT NULL)
) WITH (fillfactor = 80);

CREATE INDEX game_reward_by_player ON game_reward (shard, player_id, requested_at);

CREATE UNIQUE INDEX game_reward_by_ref ON game_reward (shard, provider, ref) WHERE ref IS NOT NULL;

CREATE INDEX game_reward_waiting ON game_reward (shard, try_at)
    WHERE state IN ('requested', 'sent', 'cancelling');

CREATE INDEX game_reward_unknown ON game_reward (shard, reward_id) WHERE state = 'unknown';

-- What is over stays granted for ever, and is behind the present here.
CREATE INDEX game_reward_playable ON game_reward (ends_at, shard, reward_id)
    WHERE state IN ('requested', 'granted');

-- The free stakes that were taken on them.
CREATE TABLE game_reward_use (
    shard      smallint    NOT NULL,
    provider   text        NOT NULL,
    stake_id   text        NOT NULL,
    player_id  uuid        NOT NULL,
    reward_id  uuid        NOT NULL,
    micros     bigint      NOT NULL CHECK (micros >= 0),
    given_back boolean     NOT NULL,
    used_at    timestamptz NOT NULL,
    PRIMARY KEY (shard, provider, stake_id, player_id)
) WITH (fillfactor = 80);
