"""What a statement may lock, whether it writes and asks for the time, can be read from its text."""

from __future__ import annotations

import pytest

from pitboss.sim.world.statement import copy_into, read_statement


@pytest.mark.parametrize(
    ("query", "what", "locks", "writes", "timed"),
    [
        ("BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN", "", False, False),
        ("COMMIT", "COMMIT", "", False, False),
        ("SELECT * FROM bet WHERE id = $1", "SELECT bet", "", False, False),
        ("SELECT 1", "SELECT", "", False, False),
        ("SELECT x FROM unnest($1::int[]) AS x", "SELECT", "", False, False),
        ("SELECT * FROM head ORDER BY id FOR UPDATE", "SELECT head and lock", "head", False, False),
        ("SELECT * FROM head FOR SHARE", "SELECT head and lock", "head", False, False),
        ("SELECT * FROM head FOR NO KEY UPDATE", "SELECT head and lock", "head", False, False),
        ("SELECT pg_advisory_xact_lock($1)", "SELECT advisory and lock", "advisory", False, False),
        ("UPDATE lease SET until = now()", "UPDATE lease", "lease", True, True),
        ('INSERT INTO "command" (a) VALUES (1)', "INSERT command", "command", True, False),
        ("DELETE FROM bet", "DELETE bet", "bet", True, False),
        (
            "WITH a AS (SELECT 1 FROM head FOR UPDATE) INSERT INTO log SELECT * FROM a JOIN b",
            "WITH head and lock",
            "head log a b",
            True,
            False,
        ),
        ("SELECT 1 FROM lease WHERE until < clock_timestamp()", "SELECT lease", "", False, True),
    ],
)
def test_a_statement_says_what_it_is(
    query: str, what: str, locks: str, *, writes: bool, timed: bool
) -> None:
    statement = read_statement(query)

    assert statement.what == what
    assert statement.locks == frozenset(locks.split())
    assert (statement.writes, statement.timed) == (writes, timed)


def test_a_copy_writes_and_may_wait_for_a_twin() -> None:
    statement = copy_into("fact")

    assert statement.what == "COPY fact"
    assert statement.locks == frozenset({"fact"})
    assert statement.writes
