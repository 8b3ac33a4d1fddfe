"""Payments over HTTP: what blocks them, who lets them go on, and what nobody takes back."""

from __future__ import annotations

import pytest

from integration.api.desk import Desk, Somebody
from integration.api.office import hire
from integration.api.test_cases import fail_deposits, open_cases, watch
from paced import put_in_force

NEW_JERSEY = {"payments": {"failed_deposits_max": 5, "failed_deposits_minutes": 10}}


async def refused(desk: Desk, player: Somebody) -> str | None:
    """Return why a deposit is refused now, if it is."""
    answer = await desk.deposit(player, "5.00")
    return None if answer.status == 202 else str(answer.json()["type"].rpartition(":")[2])


async def test_a_block_is_told_to_the_player_and_to_staff_who_lifts_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, NEW_JERSEY)
    risk, trader = await hire(desk, "ann", "risk"), await hire(desk, "eve", "trader")
    lookout = await hire(desk, "bob", "responsible_gaming")
    player = await desk.player()
    path = f"/v1/staff/players/{player.player_id}/deposits/unblock"
    body = {"reason": "instrument_checked"}

    early = await risk.ask("POST", path, body)
    await fail_deposits(desk, player, 5)
    blocked = await refused(desk, player)
    await watch(desk)
    markers = {case["marker"] for case in await open_cases(lookout)}
    forbidden = await trader.ask("POST", path, body)
    lifted = [await risk.ask("POST", path, body) for _ in range(2)]

    assert (early.status, early.json()["type"].rpartition(":")[2]) == (404, "deposits_not_blocked")
    assert blocked == "deposits_blocked"
    assert markers == {"failed_deposits", "deposits_blocked"}
    assert forbidden.status == 403
    assert [answer.status for answer in lifted] == [204, 204]
    assert await refused(desk, player) is None


async def test_no_address_takes_a_withdrawal_back(desk: Desk) -> None:
    player = await desk.player(amount="20.00")
    asked = await desk.client.ask(
        "POST",
        "/v1/withdrawals",
        body={"amount": "15.00", "currency": "EUR"},
        token=player.token,
        key=desk.key(),
    )
    payment_id = asked.json()["payment_id"]

    tried = [
        await desk.client.ask(method, path, token=player.token)
        for method in ("DELETE", "PATCH", "PUT", "POST")
        for path in (f"/v1/payments/{payment_id}", f"/v1/withdrawals/{payment_id}")
    ]

    assert {answer.status for answer in tried} <= {404, 405}
    wallet = await desk.look(player, "/v1/me/wallet")
    assert (wallet["posted"], wallet["held"]) == ("20.00", "15.00")
