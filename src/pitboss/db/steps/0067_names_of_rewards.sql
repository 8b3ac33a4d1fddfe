-- Who said how a provider calls a reward: what staff said can be put right.
ALTER TABLE game_reward ADD COLUMN named_by text CHECK (named_by IN ('provider', 'staff'));

-- Of those that were granted before it stands in facts.
UPDATE game_reward AS reward SET named_by = granted.data ->> 'by'
FROM (
    SELECT shard, convert_from(body, 'UTF8')::json -> 'data' AS data FROM fact
    WHERE position('"type":"reward.granted"'::bytea IN body) > 0
) AS granted
WHERE reward.shard = granted.shard
    AND reward.reward_id::text = granted.data ->> 'reward'
    AND granted.data ->> 'type' = 'reward.granted';
