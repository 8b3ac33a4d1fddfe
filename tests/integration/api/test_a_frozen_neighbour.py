"""Somebody who holds a player's shard and does not move keeps no bet from being acknowledged."""

from __future__ import annotations

import asyncio

from integration.api.client import AsgiClient
from integration.api.desk import Desk, selection_id, slip
from integration.players.keys import KEYS
from pitboss.adapters import passwords
from pitboss.api.asgi import make_app
from pitboss.api.edge import Edge
from pitboss.db import Database
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of

# Below the time after which a caller without a connection hears that the database is away.
AT_ONCE_SECONDS = 5.0


async def test_bets_are_acknowledged_while_payments_wait_for_a_lock(desk: Desk) -> None:
    await desk.event("cup")
    player = await desk.player(amount="100.00")
    narrow = Database(desk.database.url, connections_max=1)
    log = Database(desk.database.url, connections_max=2)
    client = AsgiClient(
        make_app(
            Edge(
                database=narrow,
                log_database=log,
                clock=desk.clock,
                wall=desk.wall,
                entropy=desk.entropy,
                tokens=desk.tokens,
                personal_keys=KEYS,
                passwords=passwords,
            )
        )
    )
    money = {"amount": "5.00", "currency": "EUR"}

    async with desk.database.transaction() as frozen:
        await frozen.execute(
            "SELECT FROM shard_head WHERE shard = $1 FOR UPDATE",
            shard_of(PlayerId(player.player_id)),
        )
        payment = asyncio.create_task(
            client.ask("POST", "/v1/deposits", token=player.token, key="money", body=money)
        )
        await asyncio.sleep(0.2)
        async with asyncio.timeout(AT_ONCE_SECONDS):
            bet = await client.ask(
                "POST", "/v1/bets", token=player.token, key="b", body=slip(selection_id("cup"))
            )
        waited = not payment.done()

    assert waited
    assert bet.status == 202
    assert (await payment).status == 202
    await narrow.close()
    await log.close()
