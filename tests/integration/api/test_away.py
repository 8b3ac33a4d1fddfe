"""A database that is away, goes away, or hangs up in the middle of a commit."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from folders import make_folder
from integration.api.client import Answer
from integration.api.desk import (
    Desk,
    Somebody,
    event_id,
    new_event,
    news,
    registration,
    selection_id,
    slip,
)
from integration.api.rows import count_rows
from integration.api.tap import Tap, tapped
from pitboss.api.tokens import Role
from pitboss.db import Database, migrate, roles
from pitboss.db.embedded import PROCESS, EmbeddedPostgres

# Longer than any answer takes here; who waits longer has found a hang.
ANSWER_SECONDS_MAX = 5.0
MEMORY_BYTES = 512 * 1024**2
BODY = slip(selection_id("cup"))
MONEY = {"amount": "5.00", "currency": "EUR"}

T = TypeVar("T")
Ask = Callable[[Desk, Somebody, str], Awaitable[Answer]]


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """Give a server that a test may stop."""
    home = make_folder("pitboss-away-")
    server = EmbeddedPostgres(home, memory_bytes=MEMORY_BYTES)
    server.start()
    yield server
    server.stop(immediate=True)
    shutil.rmtree(home)


@pytest.fixture
async def own_desk(server: EmbeddedPostgres) -> AsyncIterator[Desk]:
    """Give an API over that server."""
    owner, database = Database(server.owner_url()), Database(server.url())
    await migrate(owner)
    await roles.grant(owner, PROCESS)
    await owner.close()
    yield Desk(database=database)
    await database.close()


@pytest.fixture
async def tap(database: Database) -> AsyncIterator[Tap]:
    """Give a wire to the database of the test."""
    folder = make_folder("pitboss-tap-")
    async with tapped(database.url, folder) as wire:
        yield wire
    shutil.rmtree(folder)


def bet(desk: Desk, player: Somebody, key: str) -> Awaitable[Answer]:
    """Ask for a bet."""
    return desk.place(player, BODY, key=key)


def batch(desk: Desk, player: Somebody, key: str) -> Awaitable[Answer]:
    """Ask for a batch of one."""
    return desk.client.ask(
        "POST", "/v1/bets/batch", token=player.token, body={"bets": [{**BODY, "key": key}]}
    )


def payment(path: str) -> Ask:
    """Return how to ask for a payment."""

    def ask(desk: Desk, player: Somebody, key: str) -> Awaitable[Answer]:
        return desk.client.ask("POST", path, token=player.token, key=key, body=MONEY)

    return ask


def register(desk: Desk, player: Somebody, key: str) -> Awaitable[Answer]:
    """Register somebody else."""
    return desk.client.ask("POST", "/v1/players", key=key, body=registration(f"{key}@b.c"))


def open_event(desk: Desk, player: Somebody, key: str) -> Awaitable[Answer]:
    """Open another event."""
    body = {"events": [new_event(key)]}
    return desk.client.ask("POST", "/v1/staff/events", token=desk.staff, body=body)


def result(desk: Desk, player: Somebody, key: str) -> Awaitable[Answer]:
    """Record how the event ended."""
    body = {"results": [{"event_id": event_id("cup"), "home": 1, "away": 0}]}
    return desk.client.ask("POST", "/v1/staff/results", token=desk.staff, body=body)


def look(path: str) -> Ask:
    """Return how to look at something."""

    def ask(desk: Desk, player: Somebody, key: str) -> Awaitable[Answer]:
        return desk.client.ask("GET", path, token=player.token)

    return ask


WRITES: list[Ask] = [
    bet,
    batch,
    payment("/v1/deposits"),
    payment("/v1/withdrawals"),
    register,
    open_event,
    result,
]
LOOKS = [
    look(path)
    for path in ("/readyz", "/v1/me", "/v1/me/wallet", "/v1/events", f"/v1/bets/{event_id('x')}")
]


@pytest.mark.parametrize("immediate", [False, True])
async def test_while_the_database_is_away_the_answer_is_503_and_then_all_is_well_again(
    own_desk: Desk, server: EmbeddedPostgres, immediate: bool
) -> None:
    await own_desk.event("cup")
    player = await own_desk.player(amount="50.00")
    before = await count_rows(own_desk.database)

    await asyncio.to_thread(server.stop, immediate=immediate)
    away = [await within(ask(own_desk, player, "one")) for ask in [*WRITES, *LOOKS] * 2]
    alive = await own_desk.client.ask("GET", "/healthz")
    many = await within(
        asyncio.gather(*(bet(own_desk, player, f"key-{number}") for number in range(200)))
    )
    await asyncio.to_thread(server.start)
    after = await count_rows(own_desk.database)
    back = [
        await within(ask(own_desk, player, f"back-{number}")) for number, ask in enumerate(WRITES)
    ]

    for answer in [*away, *many]:
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        # Of two hundred at once some do not even wait for the database.
        assert answer.slug in {"database_away", "outcome_unknown", "too_busy"}
    assert alive.status == 200
    assert after == before, "nothing was done while it was away"
    assert [answer.status for answer in back] == [202, 200, 202, 202, 201, 200, 200]


@pytest.mark.parametrize("ask", WRITES[:6], ids=lambda ask: ask.__qualname__)
@pytest.mark.parametrize("arrives", [False, True])
async def test_a_commit_whose_outcome_is_unknown_is_told_and_asking_again_is_harmless(
    database: Database, tap: Tap, ask: Ask, arrives: bool
) -> None:
    direct = Desk(database=database)
    await direct.event("cup")
    player = await direct.player(amount="50.00")
    wired = direct.twin_over(Database(tap.url))
    before = sum((await count_rows(database)).values())

    tap.cut_before, tap.cut_after = not arrives, arrives
    unknown = await within(ask(wired, player, "one"))
    between = sum((await count_rows(database)).values())
    again = await within(ask(wired, player, "one"))
    after = await count_rows(database)
    once_more = await within(ask(wired, player, "one"))

    assert tap.cuts == 1
    # The first commit of a registration is that of counting the try; nothing of it was done then.
    slug = "database_away" if ask is register else "outcome_unknown"
    assert (unknown.status, unknown.slug) == (503, slug)
    assert unknown.headers["retry-after"] == "1"
    assert (between > before) is (arrives and ask is not register)
    assert again.status < 300
    assert once_more.status < 300
    # Who registers again is logged in again, and it is told that a session began and counts.
    for table in ("fact", "fact", "player_session", "session_start"):
        after[table] += ask is register
    last = await count_rows(database)
    # The first login is counted at its address, whichever of them it was.
    assert after.pop("login_address") <= last.pop("login_address")
    assert last == after
    await wired.database.close()


async def test_news_that_was_cut_off_is_told_again_and_pays_in_once(
    database: Database, tap: Tap
) -> None:
    direct = Desk(database=database)
    player = await direct.player()
    wanted = (await direct.deposit(player, "40.00")).json()
    wired = direct.twin_over(Database(tap.url))

    tap.cut_after = True
    unknown = await within(wired.tell(news(wanted)))
    again = await within(wired.tell(news(wanted)))

    assert (unknown.status, unknown.slug) == (503, "outcome_unknown")
    assert again.json() == {"believed": True, "refusal": None}
    assert (await direct.look(player, "/v1/me/wallet"))["posted"] == "40.00"
    await wired.database.close()


async def test_a_database_that_never_was_there_is_away(tmp_path: Path) -> None:
    desk = Desk(database=Database(f"postgresql://pitboss@/pitboss?host={tmp_path}&port=5432"))
    player = Somebody(
        player_id=event_id("nobody"),
        token=desk.tokens.issue(event_id("nobody"), Role.PLAYER, "EUR", now=desk.wall.now()).text,
        email="",
    )

    answers = [await within(ask(desk, player, "k")) for ask in [*WRITES, *LOOKS]]

    assert {answer.status for answer in answers} == {503}
    assert {answer.slug for answer in answers} == {"database_away"}


async def within(answer: Awaitable[T]) -> T:
    """Return an answer that comes soon."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        return await answer
