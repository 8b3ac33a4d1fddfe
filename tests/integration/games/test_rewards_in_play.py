"""Promises about free stakes on rewards: the house pays for what it gave, and for no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from integration.cashier.world import UNIT
from integration.games.rewarding import Giving
from integration.games.world import GAME, PLAIN, listing, stake, undo, win
from integration.players.people import assert_rebuilt
from pitboss.db import Database
from pitboss.games import rewards, rounds
from pitboss.games.rewards.model import NotChanged, Refusal, Reward, RewardState
from pitboss.games.rounds.model import (
    ClosedBy,
    Done,
    Refused,
    Request,
    Resolution,
    round_id_of,
)
from pitboss.kernel.ids import PlayerId
from pitboss.responsible.exclusion.model import Kind
from pitboss.sandbox.rewards import Fate

AGREED = structs.replace(PLAIN, free_play=True)


@pytest.fixture
async def world(database: Database) -> Giving:
    world = Giving(database=database)
    await world.list_games(listing(), listing("other"))
    return world


@pytest.fixture
async def ann(world: Giving) -> PlayerId:
    player = await world.player(units=100)
    await world.launch(player)
    return player


def free(world: Giving, player: PlayerId, reward: Reward, name: str, **about: Any) -> Request:
    """Return a round of its own with a free stake of one unit on a reward."""
    units = about.pop("units", 1)
    step = stake(name, units, free=True, reward=about.pop("named", reward.ref))
    return world.asked(player, step, ref=f"round of {name}", **about)


async def used(world: Giving, reward: Reward) -> tuple[int, int]:
    after = await world.reward(reward.place)
    return after.used, after.used_micros


async def test_a_reward_that_was_played_keeps_the_name_that_staff_said(
    world: Giving, ann: PlayerId
) -> None:
    world.provider.fate["rewards/create"] = Fate.MUTE
    reward = await world.requested(ann)
    await world.loop().step()
    (ref,) = world.provider.rewards
    async with world.turn(reward.place[0]) as turn:
        await rewards.decide(turn, reward.place, ref)
    await world.play(free(world, ann, await world.reward(reward.place), "b1"))

    async with world.turn(reward.place[0]) as turn:
        answers = [
            await rewards.decide(turn, reward.place, name) for name in ("another-name", None)
        ]

    assert answers == [NotChanged(reason=Refusal.REWARD_NOT_UNKNOWN)] * 2
    assert (await world.reward(reward.place)).ref == ref


async def test_free_stakes_are_taken_up_to_what_was_given_and_cost_the_player_nothing(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await world.granted(ann)

    one_by_one = [(await world.play(free(world, ann, reward, f"b{n}")))[0] for n in range(4)]
    again = (await world.play(free(world, ann, reward, "b0")))[0]
    await world.done(ann, win("w0", 7, free=True), ref="round of b0")

    assert [type(answer) for answer in one_by_one] == [Done, Done, Done, Refused]
    assert isinstance(one_by_one[3], Refused)
    assert one_by_one[3].reason == "reward_used_up"
    assert isinstance(again, Done)
    assert again.repeated
    assert await used(world, reward) == (3, 3 * UNIT)
    assert await world.has(ann) == 107 * UNIT
    assert await world.totals_are_zero()
    told = [data["type"] for data in await world.told(ann, also=("reward",))]
    assert told.count("reward.used") == 3
    # What was refused is on record, as every stake that is refused.
    assert told.count("round.stake_refused") == 1
    await assert_rebuilt(database)


async def test_what_a_free_stake_wins_gives_nothing_of_the_reward_back(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await world.granted(ann)

    for number in range(3):
        await world.play(free(world, ann, reward, f"b{number}"))
        won = win(f"w{number}", 7 * number, stake_id=f"b{number}", free=True)
        await world.done(ann, won, ref=f"round of b{number}")
    (more,) = await world.play(free(world, ann, reward, "b3"))

    assert await used(world, reward) == (3, 3 * UNIT)
    assert isinstance(more, Refused)
    assert more.reason == "reward_used_up"
    assert await world.has(ann) == 121 * UNIT
    assert await world.totals_are_zero()
    await assert_rebuilt(database)


async def test_stakes_of_one_batch_see_what_those_before_them_have_used(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await world.granted(ann)

    answers = await world.play(*(free(world, ann, reward, f"b{number}") for number in range(5)))

    assert [type(answer) for answer in answers] == [Done] * 3 + [Refused] * 2
    assert await used(world, reward) == (3, 3 * UNIT)
    await assert_rebuilt(database)


async def test_a_stake_that_is_rolled_back_leaves_its_place_to_the_next_of_the_same_batch(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await world.granted(ann)
    await world.play(*(free(world, ann, reward, f"b{number}") for number in range(3)))

    answers = await world.play(
        world.asked(ann, undo("u2", "b2"), ref="round of b2"),
        free(world, ann, reward, "b3"),
        world.asked(ann, undo("u3", "b3"), ref="round of b3"),
        free(world, ann, reward, "b4"),
        free(world, ann, reward, "b5"),
    )

    assert [type(answer) for answer in answers] == [Done] * 4 + [Refused]
    assert await used(world, reward) == (3, 3 * UNIT)
    assert await world.totals_are_zero()
    await assert_rebuilt(database)


async def test_many_stakes_at_once_use_no_more_than_there_is(world: Giving, ann: PlayerId) -> None:
    reward = await world.granted(ann)

    answers = await asyncio.gather(
        *(world.play(free(world, ann, reward, f"b{number % 6}")) for number in range(12))
    )

    done = [answer for (answer,) in answers if isinstance(answer, Done) and not answer.repeated]
    assert len(done) == 3
    assert await used(world, reward) == (3, 3 * UNIT)


async def test_a_request_that_is_not_done_as_a_whole_uses_nothing(
    world: Giving, ann: PlayerId
) -> None:
    reward = await world.granted(ann)
    steps = (stake("b1", free=True, reward=reward.ref), stake("b2", 1_000))

    answer = await world.wish(ann, *steps)

    assert isinstance(answer, Refused)
    assert await used(world, reward) == (0, 0)


async def test_what_is_undone_may_be_taken_again(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await world.granted(ann, stakes_max=1)
    first = free(world, ann, reward, "b1")
    await world.play(first)

    await world.done(ann, undo("u1", "b1"), ref=first.round_ref)
    await world.done(ann, undo("u2", "b1"), ref=first.round_ref)
    between = await used(world, reward)
    (again,) = await world.play(free(world, ann, reward, "b2"))

    assert between == (0, 0)
    assert isinstance(again, Done)
    assert await used(world, reward) == (1, UNIT)
    assert await world.totals_are_zero()
    await assert_rebuilt(database)


async def test_a_round_that_is_made_void_gives_back_what_it_took(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    reward = await world.granted(ann)
    asked = free(world, ann, reward, "b1")
    await world.play(asked)
    place = (reward.place[0], round_id_of(asked.provider, ann, asked.round_ref or ""))

    async with world.turn(place[0]) as turn:
        await rounds.resolve(turn, [place], Resolution.VOID, by=ClosedBy.STAFF)

    assert await used(world, reward) == (0, 0)
    assert await world.has(ann) == 100 * UNIT
    await assert_rebuilt(database)


async def nothing(world: Giving, reward: Reward) -> None:
    """Leave it as it is."""


async def ended(world: Giving, reward: Reward) -> None:
    world.clock.advance(timedelta(hours=2))


async def cancelled(world: Giving, reward: Reward) -> None:
    await world.cancel(reward)
    await world.loop().step()


NOT_OURS = [
    ({"units": 2}, nothing, "reward_stake_too_large"),
    ({"game": "other"}, nothing, "reward_of_other_game"),
    ({}, ended, "reward_ended"),
    ({}, cancelled, "reward_not_open"),
]


@pytest.mark.parametrize("dialect", [PLAIN, AGREED], ids=["not agreed", "agreed"])
@pytest.mark.parametrize(
    ("about", "happens", "reason"), NOT_OURS, ids=[item[2] for item in NOT_OURS]
)
async def test_the_house_pays_for_nothing_that_the_reward_does_not_give(
    world: Giving,
    ann: PlayerId,
    dialect: Any,
    about: dict[str, Any],
    happens: Callable[[Giving, Reward], Awaitable[None]],
    reason: str,
) -> None:
    reward = await world.granted(ann, ends_at=world.clock.now() + timedelta(hours=1))
    await happens(world, reward)
    if "game" in about:
        await world.launch(ann, game="other")

    (answer,) = await world.play(free(world, ann, reward, "b1", dialect=dialect, **about))

    assert isinstance(answer, Refused)
    assert answer.reason == reason
    assert await used(world, reward) == (0, 0)
    assert await world.totals_are_zero()


@pytest.mark.parametrize("dialect", [PLAIN, AGREED], ids=["not agreed", "agreed"])
async def test_nobody_plays_the_reward_of_another(
    world: Giving, ann: PlayerId, dialect: Any
) -> None:
    reward = await world.granted(ann)
    others = [await world.player() for _ in range(4)]
    for other in others:
        await world.launch(other)

    answers = [
        (await world.play(free(world, other, reward, f"b{number}", dialect=dialect)))[0]
        for number, other in enumerate(others)
    ]

    assert {getattr(answer, "reason", None) for answer in answers} == {"reward_of_another"}
    assert await used(world, reward) == (0, 0)


async def test_of_a_reward_that_nobody_gave_the_house_pays_where_it_has_agreed_to_promotions(
    world: Giving, ann: PlayerId
) -> None:
    reward = await world.granted(ann)

    (refused,) = await world.play(free(world, ann, reward, "b1", named="another"))
    (taken,) = await world.play(free(world, ann, reward, "b2", named="another", dialect=AGREED))

    assert isinstance(refused, Refused)
    assert refused.reason == "promotion_exhausted"
    assert isinstance(taken, Done)
    assert await used(world, reward) == (0, 0)


async def test_stakes_on_a_reward_that_nobody_knows_of_are_refused_on_record(
    world: Giving, ann: PlayerId, database: Database
) -> None:
    world.provider.fate["rewards/create"] = Fate.MUTE
    unknown = await world.requested(ann)
    await world.loop().step()
    asked = stake("b1", free=True, reward="theirs", said='{"reward_uuid":"theirs"}')

    answer = await world.wish(ann, asked)

    assert (await world.reward(unknown.place)).state is RewardState.UNKNOWN
    assert isinstance(answer, Refused)
    assert answer.reason == "promotion_exhausted"
    (told,) = [data for data in await world.told(ann) if data["type"] == "round.stake_refused"]
    assert (told["reason"], told["said"]) == ("promotion_exhausted", asked.said)
    await assert_rebuilt(database)


async def test_a_reward_is_honoured_while_it_is_being_cancelled(
    world: Giving, ann: PlayerId
) -> None:
    reward = await world.granted(ann)
    await world.cancel(reward)

    (answer,) = await world.play(free(world, ann, reward, "b1"))

    assert isinstance(answer, Done)
    assert (await world.reward(reward.place)).state is RewardState.CANCELLING


async def test_who_is_excluded_plays_no_reward_even_before_it_is_cancelled(
    world: Giving, ann: PlayerId
) -> None:
    reward = await world.granted(ann)
    await world.keep_away(ann, Kind.EXCLUSION, months=6)

    (answer,) = await world.play(free(world, ann, reward, "b1"))

    assert isinstance(answer, Refused)
    assert answer.reason == "player_excluded"
    assert (await world.reward(reward.place)).state is RewardState.GRANTED


async def test_a_stake_of_the_players_own_money_names_no_reward(
    world: Giving, ann: PlayerId
) -> None:
    reward = await world.granted(ann)

    await world.done(ann, stake("b1", 5, reward=reward.ref), game=GAME)

    assert await used(world, reward) == (0, 0)
    assert await world.has(ann) == 95 * UNIT
