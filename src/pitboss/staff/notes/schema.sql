-- Notes about players; the texts lie with `personal`, where they can be erased.
CREATE TABLE staff_note (
    shard      smallint    NOT NULL,
    note_id    uuid        NOT NULL,
    player_id  uuid        NOT NULL,
    author     text        NOT NULL,
    case_id    uuid,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (shard, note_id)
);

CREATE INDEX staff_note_by_player ON staff_note (shard, player_id, written_at);

CREATE TRIGGER staff_note_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_note
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
