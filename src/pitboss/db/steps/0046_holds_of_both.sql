-- A market may be stopped by a feed and by people at once: either may let go, and neither opens it for
-- the other.
ALTER TABLE feed_hold ADD COLUMN by_staff boolean NOT NULL DEFAULT false;
