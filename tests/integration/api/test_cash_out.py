"""Selling a bet back over the API: the offer that is shown is the offer that is paid."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from integration.api.desk import Desk, event_id, selection_id, slip


async def accepted(desk: Desk, player: Any) -> str:
    """Give the address of a player's accepted single of 10.00 at 2.50."""
    placed = await desk.place(player, slip(selection_id("final"), stake="10.00"))
    await desk.process()
    return str(placed.json()["links"]["status"])


async def ask(desk: Desk, player: Any, bet: str, quote: str, *, key: str = "sale") -> Any:
    """Take a quote."""
    return await desk.client.ask(
        "POST", f"{bet}/cash-out", token=player.token, key=key, body={"quote": quote}
    )


async def test_a_quote_that_is_taken_is_paid_at_once_and_the_bet_is_over(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    bet = await accepted(desk, player)

    offered = await desk.look(player, f"{bet}/cash-out/quote")
    sold = await ask(desk, player, bet, offered["quote"])
    again = await ask(desk, player, bet, offered["quote"])

    assert sold.status == 200
    assert sold.json()["state"] == "paid"
    assert again.json() == sold.json()
    shown = await desk.look(player, bet)
    assert (shown["state"], shown["returns"]) == ("cashed_out", offered["offer"])
    listed = await desk.look(player, f"{bet}/cash-out")
    assert listed["cash_outs"] == [sold.json()]
    wallet = await desk.look(player, "/v1/me/wallet")
    assert wallet["held"] == "0.00"
    assert Decimal(wallet["available"]) == 40 + Decimal(offered["offer"])


async def test_a_part_of_the_stake_is_sold_and_the_bet_goes_on_with_the_rest(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    bet = await accepted(desk, player)

    offered = await desk.look(player, f"{bet}/cash-out/quote?stake=4.00")
    await ask(desk, player, bet, offered["quote"])

    shown = await desk.look(player, bet)
    assert (shown["state"], shown["stake"], shown["stake_left"]) == ("accepted", "10.00", "6.00")
    assert (await desk.look(player, f"{bet}/cash-out/quote"))["stake_left"] == "6.00"


async def test_a_quote_that_nobody_made_or_for_another_bet_is_named_and_sells_nothing(
    desk: Desk,
) -> None:
    await desk.event("final")
    player, other = await desk.player(amount="50.00"), await desk.player(amount="50.00")
    bet, theirs = await accepted(desk, player), await accepted(desk, other)
    good = (await desk.look(player, f"{bet}/cash-out/quote"))["quote"]
    raw = bytearray(base64.urlsafe_b64decode(good))
    raw[-5] ^= 1
    forged = base64.urlsafe_b64encode(bytes(raw)).decode()

    answers = [
        await ask(desk, player, bet, forged, key="1"),
        await ask(desk, player, bet, "not base64 \u00e9", key="2"),
        await ask(desk, other, theirs, good, key="3"),
        await ask(desk, other, bet, good, key="4"),
    ]

    assert [answer.status for answer in answers] == [422, 422, 422, 422]
    assert all(answer.json()["errors"][0]["field"] == "quote" for answer in answers)
    assert (await desk.look(player, bet))["state"] == "accepted"


async def test_after_the_price_has_moved_the_old_quote_is_refused_with_its_reason(
    desk: Desk,
) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    bet = await accepted(desk, player)
    offered = await desk.look(player, f"{bet}/cash-out/quote")
    change = {"selection_id": selection_id("final"), "price": "2.25"}
    await desk.client.ask("POST", "/v1/staff/prices", token=desk.staff, body={"changes": [change]})

    answer = await ask(desk, player, bet, offered["quote"])

    assert answer.status == 409
    assert answer.json()["type"].endswith("quote_stale")
    assert (await desk.look(player, "/v1/me/wallet"))["held"] == "10.00"


async def test_a_settled_bet_and_somebody_elses_are_not_offered_for(desk: Desk) -> None:
    await desk.event("final")
    player, other = await desk.player(amount="50.00"), await desk.player(amount="50.00")
    bet = await accepted(desk, player)
    strangers = await desk.client.ask("GET", f"{bet}/cash-out/quote", token=other.token)
    await desk.client.ask(
        "POST",
        "/v1/staff/results",
        token=desk.staff,
        body={"results": [{"event_id": event_id("final"), "home": 2, "away": 0}]},
    )
    await desk.process()

    settled = await desk.client.ask("GET", f"{bet}/cash-out/quote", token=player.token)

    assert strangers.status == 404
    assert (settled.status, settled.json()["type"].rsplit(":", 1)[-1]) == (409, "bet_not_open")
