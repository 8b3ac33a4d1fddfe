-- What a round of the house had won after each step, so that it is told without its rules.
-- Of steps that were taken before this was kept it is not known here.
ALTER TABLE house_step ADD COLUMN won_micros bigint CHECK (won_micros >= 0);
