-- What is known of how an event ended, as JSON: counts by part, scorers, finishing order, answers.
ALTER TABLE catalog_event ADD COLUMN ended text;

-- Events in play are few among all that ever were, and are asked for by everybody.
CREATE INDEX catalog_event_live ON catalog_event (starts_at, event_id)
    WHERE status = 'live' AND in_play_open;
