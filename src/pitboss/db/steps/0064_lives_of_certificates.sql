-- What a laboratory certifies again may have the number that it had before: its day tells it apart.
ALTER TABLE game_certificate
    DROP CONSTRAINT game_certificate_pkey,
    ADD PRIMARY KEY (provider, code, version, licence, number, issued_on);

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

CREATE TRIGGER game_certificate_expiry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON game_certificate_expiry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();

CREATE TRIGGER game_certificate_withdrawal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON game_certificate_withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_history();
