-- Who is excluded forfeits what can be played; those that are over are not looked through for it.
DROP INDEX game_reward_open;

CREATE INDEX game_reward_unknown ON game_reward (shard, reward_id) WHERE state = 'unknown';

-- What is over stays granted for ever, and is behind the present here.
CREATE INDEX game_reward_playable ON game_reward (ends_at, shard, reward_id)
    WHERE state IN ('requested', 'granted');
