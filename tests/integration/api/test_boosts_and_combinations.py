"""Boosts and combinations over HTTP: as staff and players see them."""

from __future__ import annotations

from typing import Any

from integration.api.desk import Desk, event_id, selection_id, slip

LEGS = (selection_id("final"), selection_id("final", "total", "over"))


async def sell(desk: Desk, **more: Any) -> Any:
    """Let the desk sell a home win and over together; return what came of it."""
    parts = [{"selection_id": leg, "tick": 1} for leg in LEGS]
    body = {"combinations": [{"parts": parts, "price": "4.5", **more}]}
    answer = await desk.client.ask("POST", "/v1/staff/combinations", token=desk.staff, body=body)
    (came,) = answer.json()["answers"]
    return came


async def on_sale(desk: Desk) -> list[dict[str, Any]]:
    """Return what everybody is shown."""
    path = f"/v1/events/{event_id('final')}/combinations"
    shown: list[dict[str, Any]] = (await desk.client.ask("GET", path)).json()["combinations"]
    return shown


async def test_a_combination_is_priced_shown_and_bet_on_with_a_boost(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="10.00")
    first, again = await sell(desk), await sell(desk)
    (one,) = await on_sale(desk)
    boost = await desk.client.ask(
        "POST",
        f"/v1/staff/players/{player.player_id}/boosts",
        token=desk.staff,
        key="k",
        body={
            "share": "0.1",
            "stake_max": "10.00",
            "currency": "EUR",
            "expires_at": "2030-01-01T00:00:00Z",
        },
    )
    (mine,) = (await desk.look(player, "/v1/me/boosts"))["boosts"]

    body = {
        **slip(*LEGS, stake="10.00"),
        "combination": {"combination_id": one["combination_id"], "tick": one["tick"]},
        "boost": mine["boost"],
    }
    asked = {key: value for key, value in body.items() if key not in ("stake", "again")}
    largest = await desk.client.ask("POST", "/v1/bets/max-stake", token=player.token, body=asked)
    placed = await desk.place(player, body)
    await desk.process()
    bet = await desk.look(player, placed.json()["links"]["status"])

    assert [first["changed"], again["changed"]] == [True, False]
    assert {part["selection_id"] for part in one["parts"]} == set(LEGS)
    assert (one["price"], one["price_decimal"], one["tick"]) == ("9/2", "4.5", 1)
    assert boost.json() == {"boost": mine["boost"], "changed": True}
    assert (mine["share"], mine["stake_max"]) == ("1/10", "10.00")
    assert (bet["state"], bet["boosted"]) == ("accepted", "1/10")
    assert bet["combination"] == {
        "combination_id": one["combination_id"],
        "tick": 1,
        "price": "9/2",
        "policy": "refund_unless_lost",
    }
    most = largest.json()
    assert (most["stake_max"], most["refusal"]) == ("10.00", "boost_stake_too_large")
    # Thirty-five are won, and a tenth of that.
    assert bet["returns_max"] == "48.50"
    assert (await desk.look(player, "/v1/me/boosts"))["boosts"] == []


async def test_what_is_not_on_sale_any_more_is_not_shown(desk: Desk) -> None:
    await desk.event("final")
    await sell(desk)
    prices = {"changes": [{"selection_id": LEGS[0], "price": "2.4"}]}
    await desk.client.ask("POST", "/v1/staff/prices", token=desk.staff, body=prices)
    moved = await on_sale(desk)
    refused = await sell(desk)
    parts = [{"selection_id": leg, "tick": tick} for leg, tick in zip(LEGS, (2, 1), strict=True)]
    priced = await sell(desk, parts=parts, price="4.25")
    shown = await on_sale(desk)
    await sell(desk, parts=parts, price=None)

    assert moved == []
    assert refused == {"combination": None, "changed": False, "refusal": "price_changed"}
    assert shown == [priced["combination"]]
    assert priced["combination"]["tick"] == 2
    assert await on_sale(desk) == []
