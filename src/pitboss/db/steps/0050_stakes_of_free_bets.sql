-- A free bet that came back and was used again has two bets that stand on it, if the first was void by
-- mistake.  Free bets that were settled before stay as they were settled: no result changes them.
ALTER TABLE free_bet ADD COLUMN bet_ids uuid[] NOT NULL DEFAULT '{}';

UPDATE free_bet SET bet_ids = ARRAY[bet_id] WHERE bet_id IS NOT NULL;

ALTER TABLE free_bet DROP COLUMN bet_id;
