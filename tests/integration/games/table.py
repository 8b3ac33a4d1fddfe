"""An API with a provider, two players who have opened its game, and a way to speak to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import httpx

from integration.api.desk import Desk
from integration.api.doors import GAME
from pitboss import messages
from pitboss.api.edge import GameProvider
from pitboss.conformance.model import Account
from pitboss.db import Database
from pitboss.games import rounds
from pitboss.games.rounds.model import Launch, Opened, make_token
from pitboss.games.rounds.ports import Talk
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of

BASE = "http://wallet.test/v1/providers/acme"
PLAYERS_HAVE = "200.00"


@dataclass(slots=True, kw_only=True)
class Table:
    """What a test of a protocol has at hand."""

    desk: Desk
    http: httpx.AsyncClient
    game: str
    serial: int = 0

    async def account(self) -> tuple[Account, Account]:
        """Return a player as who is known by their session, and as who is known by a token."""
        player = await self.desk.player(amount=PLAYERS_HAVE)
        return await self.sit_down(player.player_id)

    async def sit_down(self, player_id: str) -> tuple[Account, Account]:
        """Open the game for a player."""
        who = PlayerId(player_id)
        shard = shard_of(who)
        self.serial += 1
        token = make_token(shard, self.desk.entropy.random_bytes(16))
        async with messages.turn(
            self.desk.database,
            [shard],
            now=self.desk.clock.now(),
            actor="test",
            entropy=self.desk.entropy,
        ) as turn:
            opened = await rounds.open_session(
                turn,
                Launch(
                    player_id=who,
                    provider="acme",
                    game=self.game,
                    session_id=derived_id("session", str(self.serial)),
                    secret=token,
                    login_id=None,
                    network=None,
                ),
            )
        assert isinstance(opened, Opened), opened
        return (
            Account(player=player_id, currency="EUR", token=opened.session.id),
            Account(player=player_id, currency="EUR", token=token),
        )


async def lay(database: Database, talk: Talk, *, game: str = "book", **about: Any) -> Table:
    """Bring up an API with a provider that talks so, whose game is certified."""
    desk = Desk(database=database, providers={"acme": GameProvider(talk=talk, **about)})
    body = {"provider": "acme", "games": [{**GAME, "code": game}]}
    answer = await desk.client.ask("POST", "/v1/staff/games/import", token=desk.staff, body=body)
    assert answer.status == 200, answer.body
    transport = httpx.ASGITransport(app=cast("Any", desk.client.app))
    return Table(desk=desk, game=game, http=httpx.AsyncClient(transport=transport, timeout=30))
