-- Bets of more than one line, and the rules of settlement that a bet is accepted on: what was
-- accepted before is settled under the first ones.
ALTER TABLE bet ADD COLUMN shape bytea;
ALTER TABLE bet ADD COLUMN rules text NOT NULL DEFAULT 'settlement.v1';
