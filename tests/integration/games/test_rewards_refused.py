"""Promises about who is given no reward, and which: said before any provider hears of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from integration.cashier.world import UNIT
from integration.games.rewarding import Giving
from integration.games.world import GAME, PROVIDER, listing
from paced import put_in_force
from pitboss.db import Database
from pitboss.games import registry, rewards
from pitboss.games.registry.model import Suspension
from pitboss.games.registry.model import Why as WhyStopped
from pitboss.games.rewards.model import NotGiven, RewardState
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.responsible.exclusion.model import Kind


@pytest.fixture
async def world(database: Database) -> Giving:
    world = Giving(database=database)
    await world.list_games()
    return world


@pytest.fixture
async def ann(world: Giving) -> PlayerId:
    return await world.player()


async def suspended(world: Giving, player: PlayerId) -> None:
    await world.suspend(player)


async def excluded(world: Giving, player: PlayerId) -> None:
    await world.keep_away(player, Kind.EXCLUSION, months=6)


async def on_time_out(world: Giving, player: PlayerId) -> None:
    await world.keep_away(player, Kind.TIME_OUT, hours=24)


async def stopped(world: Giving, player: PlayerId) -> None:
    async with world.turn(CATALOGUE_SHARD) as turn:
        wish = Suspension(
            provider=PROVIDER, code=GAME, suspended=True, why=WhyStopped.FAULT_SUSPECTED
        )
        await registry.suspend(turn, wish)


async def uncertified(world: Giving, player: PlayerId) -> None:
    await world.list_games(listing(version="2.0", licences=()))


KEPT_FROM = [
    (suspended, "player_not_active"),
    (excluded, "player_excluded"),
    (on_time_out, "player_on_time_out"),
    (stopped, "game_suspended"),
    (uncertified, "game_not_certified"),
]


@pytest.mark.parametrize(("happens", "reason"), KEPT_FROM, ids=[reason for _, reason in KEPT_FROM])
async def test_who_may_not_play_is_given_nothing_and_no_provider_hears_of_them(
    world: Giving, ann: PlayerId, happens: Callable[..., Awaitable[None]], reason: str
) -> None:
    waiting = await world.requested(ann)
    await happens(world, ann)

    (answer,) = await world.give(world.grant(ann))
    await world.loop().step()

    assert answer == NotGiven(reason=reason)
    # Nor is what was given before and not sent yet.
    after = await world.reward(waiting.place)
    assert (after.state, after.word) == (RewardState.REFUSED, reason)
    assert world.provider.calls("rewards/create") == []
    assert await world.told_of_rewards(ann) == [
        "reward.requested",
        "reward.not_given",
        "reward.declined",
    ]


LICENCES = [
    ({"verification": {"before_play": True}}, "player_not_verified"),
    ({"games": {"rewards": False}}, "rewards_not_allowed"),
    ({"licence": {"products": ()}}, "product_not_licensed"),
    ({"games": {"stake_micros_max": UNIT // 2}}, "stake_too_large"),
]


@pytest.mark.parametrize(("changes", "reason"), LICENCES, ids=[reason for _, reason in LICENCES])
async def test_what_the_licence_does_not_let_anybody_have_is_not_given(
    world: Giving, ann: PlayerId, monkeypatch: pytest.MonkeyPatch, changes: Any, reason: str
) -> None:
    put_in_force(monkeypatch, changes)

    (answer,) = await world.give(world.grant(ann))
    await world.loop().step()

    assert answer == NotGiven(reason=reason)
    assert world.provider.heard == []


BAD = [
    ({"currency": "EUR"}, "wrong_currency"),
    ({"game": "nothing"}, "unknown_game"),
    ({"stakes_max": 101}, "reward_too_large"),
    ({"ends_at": timedelta(0)}, "reward_over"),
    ({"stake_micros": 1_005_000}, "stake_not_whole"),
]


@pytest.mark.parametrize(("about", "reason"), BAD, ids=str)
async def test_what_cannot_be_given_is_refused_by_name(
    world: Giving, ann: PlayerId, about: dict[str, Any], reason: str
) -> None:
    if "ends_at" in about:
        about = {"ends_at": world.clock.now() + about["ends_at"]}

    assert await world.give(world.grant(ann, **about)) == (NotGiven(reason=reason),)
    async with world.database.reading() as tx:
        assert await rewards.find_rewards_of(tx, ann) == []


PREPAIDS = [
    ({"game": "another"}, "unknown_prepaid"),
    ({"currency": "EUR"}, "unknown_prepaid"),
    ({"bet_value": 200_000}, "prepaid_other_stake"),
    ({"bet_count": 100}, "prepaid_other_count"),
]


@pytest.mark.parametrize(("about", "reason"), PREPAIDS, ids=str)
async def test_a_prepaid_that_would_give_something_else_is_not_used(
    world: Giving, ann: PlayerId, about: dict[str, Any], reason: str
) -> None:
    terms = {"game": GAME, "currency": "GBP", **about}
    prepaid = world.provider.add_prepaid("other", **terms)
    reward = await world.requested(ann, prepaid=prepaid)

    await world.loop().step()

    after = await world.reward(reward.place)
    assert (after.state, after.word) == (RewardState.REFUSED, reason)
    assert world.provider.calls("rewards/create") == []


CAMPAIGNS = [
    ({"bet_value": 200_000}, "campaign_other_stake"),
    ({"bet_count": 100}, "campaign_other_count"),
]


@pytest.mark.parametrize(("values", "reason"), CAMPAIGNS, ids=str)
async def test_a_campaign_that_would_give_something_else_is_not_used(
    world: Giving, ann: PlayerId, values: dict[str, int], reason: str
) -> None:
    campaign = world.provider.add_campaign("other", prepaid=world.prepaid, **values)
    reward = await world.requested(ann, campaign=campaign)

    await world.loop().step()

    after = await world.reward(reward.place)
    assert (after.state, after.word) == (RewardState.REFUSED, reason)
    assert world.provider.calls("rewards/create") == []


async def test_a_campaign_is_one_that_there_is_and_of_the_same_prepaid(
    world: Giving, ann: PlayerId
) -> None:
    other = world.provider.add_prepaid("other", game=GAME, currency="GBP")
    wrong = world.provider.add_campaign("wrong", prepaid=other)
    right = world.provider.add_campaign(
        "right", prepaid=world.prepaid, bet_value=100_000, bet_count=3
    )
    given = [await world.requested(ann, campaign=name) for name in ("none", wrong, right)]

    await world.loop().step()

    found = [await world.reward(reward.place) for reward in given]
    assert [item.word for item in found] == ["unknown_campaign", "campaign_other_prepaid", None]
    assert found[2].state is RewardState.GRANTED
    (sent,) = world.provider.calls("rewards/create")
    assert sent["campaign_uuid"] == right
