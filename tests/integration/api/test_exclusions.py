"""Players take a break over HTTP, staff imposes one, and both are felt at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import PASSWORD, Desk, Somebody, selection_id, slip


async def ask(
    desk: Desk, player: Somebody, method: str, path: str, body: dict[str, Any] | None = None
) -> Answer:
    """Ask as this player, with a fresh key."""
    return await desk.client.ask(method, path, token=player.token, key=desk.key(), body=body)


async def back(desk: Desk, player: Somebody) -> Somebody:
    """Log in again, as somebody whose sessions have ended."""
    body = {"email": player.email, "password": PASSWORD}
    answer = await desk.client.ask("POST", "/v1/sessions", body=body)
    return replace(player, token=answer.json()["token"])


async def refusal_of_a_bet(desk: Desk, player: Somebody) -> str | None:
    """Place a bet and return why it was refused."""
    placed = await desk.place(player, slip(selection_id("final"), stake="1.00"))
    await desk.process()
    found = await ask(desk, player, "GET", f"/v1/bets/{placed.json()['bet_id']}")
    refusal: str | None = found.json()["refusal"]
    return refusal


async def test_a_time_out_stops_bets_and_deposits_and_not_withdrawals(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    taken = await ask(desk, player, "POST", "/v1/me/time-outs", {"hours": 24})
    deposit = await desk.deposit(player, "5.00")
    body = {"amount": "5.00", "currency": "EUR"}
    withdrawal = await ask(desk, player, "POST", "/v1/withdrawals", body)
    shown = await ask(desk, player, "GET", "/v1/me/exclusions")

    assert (taken.status, taken.json()["kind"]) == (200, "time_out")
    assert await refusal_of_a_bet(desk, player) == "player_on_time_out"
    assert (deposit.status, deposit.slug) == (403, "player_on_time_out")
    assert withdrawal.status == 202
    assert [item["kind"] for item in shown.json()["exclusions"]] == ["time_out"]


async def test_what_keeps_nobody_away_any_more_is_told_to_be_over(desk: Desk) -> None:
    player = await desk.player()
    await ask(desk, player, "POST", "/v1/me/time-outs", {"hours": 24})
    await ask(desk, player, "POST", "/v1/me/exclusions", {"months": 6})

    async def told() -> dict[str, bool]:
        found = await ask(desk, await back(desk, player), "GET", "/v1/me/exclusions")
        return {item["kind"]: item["over"] for item in found.json()["exclusions"]}

    assert await told() == {"time_out": False, "exclusion": False}
    desk.clock.advance(timedelta(hours=24))
    assert await told() == {"time_out": True, "exclusion": False}
    desk.clock.advance(timedelta(days=200))
    # The licence has it go on until the player asks.
    assert await told() == {"time_out": True, "exclusion": False}


async def test_staff_excludes_a_player_without_an_end(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    imposed = await desk.client.ask(
        "POST",
        f"/v1/staff/players/{player.player_id}/exclusions",
        token=desk.staff,
        key=desk.key(),
        body={"months": None, "reason": "risk_of_harm"},
    )

    dead = await ask(desk, player, "GET", "/v1/me/wallet")

    assert (imposed.status, imposed.json()["ends_at"]) == (200, None)
    assert imposed.json()["initiator"] == "staff"
    assert dead.status == 401
    player = await back(desk, player)
    assert (await ask(desk, player, "GET", "/v1/me/wallet")).status == 200
    assert await refusal_of_a_bet(desk, player) == "player_excluded"


async def test_a_key_of_the_players_does_not_stand_in_the_way_of_staff(desk: Desk) -> None:
    player = await desk.player()
    path = f"/v1/staff/players/{player.player_id}/exclusions"
    body: dict[str, Any] = {"months": None, "reason": "risk_of_harm"}
    await desk.client.ask(
        "POST", "/v1/me/time-outs", token=player.token, key="same", body={"hours": 24}
    )

    imposed = await desk.client.ask("POST", path, token=desk.staff, key="same", body=body)

    assert (imposed.status, imposed.json()["kind"]) == (200, "exclusion")


async def test_the_same_key_gives_the_same_exclusion(desk: Desk) -> None:
    player = await desk.player()

    async def exclude(months: int) -> Answer:
        return await desk.client.ask(
            "POST",
            "/v1/me/exclusions",
            token=player.token,
            key="once",
            body={"months": months},
        )

    first = await exclude(6)
    player = await back(desk, player)
    again, other = await exclude(6), await exclude(12)

    assert first.json() == again.json()
    assert (other.status, other.slug) == (409, "idempotency_key_reused")


async def test_a_player_asks_to_return_and_waits_as_the_licence_says(desk: Desk) -> None:
    player = await desk.player()
    nothing = await ask(desk, player, "POST", "/v1/me/return")
    await ask(desk, player, "POST", "/v1/me/exclusions", {"months": 6})
    player = await back(desk, player)
    early = await ask(desk, player, "POST", "/v1/me/return")
    desk.clock.advance(timedelta(days=185))
    desk.wall.advance(timedelta(days=185))
    player = await back(desk, player)
    done = await ask(desk, player, "POST", "/v1/me/return")

    assert (nothing.status, nothing.slug) == (404, "not_excluded")
    assert (early.status, early.slug) == (409, "term_not_over")
    assert done.status == 200


@pytest.mark.parametrize(
    ("path", "body", "slug"),
    [
        ("/v1/me/time-outs", {"hours": 0}, "malformed"),
        ("/v1/me/time-outs", {"hours": 10**12}, "malformed"),
        ("/v1/me/time-outs", {"hours": 9_999}, "term_not_offered"),
        ("/v1/me/exclusions", {"months": 0}, "malformed"),
        ("/v1/me/exclusions", {"months": 1}, "term_not_offered"),
    ],
)
async def test_a_term_that_the_licence_does_not_offer_is_refused_by_its_name(
    shared_desk: Desk, path: str, body: dict[str, Any], slug: str
) -> None:
    player = await shared_desk.player()

    answer = await ask(shared_desk, player, "POST", path, body)

    assert (answer.status, answer.slug, answer.fields) == (422, slug, list(body))
    shown = await ask(shared_desk, player, "GET", "/v1/me/exclusions")
    assert shown.json()["exclusions"] == []
