"""A server's last words between two statements: the connection is over, the work is not."""

from __future__ import annotations

from typing import Any, cast

import asyncpg
import pytest

from pitboss.db import Transaction
from pitboss.db.errors import DatabaseAway


class Confused:
    """A connection as asyncpg leaves it when a session was ended while nobody asked anything."""

    def __init__(self) -> None:
        self.terminated = False

    async def execute(self, *_: object, **__: object) -> str:
        """Fail as asyncpg does."""
        raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2)")

    fetch = fetchrow = copy_records_to_table = execute

    def terminate(self) -> None:
        """Take note that nobody uses this connection again."""
        self.terminated = True


@pytest.mark.parametrize("verb", ["execute", "fetch", "fetch_one", "copy_in", "ping"])
async def test_a_connection_in_an_unknown_state_is_away_and_given_up(verb: str) -> None:
    connection = Confused()
    tx = Transaction(cast("Any", connection))
    words: dict[str, tuple[Any, ...]] = {"copy_in": ("number", ("n",), ()), "ping": ()}

    with pytest.raises(DatabaseAway):
        await getattr(tx, verb)(*words.get(verb, ("SELECT 1",)))

    assert connection.terminated
