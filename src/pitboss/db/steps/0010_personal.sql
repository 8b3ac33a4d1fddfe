-- Who a player is leaves `player_login`: values are encrypted under a key for each player, and an
-- address is found by a keyed digest.  The keys lie in files, so SQL alone cannot convert what an
-- earlier pitboss wrote in clear; no release ever did.
DO $$
BEGIN
    IF EXISTS (SELECT FROM player_login) OR EXISTS (SELECT FROM player_registration) THEN
        RAISE EXCEPTION 'this database was made by a pitboss from before its first release, which'
            ' kept personal data in clear and cannot be converted: start in a new home'
            USING ERRCODE = 'feature_not_supported';
    END IF;
END $$;

-- Whose personal data is kept, each with a key of their own, which is encrypted under the house's
-- master key.  Erasing takes the key and leaves the row, so that it is known to have been done.
CREATE TABLE personal_subject (
    shard       smallint    NOT NULL,
    subject_id  uuid        NOT NULL,
    wrapped_key bytea       CHECK (octet_length(wrapped_key) = 60),
    erased_at   timestamptz,
    PRIMARY KEY (shard, subject_id),
    CHECK ((wrapped_key IS NULL) = (erased_at IS NOT NULL))
);

-- The values, each with the salt of its commitment, encrypted together under the subject's key.
CREATE TABLE personal_value (
    shard      smallint NOT NULL,
    subject_id uuid     NOT NULL,
    path       text     NOT NULL CHECK (path LIKE '/_%' AND octet_length(path) <= 100),
    sealed     bytea    NOT NULL CHECK (octet_length(sealed) > 60),
    PRIMARY KEY (shard, subject_id, path)
);

ALTER TABLE player_login
    DROP COLUMN email,
    DROP COLUMN given_name,
    DROP COLUMN family_name,
    DROP COLUMN born_on,
    ADD COLUMN email_digest bytea NOT NULL UNIQUE CHECK (octet_length(email_digest) = 32);

ALTER TABLE player_registration ALTER COLUMN request_digest DROP NOT NULL;

CREATE INDEX player_registration_by_player ON player_registration (player_id);

CREATE INDEX player_status_change_closed ON player_status_change (shard, player_id)
    WHERE status = 'closed';
