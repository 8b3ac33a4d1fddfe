"""What settlement goes on without is in the open."""

from __future__ import annotations

from integration.api.desk import Desk, selection_id, slip
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import OpenBet

PATH = "/v1/staff/settlement/aside"


async def test_staff_see_a_bet_that_cannot_be_settled_and_why(desk: Desk) -> None:
    await desk.event("final")
    player = await desk.player(amount="10.00")
    placed = await desk.place(player, slip(selection_id("final")))
    await desk.process()
    bet_id = BetId(placed.json()["bet_id"])
    before = await desk.client.ask("GET", PATH, token=desk.staff)
    place = OpenBet(shard=shard_of(PlayerId(player.player_id)), bet_id=bet_id)
    async with desk.database.transaction() as tx:
        now = desk.clock.now()
        await settlement.set_aside(tx, place, why="KeyError: x", now=now, entropy=desk.entropy)

    (shown,) = (await desk.client.ask("GET", PATH, token=desk.staff)).json()["bets"]
    theirs = await desk.client.ask("GET", PATH, token=player.token)

    assert before.json() == {"bets": []}
    assert (shown["bet_id"], shown["player_id"]) == (bet_id, player.player_id)
    assert (shown["why"], shown["state"]) == ("KeyError: x", "accepted")
    assert theirs.status == 403
