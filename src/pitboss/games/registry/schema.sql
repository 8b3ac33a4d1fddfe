-- Who makes games; `suspended` stops all of them everywhere.
CREATE TABLE game_provider (
    provider   text        PRIMARY KEY,
    suspended  boolean     NOT NULL,
    why        text,
    changed_at timestamptz NOT NULL
);

-- The version of each game that is played now.
CREATE TABLE game (
    provider   text        NOT NULL,
    code       text        NOT NULL,
    version    text        NOT NULL,
    suspended  boolean     NOT NULL,
    why        text,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (provider, code)
);

-- Every version that was ever listed; none is edited.
CREATE TABLE game_version (
    provider     text        NOT NULL,
    code         text        NOT NULL,
    version      text        NOT NULL,
    title        text        NOT NULL,
    kind         text        NOT NULL,
    rtp_ppm      integer     NOT NULL CHECK (rtp_ppm > 0),
    cycle_ms_min integer     NOT NULL CHECK (cycle_ms_min >= 0),
    autoplay     boolean     NOT NULL,
    stakes       text        NOT NULL,
    listed_at    timestamptz NOT NULL,
    PRIMARY KEY (provider, code, version)
);

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

-- What laboratories certified of them, licence by licence.
CREATE TABLE game_certificate (
    provider    text        NOT NULL,
    code        text        NOT NULL,
    version     text        NOT NULL,
    licence     text        NOT NULL,
    number      text        NOT NULL,
    laboratory  text        NOT NULL,
    issued_on   date        NOT NULL,
    hashes      text[]      NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (provider, code, version, licence, number, issued_on)
);

-- On which day a certificate counts last, by the licence's clock: told when it is imported or once
-- later, and never changed.  One that has no row has no end.
CREATE TABLE game_certificate_expiry (
    provider   text        NOT NULL,
    code       text        NOT NULL,
    version    text        NOT NULL,
    licence    text        NOT NULL,
    number     text        NOT NULL,
    issued_on  date        NOT NULL,
    expires_on date        NOT NULL CHECK (expires_on >= issued_on),
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (provider, code, version, licence, number, issued_on)
);

-- Certificates that count no more, for ever; what is certified again is another certificate.
CREATE TABLE game_certificate_withdrawal (
    provider     text        NOT NULL,
    code         text        NOT NULL,
    version      text        NOT NULL,
    licence      text        NOT NULL,
    number       text        NOT NULL,
    issued_on    date        NOT NULL,
    why          text        NOT NULL,
    withdrawn_at timestamptz NOT NULL,
    PRIMARY KEY (provider, code, version, licence, number, issued_on)
);

CREATE TRIGGER game_version_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON game_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

CREATE TRIGGER game_odds_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON game_odds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

CREATE TRIGGER game_certificate_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON game_certificate
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

CREATE TRIGGER game_certificate_expiry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON game_certificate_expiry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

CREATE TRIGGER game_certificate_withdrawal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON game_certificate_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
