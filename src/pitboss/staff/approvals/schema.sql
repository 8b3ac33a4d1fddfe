-- What agents ask for and other agents decide.  They belong to the staff's shard, whose turn makes
-- every decision serial: of two approvers at once one comes first.
CREATE TABLE staff_approval (
    shard       smallint    NOT NULL,
    approval_id uuid        NOT NULL,
    wish        text        NOT NULL,
    why         text        NOT NULL,
    asked_by    uuid        NOT NULL,
    asked_at    timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL CHECK (expires_at > asked_at),
    state       text        NOT NULL
        CHECK (state IN ('waiting', 'done', 'failed', 'refused', 'withdrawn', 'expired')),
    decided_by  uuid,
    decided_at  timestamptz,
    outcome     text,
    PRIMARY KEY (shard, approval_id),
    CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    -- Four eyes, repeated where nobody can forget them.
    CHECK (state NOT IN ('done', 'failed', 'refused') OR decided_by <> asked_by)
);

CREATE INDEX staff_approval_waiting ON staff_approval (shard, asked_at) WHERE state = 'waiting';
