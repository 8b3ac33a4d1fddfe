-- Members of staff.  They belong to the staff's shard, whose turn makes every change serial.
CREATE TABLE staff_agent (
    shard    smallint    NOT NULL,
    staff_id uuid        NOT NULL,
    name     text        NOT NULL CHECK (name ~ '^[a-z][a-z0-9._-]{1,39}$'),
    roles    text[]      NOT NULL,
    status   text        NOT NULL CHECK (status IN ('active', 'removed')),
    added_at timestamptz NOT NULL,
    PRIMARY KEY (shard, staff_id),
    CHECK (status = 'active' OR roles = '{}')
);

CREATE UNIQUE INDEX staff_agent_name ON staff_agent (shard, name) WHERE status = 'active';

-- Roles that were changed or added; what the others permit is in the code.
CREATE TABLE staff_role (
    shard       smallint NOT NULL,
    role        text     NOT NULL CHECK (role <> 'administrator'),
    permissions text[]   NOT NULL,
    PRIMARY KEY (shard, role)
);

-- What an agent gets in with.  The seed of the second factor lies with `personal`.
CREATE TABLE staff_login (
    shard         smallint NOT NULL,
    staff_id      uuid     NOT NULL,
    password_hash text,
    invitation    bytea    CHECK (octet_length(invitation) = 32),
    invited_until timestamptz,
    factor_active boolean  NOT NULL,
    last_step     bigint   NOT NULL,
    failures      int      NOT NULL CHECK (failures >= 0),
    locked_until  timestamptz,
    PRIMARY KEY (shard, staff_id),
    CHECK ((invitation IS NULL) = (invited_until IS NULL))
);

CREATE UNIQUE INDEX staff_login_invitation ON staff_login (shard, invitation)
    WHERE invitation IS NOT NULL;

-- Every session of an agent there was.
CREATE TABLE staff_session (
    shard      smallint    NOT NULL,
    session_id uuid        NOT NULL,
    staff_id   uuid        NOT NULL,
    proven     boolean     NOT NULL,
    opened_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    ended_at   timestamptz,
    end_reason text,
    PRIMARY KEY (shard, session_id),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE INDEX staff_session_open ON staff_session (shard, staff_id) WHERE ended_at IS NULL;
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
