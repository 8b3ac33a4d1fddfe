"""Races for rounds: eight connections, one batch, eight orders, one outcome."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from integration.cashier.world import START, UNIT
from integration.games.world import Games, shards_of_players, stake, undo, win
from integration.races import RACERS, race_for_turns, shuffles
from pitboss import jurisdictions
from pitboss.db import Database
from pitboss.games import rounds
from pitboss.games.rounds.model import Answer, Dialect, Done, Effect, Refused, Request
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Initiator, Kind, Reason, Wish


@pytest.fixture
async def world(database: Database) -> Games:
    world = Games(database=database)
    await world.list_games()
    return world


async def ask(turn: Turn, batch: Sequence[Request]) -> tuple[Answer, ...]:
    return await rounds.play(turn, batch)


@pytest.mark.parametrize("seed", range(3))
async def test_racing_requests_are_booked_once_each(world: Games, seed: int) -> None:
    players = [await world.player(units=50) for _ in range(3)]
    for player in players:
        await world.launch(player)
    requests = []
    for player in players:
        for number in range(5):
            ref = f"r{number}"
            requests.append(world.asked(player, stake(f"b{number}", 3), ref=ref))
            requests.append(world.asked(player, win(f"w{number}", 2), ref=ref))
        requests.append(world.asked(player, undo("u0", "b0"), ref="r0"))

    batches = shuffles(requests, seed=seed)
    answers = await race_for_turns(
        world.database, batches, shards_of_players(players), ask, now=START
    )

    effects: dict[tuple[str, str], Counter[Effect]] = {}
    for batch, mine in zip(batches, answers, strict=True):
        for request, answer in zip(batch, mine, strict=True):
            key = (request.player_id, request.steps[0].external_id)
            told = answer.steps[0].effect if isinstance(answer, Done) else Effect.NOTHING
            effects.setdefault(key, Counter())[told] += 1
    for (_, name), counts in effects.items():
        if name not in ("b0", "u0"):
            assert counts == {Effect.BOOKED: 1, Effect.REPEATED: RACERS - 1}, name
    for player in players:
        # Whether the rollback or its stake came first, the stake was not lost.
        assert await world.has(player) == (50 - 4 * 3 + 5 * 2) * UNIT
    assert await world.totals_are_zero()


@pytest.mark.parametrize("one_space", [True, False])
async def test_of_two_players_who_race_for_one_id_one_gets_it(
    world: Games, one_space: bool
) -> None:
    dialect = Dialect(one_id_space=one_space, ids_of_provider=True)
    # In shards of their own, so that no turn waits for another.
    racers: dict[Shard, PlayerId] = {}
    while len(racers) < 4:
        player = await world.player(units=50)
        racers.setdefault(shard_of(player), player)
    for player in racers.values():
        await world.launch(player)
    names = [f"b{number}" for number in range(10)]
    ready = asyncio.Barrier(len(racers))

    async def race(player: PlayerId, mine: list[str]) -> tuple[Answer, ...]:
        asked = [world.asked(player, stake(name), ref=name, dialect=dialect) for name in mine]
        async with world.turn(shard_of(player)) as turn:
            await ready.wait()
            return await rounds.play(turn, asked)

    answers = await asyncio.gather(
        *(race(*item) for item in zip(racers.values(), shuffles(names), strict=False))
    )

    done = [answer for mine in answers for answer in mine if isinstance(answer, Done)]
    assert len(done) == len({answer.steps[0].external_id for answer in done}) == len(names)
    left = [await world.has(player) for player in racers.values()]
    assert sum(left) == (50 * len(racers) - len(names)) * UNIT


async def test_concurrent_stakes_never_overdraw(world: Games) -> None:
    player = await world.player(units=10)
    await world.launch(player)

    async def one(number: int) -> Answer:
        return await world.wish(player, stake(f"b{number}", 3), ref=f"r{number}")

    answers = await asyncio.gather(*(one(number) for number in range(10)))

    assert sum(isinstance(answer, Done) for answer in answers) == 3
    assert await world.has(player) == UNIT


async def test_an_exclusion_in_a_storm_stops_stakes_and_no_wins(world: Games) -> None:
    player = await world.player(units=100)
    await world.launch(player)
    away = Wish(
        key=derived_id("away", player),
        player_id=player,
        kind=Kind.EXCLUSION,
        initiator=Initiator.STAFF,
        reason=Reason.PLAYER_ASKED_STAFF,
        months=6,
    )
    excluded = asyncio.Event()
    late: list[Answer] = []
    paid = 0

    async def storm(lane: int) -> None:
        nonlocal paid
        for number in range(8):
            name = f"{lane}-{number}"
            was = excluded.is_set()
            answer = await world.wish(player, stake(f"b{name}"), ref=name)
            if was:
                late.append(answer)
            await world.done(player, win(f"w{name}", 2), ref=name)
            paid += 1

    async def exclude() -> None:
        await asyncio.sleep(0.1)
        async with world.turn(shard_of(player)) as turn:
            await exclusion.exclude(turn, away, jurisdictions.get("demo"))
        excluded.set()

    async with asyncio.TaskGroup() as group:
        for lane in range(4):
            group.create_task(storm(lane))
        group.create_task(exclude())
    final = await world.wish(player, stake("last"), ref="last")

    assert isinstance(final, Refused)
    assert all(isinstance(answer, Refused) for answer in late)
    taken = sum(fact["type"] == "round.staked" for fact in await world.told(player))
    assert await world.has(player) == (100 - taken + 2 * paid) * UNIT
