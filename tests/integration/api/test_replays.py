"""Staff has a settlement worked out again, and sees the facts that it rests on."""

from __future__ import annotations

import pytest

from integration.api.desk import Desk, event_id, selection_id, slip


async def test_staff_sees_what_a_settlement_rests_on(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="50.00")
    placed = await desk.place(player, slip(selection_id("final"), stake="10.00"))
    bet_id = placed.json()["bet_id"]
    path = f"/v1/staff/bets/{bet_id}/replay"
    await desk.process()
    waiting = await desk.client.ask("GET", path, token=desk.staff)
    await desk.client.ask(
        "POST",
        "/v1/staff/results",
        token=desk.staff,
        body={"results": [{"event_id": event_id("final"), "home": 2, "away": 0}]},
    )
    await desk.process()

    answer = await desk.client.ask("GET", path, token=desk.staff)

    assert (waiting.status, waiting.slug) == (409, "not_settled")
    found = answer.json()
    assert (answer.status, found["agrees"], found["disagreements"]) == (200, True, [])
    assert found["told"] == found["replayed"] == {"returns_micros": 25_000_000, "voided": False}
    assert found["coin"] == {"taken": 10_000_000, "paid": 25_000_000, "released": 0}
    assert [item["what"] for item in found["inputs"]] == ["terms", "result", "settlement"]
    assert found["inputs"][0]["said"]["bet_id"] == bet_id
    assert found["rules"] == "settlement.v4"


@pytest.mark.parametrize(
    ("bet_id", "status", "slug"),
    [
        ("00000000-0000-7000-8000-000000000000", 404, "not_found"),
        ("no-bet", 422, "malformed"),
    ],
)
async def test_what_is_no_bet_has_no_replay(
    shared_desk: Desk, bet_id: str, status: int, slug: str
) -> None:
    answer = await shared_desk.client.ask(
        "GET", f"/v1/staff/bets/{bet_id}/replay", token=shared_desk.staff
    )

    assert (answer.status, answer.slug) == (status, slug)
