"""A price that has moved on, or a market that takes no bets, is never taken, however one asks."""

from __future__ import annotations

import asyncio

from scenario.hands import House


async def test_a_price_that_moved_before_the_bet_is_told_as_it_is(house: House) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="50.00")
    await house.price(event, "home", "2.25")

    stale = await player.bet("10.00", event.selection("home"))
    fresh = await player.bet("10.00", event.selection("home"), ticks=(2,))
    bet = await player.until(fresh.json()["links"]["status"], state="accepted")

    assert (stale.status_code, stale.json()["tick"], stale.json()["price"]) == (409, 2, "9/4")
    assert bet["legs"][0]["price"] == "9/4"
    assert await player.money() == ("50.00", "10.00")


async def test_whatever_is_accepted_while_prices_move_has_the_price_that_was_asked_for(
    house: House,
) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="50.00")
    prices = {1: "5/2", **{tick: f"{tick + 20}/10" for tick in range(2, 12)}}
    told: list[tuple[str, int]] = []

    async def keep_betting() -> None:
        for tick in [1, *range(1, 12)] * 3:
            answer = await player.bet("0.50", event.selection("home"), ticks=(tick,))
            assert answer.status_code in {202, 409}
            if answer.status_code == 202:
                told.append((answer.json()["links"]["status"], tick))

    async def keep_moving() -> None:
        for tick in range(2, 12):
            await house.price(event, "home", prices[tick])

    await asyncio.gather(keep_betting(), keep_moving())

    for path, tick in told:
        bet = await player.look(path)
        while bet["state"] == "pending":
            bet = await player.look(path)
        if bet["state"] == "refused":
            assert bet["refusal"] == "price_changed"
        else:
            top, bottom = (int(part) for part in prices[tick].split("/"))
            struck_top, struck_bottom = (int(part) for part in bet["legs"][0]["price"].split("/"))
            assert struck_top * bottom == top * struck_bottom
            assert bet["legs"][0]["tick"] == tick


async def test_a_suspended_market_takes_no_bets_and_an_opened_one_does(house: House) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="50.00")

    await house.set_status(event, "suspended")
    refused = await player.placed("10.00", event.selection("home"))
    bet = await player.until(refused, state="refused")
    await house.set_status(event, "open")
    accepted = await player.accepted("10.00", event.selection("home"))

    assert bet["refusal"] == "market_not_open"
    assert (await player.look(accepted))["state"] == "accepted"
    assert await player.money() == ("50.00", "10.00")


async def test_an_event_that_has_ended_takes_no_bets(house: House) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="50.00")
    await house.result(event, 1, 0)

    path = await player.placed("10.00", event.selection("home"))

    assert (await player.until(path, state="refused"))["refusal"] == "market_not_open"


async def test_an_event_that_has_started_takes_no_bets(house: House) -> None:
    event = await house.open_event("2.5", "3.2", "2.9", starts_in=-60)
    player = await house.player(amount="50.00")

    path = await player.placed("10.00", event.selection("home"))

    assert (await player.until(path, state="refused"))["refusal"] == "event_started"
