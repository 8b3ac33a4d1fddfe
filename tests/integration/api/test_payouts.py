"""Players name over HTTP the sum above which their wins are paid out by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody, event_id, selection_id, slip
from paced import put_in_force
from pitboss.workers.payouts import Walk

PAYOUT = "/v1/me/payout"
OFFERED = {"payments": {"auto_payout_offered": True}}


async def ask(
    desk: Desk, player: Somebody, method: str, body: dict[str, Any] | None = None
) -> Answer:
    """Ask about the player's payout."""
    return await desk.client.ask(method, PAYOUT, token=player.token, body=body)


async def test_wins_above_the_sum_that_was_named_are_withdrawn_unasked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OFFERED)
    await desk.event("final")
    player = await desk.player(amount="50.00")
    before = (await ask(desk, player, "GET")).json()
    named = [await ask(desk, player, "PUT", {"amount": "60.00"}) for _ in range(2)]
    await desk.place(player, slip(selection_id("final"), stake="10.00"))
    await desk.process()
    result = {"event_id": event_id("final"), "home": 2, "away": 1}
    await desk.client.ask("POST", "/v1/staff/results", token=desk.staff, body={"results": [result]})
    await desk.process()
    won = (await ask(desk, player, "GET")).json()
    for _ in range(2):
        await Walk(database=desk.database, clock=desk.clock, entropy=desk.entropy).step()
    after = (await ask(desk, player, "GET")).json()
    payment = await desk.look(player, after["payment"])
    taken_back = await ask(desk, player, "DELETE")

    assert (before["offered"], before["amount"], before["won"]) == (True, None, None)
    assert [(answer.status, answer.json()["amount"]) for answer in named] == [(200, "60.00")] * 2
    assert (won["won"], won["payment"], after["won"]) == ("15.00", None, "0.00")
    assert (payment["kind"], payment["amount"]) == ("withdrawal", "5.00")
    listed = [item["kind"] for item in (await desk.look(player, "/v1/payments"))["payments"]]
    assert listed == ["withdrawal", "deposit"]
    assert (taken_back.status, taken_back.json()["amount"]) == (200, None)
    again = await ask(desk, player, "DELETE")
    assert (again.status, again.json()["type"].rpartition(":")[2]) == (404, "no_payout_sum")


async def test_where_no_payout_is_offered_none_can_be_named_but_it_can_be_looked_at(
    desk: Desk,
) -> None:
    player = await desk.player()
    refused = await ask(desk, player, "PUT", {"amount": "60.00"})
    shown = await ask(desk, player, "GET")

    assert refused.status == 403
    assert refused.json()["type"].rpartition(":")[2] == "payout_not_offered"
    assert (shown.status, shown.json()["offered"]) == (200, False)


@pytest.mark.parametrize("amount", ["-1.00", "1.001", "a lot", "", "99999999999999999.00"])
async def test_what_is_no_sum_is_told_to_be_none(
    desk: Desk, amount: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OFFERED)
    player = await desk.player()
    answer = await ask(desk, player, "PUT", {"amount": amount})

    assert answer.status == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["amount"]
