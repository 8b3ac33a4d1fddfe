-- How many draws each start of the generator has made, and how many of them nobody was dealt.
CREATE TABLE house_draw_count (
    instance   text        PRIMARY KEY,
    drawn      bigint      NOT NULL CHECK (drawn >= 0),
    missing    bigint      NOT NULL CHECK (missing BETWEEN 0 AND drawn),
    counted_at timestamptz NOT NULL
);

CREATE INDEX house_step_by_draw ON house_step
    ((draw::jsonb ->> 'instance'), ((draw::jsonb ->> 'sequence')::bigint)) WHERE draw IS NOT NULL;
