"""What waits for a result is in the open."""

from __future__ import annotations

from typing import Any

import pytest

from integration.api.desk import Desk, event_id, market_id, selection_id, slip
from integration.api.office import hire

PATH = "/v1/staff/settlement/awaited"


async def close(desk: Desk, *names: str) -> None:
    """Have staff close the markets of events."""
    changes = [{"market_id": market_id(name), "status": "closed"} for name in names]
    answer = await desk.client.ask(
        "POST", "/v1/staff/markets/status", token=desk.staff, body={"changes": changes}
    )
    assert answer.status == 200, answer.body


async def shown(desk: Desk, query: str = "") -> dict[str, Any]:
    answer = await desk.client.ask("GET", PATH + query, token=desk.staff)
    assert answer.status == 200, answer.body
    page: dict[str, Any] = answer.json()
    return page


async def test_staff_see_which_markets_owe_players_a_result(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    for code in ("home", "home", "away"):
        await desk.place(player, slip(selection_id("final", code=code), stake="5.00"))
    await desk.process()
    early = await shown(desk)

    await close(desk, "final")
    (market,) = (late := await shown(desk))["markets"]
    body = {"results": [{"event_id": event_id("final"), "home": 1, "away": 0, "abandoned": False}]}
    await desk.client.ask("POST", "/v1/staff/results", token=desk.staff, body=body)
    await desk.process()

    assert early == {"markets": [], "count": 0, "next_after": None}
    assert (late["count"], late["next_after"]) == (1, None)
    told = {name: market[name] for name in ("market_id", "event_id", "kind", "status", "late")}
    assert told == {
        "market_id": market_id("final"),
        "event_id": event_id("final"),
        "kind": "1x2",
        "status": "closed",
        "late": "market_closed",
    }
    assert market["selections"] == [
        {
            "selection_id": selection_id("final", code=code),
            "code": code,
            "currency": "EUR",
            "bets": bets,
            "stake": stake,
            "torn": False,
        }
        for code, bets, stake in (("away", 1, "5.00"), ("home", 2, "10.00"))
    ]
    assert (await shown(desk))["markets"] == []


async def test_what_waits_is_shown_page_by_page_and_by_producer(desk: Desk) -> None:
    player = await desk.player(amount="50.00")
    names = ("one", "two", "three")
    for name in names:
        await desk.event(name)
        await desk.place(player, slip(selection_id(name), stake="5.00"))
    await desk.process()
    await close(desk, *names)

    first = await shown(desk, "?limit=2")
    second = await shown(desk, f"?limit=2&after={first['next_after']}")

    found = [one["market_id"] for one in (*first["markets"], *second["markets"])]
    assert found == sorted(market_id(name) for name in names)
    assert (first["count"], second["count"], second["next_after"]) == (3, 3, None)
    assert (await shown(desk, "?producer=uof:1"))["markets"] == []


@pytest.mark.parametrize(
    "query",
    [
        *("?after=x", "?producer=A%20B", "?producer=", "?hours=0", "?hours=x", "?limit=0"),
        *("?limit=101", "?hours=99999999999999999999"),
    ],
)
async def test_what_nobody_can_ask_is_refused(shared_desk: Desk, query: str) -> None:
    answer = await shared_desk.client.ask("GET", PATH + query, token=shared_desk.staff)

    assert answer.status in {400, 422}, answer.body


async def test_only_traders_see_what_waits(desk: Desk) -> None:
    trader, writer = [await hire(desk, name, name) for name in ("trader", "marketing")]
    player = await desk.player()

    assert (await trader.ask("GET", PATH)).status == 200
    assert (await writer.ask("GET", PATH)).status == 403
    assert (await desk.client.ask("GET", PATH, token=player.token)).status == 403
