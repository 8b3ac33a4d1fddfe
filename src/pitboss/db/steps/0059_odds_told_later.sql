-- How often the highest win of a version comes, as a fraction of rounds in lowest terms: told when it
-- is listed or once later, and never changed, as its version is not.
CREATE TABLE game_odds (
    provider       text        NOT NULL,
    code           text        NOT NULL,
    version        text        NOT NULL,
    top_win_chance text        NOT NULL CHECK (top_win_chance ~ '^[1-9][0-9]*/[1-9][0-9]*$'),
    told_at        timestamptz NOT NULL,
    PRIMARY KEY (provider, code, version)
);

CREATE TRIGGER game_odds_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON game_odds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

INSERT INTO game_odds (provider, code, version, top_win_chance, told_at)
SELECT provider, code, version, top_win_chance, listed_at
FROM game_version WHERE top_win_chance IS NOT NULL;

ALTER TABLE game_version DROP COLUMN top_win_chance;
