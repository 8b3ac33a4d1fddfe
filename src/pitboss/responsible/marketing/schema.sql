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
