-- Every version of a licence's terms; the greatest number is in force.  They belong to the staff's
-- shard, whose turn makes publishing serial.
CREATE TABLE terms_version (
    shard        smallint    NOT NULL,
    jurisdiction text        NOT NULL,
    number       int         NOT NULL CHECK (number > 0),
    version      text        NOT NULL,
    digest       text        NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    published_at timestamptz NOT NULL,
    PRIMARY KEY (shard, jurisdiction, number),
    UNIQUE (shard, jurisdiction, version)
);

CREATE TRIGGER terms_version_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON terms_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

-- The newest version that each player has accepted; those before it are in the facts.
CREATE TABLE player_terms (
    shard       smallint    NOT NULL,
    player_id   uuid        NOT NULL,
    number      int         NOT NULL CHECK (number > 0),
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (shard, player_id)
);
