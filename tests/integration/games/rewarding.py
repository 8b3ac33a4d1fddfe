"""A world with a provider that grants rewards over HTTP, and the loops that ask it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from integration.cashier.world import START, UNIT
from integration.games.test_conformance import private_pem
from integration.games.world import GAME, PROVIDER, Games
from pitboss import jurisdictions
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.rewards import Hub88Rewards
from pitboss.games import rewards
from pitboss.games.rewards.model import (
    Changed,
    Given,
    Grant,
    GrantAnswer,
    Place,
    Reward,
    Why,
    reward_id,
)
from pitboss.games.rewards.ports import Rewards
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Initiator, Kind, Reason, Wish
from pitboss.sandbox.rewards import SandboxRewards
from pitboss.workers.rewards import Loop
from unit.protocols.keys import PAIR

URL = "https://games.example/api/game/url"
WORTH_MAX = 100 * UNIT


@dataclass(slots=True, kw_only=True)
class Giving(Games):
    """The hands of a test about rewards; `provider` is asked over HTTP and checks signatures."""

    provider: SandboxRewards = field(
        default_factory=lambda: SandboxRewards(key=PAIR.public_key(), operator="casino")
    )
    wall: ManualClock = field(default_factory=lambda: ManualClock(START))
    keys: itertools.count[int] = field(default_factory=itertools.count)
    prepaid: str = ""

    def __post_init__(self) -> None:
        self.prepaid = self.provider.add_prepaid("any", game=GAME, currency="GBP")

    @property
    def port(self) -> Rewards:
        """What the provider is asked through."""
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.provider))
        return Hub88Rewards(Hub88Calls(client, URL, "casino", private_pem(PAIR)))

    def loop(self, port: Rewards | None = None) -> Loop:
        """Return a fresh loop, as after a restart."""
        return Loop(
            database=self.database,
            providers={PROVIDER: port or self.port},
            clock=self.clock,
            entropy=self.entropy,
            wall=self.wall,
        )

    def grant(self, player_id: PlayerId, *, key: str | None = None, **about: Any) -> Grant:
        """Return a reward of three free stakes of one unit; without a key, one never used."""
        return Grant(
            **{
                "id": reward_id(player_id, key or f"key-{next(self.keys)}"),
                "player_id": player_id,
                "provider": PROVIDER,
                "game": GAME,
                "prepaid": self.prepaid,
                "currency": "GBP",
                "stake_micros": UNIT,
                "stakes_max": 3,
                "ends_at": self.clock.now() + timedelta(days=7),
                **about,
            }
        )

    async def give(self, *grants: Grant) -> tuple[GrantAnswer, ...]:
        """Give rewards, in one turn."""
        async with self.turn(*{grant.place[0] for grant in grants}) as turn:
            return await rewards.give(turn, grants, worth_micros_max=WORTH_MAX)

    async def requested(self, player_id: PlayerId, **about: Any) -> Reward:
        """Give a reward that is taken on."""
        (answer,) = await self.give(self.grant(player_id, **about))
        assert isinstance(answer, Given), answer
        return answer.reward

    async def granted(self, player_id: PlayerId, **about: Any) -> Reward:
        """Give a reward, and have its provider grant it."""
        reward = await self.requested(player_id, **about)
        await self.loop().step()
        reward = await self.reward(reward.place)
        assert reward.ref is not None, reward
        return reward

    async def reward(self, place: Place) -> Reward:
        """Return a reward as it stands."""
        async with self.database.reading() as tx:
            found = await rewards.find_reward(tx, place)
        assert found is not None
        return found

    async def told_of_rewards(self, player_id: PlayerId) -> list[str]:
        """Return the types of the facts about a player's rewards, in order."""
        found = await self.told(player_id, also=("reward",))
        return [data["type"] for data in found if data["type"].startswith("reward")]

    async def cancel(self, reward: Reward) -> Reward:
        """Have staff cancel a reward."""
        async with self.turn(reward.place[0]) as turn:
            answer = await rewards.cancel(turn, reward.place, Why.STAFF)
        assert isinstance(answer, Changed), answer
        return answer.reward

    async def keep_away(self, player_id: PlayerId, kind: Kind, **length: Any) -> None:
        """Keep a player away, as they wish it."""
        away = Wish(
            key=derived_id("away", player_id),
            player_id=player_id,
            kind=kind,
            initiator=Initiator.PLAYER,
            reason=Reason.PLAYERS_CHOICE,
            **length,
        )
        async with self.turn(shard_of(player_id)) as turn:
            await exclusion.exclude(turn, away, jurisdictions.get("demo"))

    def wait(self, seconds: float) -> None:
        """Let time pass on the machine's clock."""
        self.wall.advance(timedelta(seconds=seconds))
