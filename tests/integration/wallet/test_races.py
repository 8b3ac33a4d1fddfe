"""One race per verb of the wallet: eight connections, one batch, eight orders, one answer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from integration.races import RACERS, race_for_turns, shuffles
from integration.wallet.world import NOW, UNIT, World, account, account_id, key
from pitboss import messages, wallet
from pitboss.db import Database
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.wallet.model import (
    Account,
    Answer,
    Booked,
    HoldRequest,
    PostRequest,
    Request,
    TransferRequest,
    VoidRequest,
)

# Neighbours and one far away.  The same keys are used in each: none may be taken for another's.
SHARDS = (Shard(3), Shard(4), Shard(60))
PLAYERS = ("ann", "ben")
SEEDS = range(3)


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    for shard in SHARDS:
        await made.open(account(shard, "house"))
        for name in PLAYERS:
            await made.fund(shard, name, units=10)
    return made


@pytest.mark.parametrize("seed", SEEDS)
async def test_racing_holds_set_each_coin_aside_once(world: World, seed: int) -> None:
    batches = shuffles(holds(number=8), seed=seed)

    answers = await world.race(batches, SHARDS)

    # Of ten, three holds of three.
    assert yes_and_no(batches, answers) == (18, 30)
    for shard in SHARDS:
        for name in PLAYERS:
            assert await world.stands(shard, name) == (10 * UNIT, 9 * UNIT)
    await world.books_balance()


@pytest.mark.parametrize("seed", SEEDS)
async def test_racing_posts_take_each_held_coin_once(world: World, seed: int) -> None:
    await world.book(holds(number=3))
    batches = shuffles(posts(number=3), seed=seed)

    answers = await world.race(batches, SHARDS)

    yes_and_no(batches, answers)
    for shard in SHARDS:
        left = [await world.stands(shard, name) for name in PLAYERS]
        # Each hold has a post that takes all there is, so nothing is left of any.
        assert left == [(1 * UNIT, 0)] * 2
        assert await world.stands(shard, "house") == (18 * UNIT, 0)
    await world.books_balance()


@pytest.mark.parametrize("seed", SEEDS)
async def test_racing_voids_release_each_held_coin_once(world: World, seed: int) -> None:
    await world.book(holds(number=3))
    batches = shuffles(voids(number=3), seed=seed)

    answers = await world.race(batches, SHARDS)

    yes_and_no(batches, answers)
    for shard in SHARDS:
        for name in PLAYERS:
            assert await world.stands(shard, name) == (10 * UNIT, 0)
    await world.books_balance()


@pytest.mark.parametrize("seed", SEEDS)
async def test_racing_transfers_move_each_coin_once(world: World, seed: int) -> None:
    batches = shuffles(transfers(number=8), seed=seed)

    answers = await world.race(batches, SHARDS)

    assert yes_and_no(batches, answers) == (18, 30)
    for shard in SHARDS:
        for name in PLAYERS:
            assert await world.stands(shard, name) == (1 * UNIT, 0)
        assert await world.stands(shard, "house") == (18 * UNIT, 0)
    await world.books_balance()


@pytest.mark.parametrize("seed", range(6))
async def test_racing_verbs_of_every_kind_leave_books_that_balance(world: World, seed: int) -> None:
    everything = [
        *holds(number=4),
        *posts(number=4),
        *voids(number=4),
        *transfers(number=2),
    ]
    batches = shuffles(everything, seed=seed)

    answers = await world.race(batches, SHARDS)
    again = await world.race(batches, SHARDS)

    yes_and_no(batches, answers)
    for first, second in zip(answers, again, strict=True):
        assert [verdict(answer) for answer in first] == [verdict(answer) for answer in second]
        assert not any(isinstance(answer, Booked) and answer.movement for answer in second)
    await world.books_balance()


async def test_racing_openings_open_each_account_once(database: Database) -> None:
    world = World(database=database)
    accounts = [account(shard, f"player {number}") for shard in SHARDS for number in range(10)]

    async def open_them(turn: Turn, batch: Sequence[Account]) -> None:
        await wallet.open_accounts(turn, batch)

    await race_for_turns(database, shuffles(accounts), SHARDS, open_them, now=NOW)

    async with world.database.reading() as tx:
        for shard in SHARDS:
            assert len(await wallet.find_all_balances(tx, shard)) == 10
            assert len(await messages.read_facts(tx, shard, after_seq=0)) == 10


def holds(*, number: int) -> list[Request]:
    """So many holds of three units for each player."""
    return [
        HoldRequest(
            shard=shard,
            key=key(f"hold {name} {each}"),
            account_id=account_id(name),
            micros=3 * UNIT,
            currency="EUR",
        )
        for shard in SHARDS
        for name in PLAYERS
        for each in range(number)
    ]


def posts(*, number: int) -> list[Request]:
    """Of each hold a part, another part, all, and all once more."""
    return [
        PostRequest(
            shard=shard,
            key=key(f"post {name} {each} {part}"),
            hold_key=key(f"hold {name} {each}"),
            credit_id=account_id("house"),
            micros=micros,
        )
        for shard in SHARDS
        for name in PLAYERS
        for each in range(number)
        for part, micros in enumerate((UNIT, 2 * UNIT, None, None))
    ]


def voids(*, number: int) -> list[Request]:
    """Of each hold a part, another part, all, and all once more."""
    return [
        VoidRequest(
            shard=shard,
            key=key(f"void {name} {each} {part}"),
            hold_key=key(f"hold {name} {each}"),
            micros=micros,
        )
        for shard in SHARDS
        for name in PLAYERS
        for each in range(number)
        for part, micros in enumerate((UNIT, 2 * UNIT, None, None))
    ]


def transfers(*, number: int) -> list[Request]:
    """So many transfers of three units from each player to the house."""
    return [
        TransferRequest(
            shard=shard,
            key=key(f"transfer {name} {each}"),
            debit_id=account_id(name),
            credit_id=account_id("house"),
            micros=3 * UNIT,
            currency="EUR",
        )
        for shard in SHARDS
        for name in PLAYERS
        for each in range(number)
    ]


def yes_and_no(
    batches: Sequence[Sequence[Request]], answers: Sequence[Sequence[Answer]]
) -> tuple[int, int]:
    """Return how many requests were granted and refused; every racer must have heard the same."""
    heard: dict[tuple[str, Shard, str], list[Answer]] = {}
    for batch, mine in zip(batches, answers, strict=True):
        for request, answer in zip(batch, mine, strict=True):
            name = (type(request).__name__, request.shard, request.key)
            heard.setdefault(name, []).append(answer)

    granted = 0
    for got in heard.values():
        assert len(got) == RACERS
        assert len({verdict(answer) for answer in got}) == 1
        movements = [item for item in got if isinstance(item, Booked) and item.movement]
        assert len(movements) == isinstance(got[0], Booked)
        granted += len(movements)
    return granted, len(heard) - granted


def verdict(answer: Answer) -> int | str:
    """Return what an answer says, whether or not it was said before."""
    return answer.micros if isinstance(answer, Booked) else answer.reason.value
