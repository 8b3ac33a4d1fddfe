-- Sessions that became idle or too old are ended by nobody; whoever asks for those that count reads
-- them no more, because no session idles for longer than a day.
ALTER TABLE player_session
    ADD CONSTRAINT player_session_idles_a_day_at_most CHECK (idle_seconds <= 86400);

DROP INDEX player_session_open;

CREATE INDEX player_session_open ON player_session (shard, player_id, seen_at)
    WHERE ended_at IS NULL;

CREATE INDEX player_session_lasting ON player_session (shard, player_id, coalesce(ends_at, 'infinity'))
    WHERE ended_at IS NULL AND idle_seconds IS NULL;

-- Addresses whose window is over are forgotten, the oldest first.
CREATE INDEX login_address_since ON login_address (since);
