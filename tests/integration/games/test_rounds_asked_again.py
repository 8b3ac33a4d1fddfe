"""Promises about ids that come again with other facts, and about bets of one name."""

from __future__ import annotations

import pytest
from msgspec import structs

from integration.cashier.world import UNIT
from integration.games.test_rounds import STRICT
from integration.games.test_rounds import ann as ann
from integration.games.test_rounds import world as world
from integration.games.world import GAME, Games, listing, stake, undo, win
from pitboss.games.registry.model import StakeRange
from pitboss.games.rounds.model import Bearer, ClosedBy, Dialect, Effect, Refused, Step
from pitboss.kernel.ids import PlayerId


@pytest.mark.parametrize("step", [stake("b1", 5), win("w1", 5)], ids=["stake", "win"])
async def test_the_same_again_in_another_currency_is_something_else(
    world: Games, ann: PlayerId, step: Step
) -> None:
    await world.done(ann, step)

    answer = await world.wish(ann, step, currency="EUR")

    assert isinstance(answer, Refused)
    assert answer.reason == "other_facts"


async def test_a_stake_of_money_is_something_else_than_a_free_one_under_its_id(
    world: Games, ann: PlayerId
) -> None:
    about = {"dialect": Dialect(free_play=True)}
    await world.done(ann, stake("b1", 5), **about)

    answer = await world.wish(ann, structs.replace(stake("b1", 5), free=True), **about)

    assert isinstance(answer, Refused)
    assert answer.reason == "other_facts"
    assert await world.has(ann) == 95 * UNIT


async def test_a_rollback_of_a_refused_stake_that_comes_again_is_answered_as_at_first(
    world: Games, ann: PlayerId
) -> None:
    about = {"dialect": STRICT}
    assert isinstance(await world.wish(ann, stake("b1", 500), **about), Refused)

    said = [await world.done(ann, undo("u1", "b1"), **about) for _ in range(2)]

    assert [step.effect for answer in said for step in answer.steps] == [Effect.NOTHING] * 2
    assert await world.has(ann) == 100 * UNIT


async def test_of_stakes_of_one_name_the_one_that_was_taken_is_paid(
    world: Games, ann: PlayerId
) -> None:
    about = {"dialect": structs.replace(STRICT, by_ref=True)}
    for name, units in (("b1", 500), ("b3", 600)):
        refused = await world.wish(ann, structs.replace(stake(name, units), ref="bet"), **about)
        assert isinstance(refused, Refused)
    await world.done(ann, structs.replace(stake("b2", 5), ref="bet"), **about)

    await world.done(ann, win("w1", 12, stake_id="bet"), **about)

    assert await world.has(ann) == 107 * UNIT


async def test_a_rollback_that_comes_again_is_answered_as_at_first_when_its_bet_was_made_anew(
    world: Games, ann: PlayerId
) -> None:
    about = {"dialect": structs.replace(STRICT, by_ref=True)}
    await world.done(ann, stake("b1", 5, ref="bet"), **about)
    await world.done(ann, undo("u1", "bet"), **about)
    await world.done(ann, stake("b2", 3, ref="bet"), **about)

    again = await world.done(ann, undo("u1", "bet"), **about)

    assert [step.effect for step in again.steps] == [Effect.REPEATED]
    assert await world.has(ann) == 97 * UNIT


@pytest.mark.parametrize(
    "first", [[stake("b1", 5, free=True, promo=True)], []], ids=["undone", "late"]
)
async def test_a_promotions_win_of_a_stake_that_was_rolled_back_is_refused(
    world: Games, ann: PlayerId, first: list[Step]
) -> None:
    about = {"dialect": structs.replace(STRICT, by_ref=True, free_play=True)}
    for step in first:
        await world.done(ann, step, **about)
    await world.done(ann, undo("u1", "b1", promo=True), **about)

    answer = await world.wish(ann, win("w1", 7, stake_id="b1", promo=True), **about)

    assert isinstance(answer, Refused)
    assert answer.reason == "rolled_back"
    assert await world.has(ann) == 100 * UNIT


async def test_a_promotions_win_of_no_stake_is_paid_even_where_others_need_one(
    world: Games, ann: PlayerId
) -> None:
    about = {"dialect": structs.replace(STRICT, by_ref=True)}
    await world.done(ann, win("w1", 7, stake_id="b9", promo=True), **about)

    assert await world.has(ann) == 107 * UNIT


@pytest.mark.parametrize("refused", [False, True], ids=["unknown", "refused"])
async def test_a_rollback_that_is_answered_with_no_ends_no_round(
    world: Games, ann: PlayerId, *, refused: bool
) -> None:
    about = {"dialect": structs.replace(STRICT, closes_unfound=False)}
    await world.done(ann, stake("b1", 5), **about)
    if refused:
        assert isinstance(await world.wish(ann, stake("b2", 500), **about), Refused)
    await world.done(ann, undo("u1", "b2"), closes=True, **about)

    await world.done(ann, win("w1", 7, stake_id="b1"), **about)
    await world.done(ann, undo("u2", "b3"), **about)

    assert await world.has(ann) == 102 * UNIT
    assert (await world.round(ann)).closed_at is None


async def test_a_rollback_of_nothing_that_is_answered_with_yes_ends_the_round(
    world: Games, ann: PlayerId
) -> None:
    await world.done(ann, stake("b1", 5))
    await world.done(ann, undo("u1", "b2"), closes=True)

    assert (await world.round(ann)).closed_by is ClosedBy.PROVIDER


async def test_what_is_won_in_no_session_is_of_the_rounds_game(world: Games, ann: PlayerId) -> None:
    await world.done(ann, stake("b1", 5))
    about = {"game": "", "bearer": Bearer()}
    await world.done(ann, win("w1", 7), **about)
    again = await world.done(ann, win("w1", 7))

    (won,) = [item for item in await world.told(ann) if item["type"] == "round.won"]

    assert won["game"] == GAME
    assert again.repeated


async def test_a_stake_of_nothing_is_taken_in_a_game_that_says_its_least_stake(
    world: Games, ann: PlayerId
) -> None:
    # What a round goes on with that was paid for already; whether its player may play is asked.
    bounds = (StakeRange(currency="GBP", micros_min=UNIT, micros_max=10 * UNIT),)
    await world.list_games(listing("bounded", stakes=bounds))
    about = {"game": "bounded", "dialect": STRICT}

    await world.done(ann, stake("b1", 2), **about)
    await world.done(ann, stake("b2", 0), **about)
    refused = await world.wish(ann, stake("b3", 11), **about)

    assert isinstance(refused, Refused)
    assert refused.reason == "stake_not_of_game"
    assert await world.has(ann) == 98 * UNIT
