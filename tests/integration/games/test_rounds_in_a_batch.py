"""Promises about requests beside each other in one batch, and about what is asked for again."""

from __future__ import annotations

import pytest
from msgspec import structs

from integration.cashier.world import UNIT
from integration.games.test_rounds import STRICT, TOKENS
from integration.games.world import PLAIN, Games, listing, stake, undo, win
from pitboss.db import Database
from pitboss.games import rounds
from pitboss.games.rounds.model import (
    Bearer,
    ClosedBy,
    Dialect,
    Done,
    Effect,
    Refused,
    Resolution,
    Resolved,
)
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import shard_of


@pytest.fixture
async def world(database: Database) -> Games:
    world = Games(database=database)
    await world.list_games()
    return world


async def test_the_gates_yes_is_to_the_stake_that_is_taken_and_to_no_other_of_its_id(
    world: Games,
) -> None:
    await world.list_games(listing("elsewhere", licences=("GB",)))
    bob = await world.player(units=100)
    await world.launch(bob)
    # Refused for its currency, so nothing is kept of it, and the id is free.
    mistaken = world.asked(bob, stake("b1", 1), currency="EUR")

    answers = await world.play(
        mistaken,
        world.asked(bob, stake("b1", 1), game="elsewhere", ref="r2"),
        structs.replace(mistaken, steps=(stake("b2", 1),)),
        world.asked(bob, stake("b2", 50), ref="r3"),
    )

    assert [getattr(item, "reason", None) for item in answers] == [
        "wrong_currency",
        "game_not_certified",
        "wrong_currency",
        "stake_too_large",
    ]
    assert await world.has(bob) == 100 * UNIT


async def test_who_asks_first_in_no_session_takes_nobody_down(world: Games) -> None:
    bob = await world.player(units=100)
    session, _ = await world.launch(bob)
    nowhere = Bearer(session_id=derived_id("session", "of nobody"))

    answers = await world.play(
        world.asked(bob, stake("b1", 1), bearer=nowhere),
        world.asked(bob, stake("b1", 1), bearer=Bearer(session_id=session.id)),
    )

    assert isinstance(answers[0], Refused)
    assert isinstance(answers[1], Done)
    assert await world.has(bob) == 99 * UNIT


@pytest.mark.parametrize("dialect", [PLAIN, TOKENS, STRICT])
async def test_a_win_after_we_gave_the_stake_back_is_paid_all_the_same(
    world: Games, dialect: Dialect
) -> None:
    bob = await world.player(units=10)
    await world.launch(bob)
    await world.done(bob, stake("b1", 4), dialect=dialect)
    round_ = await world.round(bob)
    async with world.turn(shard_of(bob)) as turn:
        await rounds.resolve(turn, [(round_.shard, round_.id)], Resolution.VOID, by=ClosedBy.RULE)

    await world.done(bob, win("w1", 3, stake_id="b1"), dialect=dialect)

    assert await world.has(bob) == 13 * UNIT
    assert await world.totals_are_zero()


async def test_a_debt_that_is_paid_changes_no_answer_that_was_given_before(world: Games) -> None:
    bob = await world.player(units=2)
    await world.launch(bob)
    await world.done(bob, stake("b0", 1), win("w0", 5), ref="r0")
    bet = world.asked(bob, stake("b1", 5))
    (first,) = await world.play(bet)
    await world.done(bob, undo("u0", "w0"), ref="r0")
    won, more = world.asked(bob, win("w1", 1)), world.asked(bob, win("w2", 1))

    answers = await world.play(won, more, more, bet)
    later = await world.play(won, more, more, bet)

    assert [isinstance(item, Done) for item in answers] == [True] * 4
    assert [item.balance_micros for item in answers] == [UNIT, 0, 0, first.balance_micros]
    assert [item.balance_micros for item in later] == [item.balance_micros for item in answers]
    assert (await world.has(bob), await world.owes(bob)) == (0, 2 * UNIT)


async def test_what_names_no_game_is_the_same_when_its_session_is_over(world: Games) -> None:
    bob = await world.player(units=10)
    session, _ = await world.launch(bob)
    about = {"dialect": STRICT, "bearer": Bearer(session_id=session.id), "game": ""}
    await world.done(bob, stake("b1", 4), **about)
    await world.done(bob, win("w1", 3), **about)
    async with world.turn(shard_of(bob)) as turn:
        await rounds.end_session(turn, shard_of(bob), session.id)

    again = [await world.done(bob, stake("b1", 4), **about)]
    again.append(await world.done(bob, win("w1", 3), **about))

    assert [item.steps[0].effect for item in again] == [Effect.REPEATED] * 2
    assert await world.has(bob) == 9 * UNIT


@pytest.mark.parametrize("dialect", [TOKENS, STRICT], ids=["by id", "by round"])
async def test_a_stake_of_which_its_provider_said_that_it_lost_is_not_given_back(
    world: Games, dialect: Dialect
) -> None:
    bob = await world.player(units=100)
    await world.launch(bob)
    about = {"dialect": dialect}
    await world.done(bob, stake("b1", 5), **about)
    await world.done(bob, win("w1", 0, stake_id="b1"), **about)
    place = (shard_of(bob), (await world.round(bob)).id)

    async with world.turn(shard_of(bob)) as turn:
        (ended,) = await rounds.resolve(turn, [place], Resolution.VOID, by=ClosedBy.RULE)

    assert isinstance(ended, Resolved)
    assert ended.refunded_micros == 0
    assert await world.has(bob) == 95 * UNIT
    assert (await world.round(bob)).closed_by is ClosedBy.RULE


async def test_a_stake_is_given_back_though_a_win_of_it_was_taken_back(world: Games) -> None:
    bob = await world.player(units=100)
    await world.launch(bob)
    await world.done(bob, stake("b1", 5), win("w1", 7))
    await world.done(bob, undo("u1", "w1"))
    place = (shard_of(bob), (await world.round(bob)).id)

    async with world.turn(shard_of(bob)) as turn:
        await rounds.resolve(turn, [place], Resolution.VOID, by=ClosedBy.RULE)

    assert await world.has(bob) == 100 * UNIT
