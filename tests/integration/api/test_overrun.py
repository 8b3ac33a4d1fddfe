"""Who is overrun says no at once, before anything is accepted, and keeps what was accepted."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody, selection_id, slip
from integration.api.rows import count_rows
from pitboss.api.intake import PATIENT_BETS_MAX, WAIT_SECONDS_MAX


async def bet(desk: Desk, player: Somebody, key: str) -> Answer:
    """Ask for a bet."""
    return await desk.client.ask(
        "POST", "/v1/bets", token=player.token, key=key, body=slip(selection_id("cup"))
    )


@contextlib.asynccontextmanager
async def slow_log(desk: Desk) -> AsyncIterator[None]:
    """Keep everybody from appending, as a disk does that has stopped for a moment."""
    async with desk.database.transaction() as tx:
        await tx.execute("SELECT 1 FROM log_head FOR UPDATE")
        yield


async def flood(desk: Desk, player: Somebody, bets: int) -> list[asyncio.Task[Answer]]:
    """Ask for so many bets and wait until the oldest of them has waited too long."""
    asked = [asyncio.create_task(bet(desk, player, f"k{number}")) for number in range(bets)]
    await asyncio.sleep(2 * WAIT_SECONDS_MAX)
    return asked


async def first_refused(
    desk: Desk, player: Somebody, waiting: list[asyncio.Task[Answer]]
) -> tuple[str, Answer]:
    """Ask for one bet after the other until one is answered; the others wait with the rest.

    On a busy machine the first of them may have come before the flood.
    """
    for number in itertools.count():
        asked = asyncio.create_task(bet(desk, player, f"late{number}"))
        await asyncio.wait({asked}, timeout=2 * WAIT_SECONDS_MAX)
        if asked.done():
            return f"late{number}", asked.result()
        waiting.append(asked)
    raise AssertionError("nobody was refused")


async def test_when_many_wait_for_long_the_next_is_told_to_ask_again_and_nobody_is_lost(
    desk: Desk,
) -> None:
    await desk.event("cup")
    player = await desk.player()

    async with slow_log(desk):
        waiting = await flood(desk, player, PATIENT_BETS_MAX + 1)
        key, refused = await first_refused(desk, player, waiting)
    answers = await asyncio.gather(*waiting)
    logged = (await count_rows(desk.database))["command"]
    again = await bet(desk, player, key)

    assert (refused.status, refused.slug, refused.headers["retry-after"]) == (503, "too_busy", "1")
    assert {answer.status for answer in answers} == {again.status} == {202}
    assert logged == len(waiting)


async def test_a_few_are_waited_for_however_long_it_takes(desk: Desk) -> None:
    await desk.event("cup")
    player = await desk.player()

    async with slow_log(desk):
        waiting = await flood(desk, player, PATIENT_BETS_MAX - 1)
        waiting.append(asyncio.create_task(bet(desk, player, "late")))
        await asyncio.sleep(0)
    answers = await asyncio.gather(*waiting)

    assert {answer.status for answer in answers} == {202}
