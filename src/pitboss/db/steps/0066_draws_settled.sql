-- What was counted before this could not fall again: it stands as it was told.
ALTER TABLE house_draw_count
    ADD COLUMN settled bigint NOT NULL DEFAULT 0 CHECK (settled BETWEEN 0 AND drawn),
    ADD COLUMN lost bigint NOT NULL DEFAULT 0 CHECK (lost BETWEEN 0 AND missing);

UPDATE house_draw_count SET settled = drawn, lost = missing;

ALTER TABLE house_draw_count ALTER COLUMN settled DROP DEFAULT, ALTER COLUMN lost DROP DEFAULT;

-- The newest draws, without looking through all of them.
CREATE INDEX house_step_by_time ON house_step (played_at) WHERE draw IS NOT NULL;
