-- Who said how a provider calls a reward: what staff said can be put right.
ALTER TABLE game_reward ADD COLUMN named_by text CHECK (named_by IN ('provider', 'staff'));
