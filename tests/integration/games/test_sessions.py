"""Promises about sessions in games and their tokens, on a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integration.cashier.world import UNIT
from integration.games.world import Games, bearer, listing, stake, win
from paced import put_in_force
from pitboss import jurisdictions
from pitboss.db import Database
from pitboss.games import rounds
from pitboss.games.rounds.model import (
    Bearer,
    Dialect,
    Done,
    Refused,
    WinNeeds,
    digest_of,
    make_token,
)
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from proofs import Proves

TOKENS = Dialect(ids_of_provider=True, win_needs=WinNeeds.STAKE)


@pytest.fixture
async def world(database: Database) -> Games:
    world = Games(database=database)
    await world.list_games()
    return world


@pytest.fixture
async def ann(world: Games) -> PlayerId:
    player = await world.player(units=100)
    await world.launch(player)
    return player


async def test_without_a_session_nothing_is_staked(world: Games) -> None:
    bob = await world.player(units=10)

    answer = await world.wish(bob, stake("b1", 5))

    assert isinstance(answer, Refused)
    assert answer.reason == "unknown_session"
    await world.done(bob, win("w1", 5))


async def test_a_session_is_good_for_what_its_provider_has_and_the_registry_lets_be_played(
    world: Games, ann: PlayerId
) -> None:
    # A provider may have a lobby of its own, from which no game is launched anew.
    await world.list_games(listing("dice"), listing("raw", licences=()))

    other = await world.wish(ann, stake("b1", 5), ref="r1", game="dice")
    uncertified = await world.wish(ann, stake("b2", 5), ref="r2", game="raw")

    assert isinstance(other, Done)
    assert (await world.round(ann)).game == "dice"
    assert isinstance(uncertified, Refused)
    assert uncertified.reason == "game_not_certified"


async def test_a_session_is_over_when_its_time_is(world: Games, ann: PlayerId) -> None:
    world.clock.advance(timedelta(hours=13))

    answer = await world.wish(ann, stake("b1", 5))

    assert isinstance(answer, Refused)
    assert answer.reason == "game_session_over"


async def test_a_swapped_token_stakes_no_more_and_still_pays(world: Games) -> None:
    bob = await world.player(units=10)
    _, first = await world.launch(bob)
    shard = shard_of(bob)
    second = make_token(shard, bytes(16))
    async with world.turn(shard) as turn:
        swapped = await rounds.swap_token(
            turn, shard, provider="acme", digest=digest_of(first), secret=second
        )
        twice = await rounds.swap_token(
            turn, shard, provider="acme", digest=digest_of(first), secret="x"
        )
        other = await rounds.swap_token(
            turn, shard, provider="other", digest=digest_of(second), secret="x"
        )
    about = {"dialect": TOKENS, "strict": True}

    await world.done(bob, stake("b1", 2), bearer=bearer(second), **about)
    expired = await world.wish(bob, stake("b2", 2), bearer=bearer(first), **about)
    await world.done(bob, win("w1", 1, stake_id="b1"), bearer=bearer(first), **about)
    stranger = await world.wish(bob, win("w2", 1, stake_id="b1"), bearer=bearer("?"), **about)

    assert swapped is not None
    assert (twice, other) == (None, None)
    assert isinstance(expired, Refused)
    assert expired.reason == "session_expired"
    assert isinstance(stranger, Refused)
    assert stranger.reason == "unknown_session"
    assert await world.has(bob) == 9 * UNIT


async def test_somebody_elses_token_is_nobodys(world: Games, ann: PlayerId) -> None:
    bob = await world.player(units=10)
    _, token = await world.launch(bob)

    answer = await world.wish(
        ann, stake("b1", 2), bearer=bearer(token), dialect=TOKENS, strict=True
    )

    assert isinstance(answer, Refused)
    assert answer.reason == "unknown_session"
    assert await world.has(ann) == 100 * UNIT


async def test_an_empty_bearer_pays_and_never_stakes(world: Games, ann: PlayerId) -> None:
    staked = await world.wish(ann, stake("b1", 2), bearer=Bearer())
    await world.done(ann, win("w1", 2), bearer=Bearer())

    assert isinstance(staked, Refused)
    assert staked.reason == "unknown_session"


@pytest.mark.parametrize("code", [code for code in jurisdictions.codes() if code != "demo"])
async def test_of_several_games_at_once_one_goes_on_where_the_licence_wants_that(
    world: Games, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("games.one_at_a_time", code)
    alone = jurisdictions.get(code).games.one_at_a_time
    put_in_force(monkeypatch, {"games": {"one_at_a_time": alone}})
    await world.list_games(listing("other-game", provider="other"))
    player = await world.player(units=10)
    await world.launch(player)
    await world.launch(player, game="other-game", provider="other")

    here = await world.wish(player, stake("b1", 2))
    there = await world.wish(player, stake("b2", 2), provider="other", game="other-game")

    if alone:
        assert isinstance(here, Refused)
        assert here.reason == "game_session_over"
    else:
        assert isinstance(here, Done)
    assert isinstance(there, Done)
    # What was staked before is paid in any case.
    await world.done(player, win("w1", 2))
