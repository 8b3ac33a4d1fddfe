-- In which month a player was born, only under licences whose rules differ by age: the first day of
-- the month after, as if the player was born then.  Nobody is taken for older than they are, and for
-- younger by less than a month.  It is personal data and stands in no fact; erasing takes the row.
CREATE TABLE player_age (
    shard     smallint NOT NULL,
    player_id uuid     NOT NULL,
    born_by   date     NOT NULL CHECK (extract(day FROM born_by) = 1),
    PRIMARY KEY (shard, player_id)
);

-- What players have said of being written to, by channel.  `heeded` is how many exclusions and
-- time-outs they had taken before: a later one takes the consent back without a write.
CREATE TABLE player_marketing (
    shard      smallint    NOT NULL,
    player_id  uuid        NOT NULL,
    channel    text        NOT NULL CHECK (channel IN ('email', 'sms', 'push', 'post', 'phone')),
    given      boolean     NOT NULL,
    changed_at timestamptz NOT NULL,
    heeded     int         NOT NULL CHECK (heeded >= 0),
    PRIMARY KEY (shard, player_id, channel)
);

-- Who may be written to is asked for a channel, page by page.
CREATE INDEX player_marketing_given ON player_marketing (channel, shard, player_id) WHERE given;
