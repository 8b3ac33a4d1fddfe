"""Who has to give way to others tries again, and says so in the end; our own faults stay ours."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from argon2 import PasswordHasher

from integration.api.client import Answer
from integration.api.desk import PASSWORD, Desk, Somebody, registration, selection_id, slip
from integration.api.rows import count_rows
from pitboss.api.turns import TRIES_MAX
from pitboss.db import Database, Transaction
from pitboss.db.errors import TransactionConflict

WRITES = ["/v1/bets", "/v1/bets/batch", "/v1/deposits", "/v1/players"]


class Contended(Database):
    """A database whose next transactions end in a fault, with all that was written undone."""

    times = 0
    fault: Callable[[], Exception] = staticmethod(lambda: TransactionConflict("a deadlock"))

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction that may not be let through."""
        async with super().transaction() as tx:
            yield tx
            if self.times:
                self.times -= 1
                raise self.fault()


@pytest.fixture
async def contended(database: Database) -> AsyncIterator[Contended]:
    """Give such a database."""
    found = Contended(database.url)
    yield found
    await found.close()


async def write(desk: Desk, player: Somebody, path: str) -> Answer:
    """Ask for something at this address."""
    bet = slip(selection_id("cup"))
    bodies = {
        "/v1/bets": bet,
        "/v1/bets/batch": {"bets": [{**bet, "key": "k"}]},
        "/v1/deposits": {"amount": "5.00", "currency": "EUR"},
        "/v1/players": registration("other@b.c"),
    }
    return await desk.client.ask("POST", path, token=player.token, key="k", body=bodies[path])


@pytest.mark.parametrize("path", WRITES)
async def test_who_gives_way_tries_again_and_nobody_notices(
    desk: Desk, contended: Contended, path: str
) -> None:
    await desk.event("cup")
    player = await desk.player()
    contended.times = TRIES_MAX - 1

    answer = await write(desk.twin_over(contended), player, path)
    done = await count_rows(desk.database)
    again = await write(desk, player, path)

    assert answer.status == again.status < 300
    assert contended.times == 0
    # Who registers again is logged in again, and it is told that a session began and counts.
    for table in ("fact", "fact", "player_session", "session_start"):
        done[table] += path == "/v1/players"
    assert await count_rows(desk.database) == done


@pytest.mark.parametrize("path", WRITES)
async def test_who_gives_way_for_ever_is_told_and_nothing_is_done(
    desk: Desk, contended: Contended, path: str
) -> None:
    await desk.event("cup")
    player = await desk.player()
    before = await count_rows(desk.database)
    contended.times = TRIES_MAX

    answer = await write(desk.twin_over(contended), player, path)

    assert (answer.status, answer.slug, answer.headers["retry-after"]) == (503, "too_busy", "1")
    assert await count_rows(desk.database) == before


@pytest.mark.parametrize("path", WRITES)
async def test_a_fault_of_ours_is_told_without_its_words_and_nothing_is_done(
    desk: Desk, contended: Contended, path: str
) -> None:
    await desk.event("cup")
    player = await desk.player()
    before = await count_rows(desk.database)
    contended.times, contended.fault = 1, lambda: LookupError("a secret of ours")
    wired = desk.twin_over(contended)

    answer = await write(wired, player, path)
    next_one = await write(wired, player, path)

    assert (answer.status, answer.slug) == (500, "internal")
    assert b"secret" not in answer.body
    assert next_one.status < 300
    assert sum((await count_rows(desk.database)).values()) > sum(before.values())


async def test_a_password_that_was_hashed_otherwise_is_hashed_anew_at_the_next_login(
    desk: Desk,
) -> None:
    player = await desk.player()
    old = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1).hash(PASSWORD)
    async with desk.database.transaction() as tx:
        await tx.execute("UPDATE player_login SET password_hash = $1", old)

    answers = [
        await desk.client.ask(
            "POST", "/v1/sessions", body={"email": player.email, "password": PASSWORD}
        )
        for _ in range(2)
    ]

    async with desk.database.reading() as tx:
        row = await tx.fetch_one("SELECT password_hash FROM player_login")
    assert [answer.status for answer in answers] == [201, 201]
    assert row is not None
    assert row["password_hash"] != old
    assert "m=19456" in row["password_hash"]
