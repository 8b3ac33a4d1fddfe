"""Asked at once by many, with one key: done once, and everybody hears the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from integration.api.client import Answer
from integration.api.desk import (
    Desk,
    Somebody,
    new_event,
    news,
    registration,
    selection_id,
    slip,
)
from integration.api.rows import count_rows

TWINS = 32


async def at_once(ask: Callable[[int], Awaitable[Answer]]) -> list[Answer]:
    """Ask this many times, all at the same moment."""
    return await asyncio.gather(*(ask(number) for number in range(TWINS)))


def desks(desk: Desk) -> list[Desk]:
    """Return two APIs over one database, as two processes are."""
    return [desk, desk.twin()]


async def test_one_bet_for_one_key(desk: Desk) -> None:
    await desk.event("cup")
    player = await desk.player(amount="100.00")
    both, body = desks(desk), slip(selection_id("cup"), stake="60.00")

    answers = await at_once(lambda number: both[number % 2].place(player, body, key="one"))
    await desk.process()

    assert {answer.status for answer in answers} == {202}
    assert len({answer.body for answer in answers}) == 1
    assert (await count_rows(desk.database))["bet"] == 1
    assert (await desk.look(player, "/v1/me/wallet"))["held"] == "60.00"


async def test_one_request_for_one_key_when_many_differ(desk: Desk) -> None:
    await desk.event("cup")
    player = await desk.player(amount="100.00")
    both = desks(desk)

    answers = await at_once(
        lambda number: both[number % 2].place(
            player, slip(selection_id("cup"), stake=f"{number % 4 + 1}.00"), key="one"
        )
    )

    assert sorted({answer.status for answer in answers}) == [202, 409]
    assert len({answer.body for answer in answers if answer.status == 202}) == 1
    assert (await count_rows(desk.database))["command"] == 1


@pytest.mark.parametrize(("path", "held"), [("/v1/deposits", "0.00"), ("/v1/withdrawals", "60.00")])
async def test_one_payment_for_one_key(desk: Desk, path: str, held: str) -> None:
    player = await desk.player(amount="100.00")
    both, body = desks(desk), {"amount": "60.00", "currency": "EUR"}

    answers = await at_once(
        lambda number: both[number % 2].client.ask(
            "POST", path, token=player.token, key="one", body=body
        )
    )

    assert {answer.status for answer in answers} == {202}
    assert len({answer.json()["payment_id"] for answer in answers}) == 1
    assert (await count_rows(desk.database))["payment"] == 2
    assert (await desk.look(player, "/v1/me/wallet"))["held"] == held


async def test_withdrawals_at_once_take_no_more_than_there_is(desk: Desk) -> None:
    player = await desk.player(amount="100.00")
    both, body = desks(desk), {"amount": "30.00", "currency": "EUR"}

    answers = await at_once(
        lambda number: both[number % 2].client.ask(
            "POST", "/v1/withdrawals", token=player.token, key=f"w{number}", body=body
        )
    )

    statuses = [answer.status for answer in answers]
    assert (statuses.count(202), statuses.count(409)) == (3, TWINS - 3)
    assert {answer.slug for answer in answers if answer.status == 409} == {"insufficient_funds"}
    assert (await desk.look(player, "/v1/me/wallet"))["available"] == "10.00"


async def test_one_player_for_one_key(desk: Desk) -> None:
    both, body = desks(desk), registration()

    answers = await at_once(
        lambda number: both[number % 2].client.ask("POST", "/v1/players", key="one", body=body)
    )

    assert {answer.status for answer in answers} == {201}
    assert len({answer.json()["player_id"] for answer in answers}) == 1
    assert (await count_rows(desk.database))["player"] == 1


async def test_one_player_for_one_email(desk: Desk) -> None:
    both, body = desks(desk), registration()

    answers = await at_once(
        lambda number: both[number % 2].client.ask(
            "POST", "/v1/players", key=f"k{number}", body=body
        )
    )

    statuses = [answer.status for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (1, TWINS - 1)
    assert (await count_rows(desk.database))["player"] == 1


async def test_news_that_is_told_many_times_at_once_pays_in_once(desk: Desk) -> None:
    player = await desk.player()
    payment = (await desk.deposit(player, "40.00")).json()
    both = desks(desk)

    answers = await at_once(lambda number: both[number % 2].tell(news(payment)))

    assert {answer.status for answer in answers} == {200}
    assert (await desk.look(player, "/v1/me/wallet"))["posted"] == "40.00"


async def test_one_event_for_one_id(desk: Desk) -> None:
    both, body = desks(desk), {"events": [new_event("cup")]}

    answers = await at_once(
        lambda number: both[number % 2].client.ask(
            "POST", "/v1/staff/events", token=desk.staff, body=body
        )
    )

    changed = [answer.json()["answers"][0]["changed"] for answer in answers]
    assert (changed.count(True), changed.count(False)) == (1, TWINS - 1)


async def test_bets_of_many_players_at_once_are_all_taken_on(desk: Desk) -> None:
    await desk.event("cup")
    players: list[Somebody] = [await desk.player(amount="10.00") for _ in range(8)]
    both, body = desks(desk), slip(selection_id("cup"), stake="3.00")

    answers = await at_once(lambda number: both[number % 2].place(players[number % 8], body))
    await desk.process()

    assert {answer.status for answer in answers} == {202}
    for player in players:
        wallet = await desk.look(player, "/v1/me/wallet")
        assert (wallet["posted"], wallet["held"], wallet["available"]) == ("10.00", "9.00", "1.00")
