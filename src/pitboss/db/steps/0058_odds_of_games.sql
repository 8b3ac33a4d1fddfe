-- How often the highest win of a game comes, as a fraction of rounds in lowest terms, if it is told.
ALTER TABLE game_version ADD COLUMN top_win_chance text
    CHECK (top_win_chance ~ '^[1-9][0-9]*/[1-9][0-9]*$');
