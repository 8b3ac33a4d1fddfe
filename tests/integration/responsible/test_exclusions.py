"""Whoever is excluded stakes nothing from that commit on, however many bets are on their way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from integration.sportsbook.world import KICK_OFF, World, legs_of
from pitboss import cashier, jurisdictions, messages
from pitboss.cashier.model import PaymentRequest, Requested
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.ids import IdempotencyKey, PlayerId, derived_id
from pitboss.kernel.shards import PARTITIONS_ALL, SHARDS_ALL, shard_of
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import (
    Answer,
    Excluded,
    Initiator,
    Kind,
    Reason,
    Refusal,
    Refused,
    Returning,
    Wish,
)

DEMO = jurisdictions.get("demo")
UNIT = 1_000_000
PLAYERS = 1_000
EXCLUDERS = 8
BETS_AT_ONCE = 200


@pytest.fixture
async def world(database: Database) -> World:
    """Give a sportsbook with an event to bet on."""
    # Long before the event, which must be open still when a term is over.
    made = World(database=database, clock=ManualClock(KICK_OFF - timedelta(days=400)))
    await made.event("A")
    return made


def wish(
    player: PlayerId, *, hours: int | None = None, months: int | None = 6, name: str = "wish"
) -> Wish:
    """Wish for a time-out of hours, or for an exclusion of months."""
    return Wish(
        key=derived_id("exclusion", player, name),
        player_id=player,
        kind=Kind.EXCLUSION if hours is None else Kind.TIME_OUT,
        initiator=Initiator.PLAYER,
        reason=Reason.PLAYERS_CHOICE,
        hours=hours,
        months=months if hours is None else None,
    )


async def exclude(world: World, wanted: Wish) -> Answer:
    """Exclude a player, as the edge does."""
    async with world.turn(shard_of(wanted.player_id)) as turn:
        return await exclusion.exclude(turn, wanted, DEMO)


async def deposit(world: World, player: PlayerId, number: int) -> str:
    """Ask for a deposit; return what came of it."""
    request = PaymentRequest(
        player_id=player,
        key=IdempotencyKey(f"deposit-{number}"),
        micros=UNIT,
        currency="EUR",
        provider="sandbox",
    )
    async with world.turn(shard_of(player)) as turn:
        (answer,) = await cashier.request_deposits(turn, [request])
    return "requested" if isinstance(answer, Requested) else answer.reason


async def test_an_excluded_player_neither_bets_nor_pays_in_and_can_be_paid_out(
    world: World,
) -> None:
    ann = await world.player(units=100)
    before = await world.wish(ann, *legs_of("A"), units=5)
    await world.process()
    on_its_way = await world.wish(ann, *legs_of("A"), units=5)
    answer = await exclude(world, wish(ann))
    after = await world.wish(ann, *legs_of("A"), units=5)
    await world.process()
    request = PaymentRequest(
        player_id=ann,
        key=IdempotencyKey("out"),
        micros=10 * UNIT,
        currency="EUR",
        provider="sandbox",
    )
    async with world.turn(shard_of(ann)) as turn:
        (paid,) = await cashier.request_withdrawals(turn, [request])

    assert isinstance(answer, Excluded)
    assert await deposit(world, ann, 1) == "player_excluded"
    assert isinstance(paid, Requested)
    states = [(await world.bet(ann, bet)).refusal for bet in (before, on_its_way, after)]
    assert states == [None, "player_excluded", "player_excluded"]


async def test_the_same_key_excludes_once_and_nothing_shortens_it(world: World) -> None:
    ann = await world.player()
    first = await exclude(world, wish(ann))
    again = await exclude(world, wish(ann))
    other = await exclude(world, wish(ann, months=12))
    await exclude(world, wish(ann, hours=24, name="another"))
    world.clock.advance(timedelta(hours=24))
    await world.wish(ann, *legs_of("A"))
    await world.process()

    assert isinstance(first, Excluded)
    assert again == Excluded(exclusion=first.exclusion, repeated=True)
    assert other == Refused(reason=Refusal.KEY_REUSED)
    (told, _) = await world.facts(shard_of(ann), "player.excluded")
    assert (told["kind"], told["initiator"]) == ("exclusion", "player")
    (refused,) = await world.facts(shard_of(ann), "bet.refused")
    assert refused["reason"] == "player_excluded"


async def test_a_time_out_ends_by_itself_to_the_microsecond(world: World) -> None:
    ann = await world.player()
    await exclude(world, wish(ann, hours=24))
    world.clock.advance(timedelta(hours=24) - timedelta(microseconds=1))
    early = await world.wish(ann, *legs_of("A"))
    await world.process()
    world.clock.advance(timedelta(microseconds=1))
    late = await world.wish(ann, *legs_of("A"))
    await world.process()

    assert (await world.bet(ann, early)).refusal == "player_on_time_out"
    assert (await world.bet(ann, late)).refusal is None


async def test_a_player_comes_back_after_the_term_on_request_and_not_before(
    world: World,
) -> None:
    ann = await world.player()
    await exclude(world, wish(ann))

    async def ask() -> object:
        async with world.turn(shard_of(ann)) as turn:
            return await exclusion.ask_to_return(turn, ann, DEMO)

    early = await ask()
    world.clock.advance(timedelta(days=185))
    asked = [await ask(), await ask()]

    assert early == Refused(reason=Refusal.TERM_NOT_OVER)
    assert isinstance(asked[0], Returning)
    assert asked[0] == asked[1]
    assert len(await world.facts(shard_of(ann), "player.return_asked")) == 1
    world.clock.advance(asked[0].returns_at - world.clock.now())
    assert await ask() == Refused(reason=Refusal.NOT_EXCLUDED)
    bet = await world.wish(ann, *legs_of("A"))
    await world.process()
    assert (await world.bet(ann, bet)).refusal is None


async def test_a_thousand_players_excluded_in_a_storm_stake_nothing_after_it(
    world: World,
) -> None:
    players = [await world.player(units=1_000) for _ in range(PLAYERS)]
    for partition in PARTITIONS_ALL:
        processor = world.processors[partition] = world.processor(partition)
        await processor.own()
    over = asyncio.Event()

    async def bet() -> None:
        chance = random.Random(1)
        while not over.is_set():
            for player in chance.sample(players, BETS_AT_ONCE):
                await world.wish(player, *legs_of("A"), units=1)

    async def decide(number: int) -> None:
        while not over.is_set():
            if not await world.processors[number].step():
                await asyncio.sleep(0.001)

    async def pay_in() -> None:
        chance, number = random.Random(2), 0
        while not over.is_set():
            number += 1
            await deposit(world, chance.choice(players), number)

    async def keep_away(some: Sequence[PlayerId]) -> None:
        for player in some:
            assert isinstance(await exclude(world, wish(player)), Excluded)

    async with asyncio.TaskGroup() as group:
        storm = [group.create_task(work) for work in (bet(), bet(), pay_in())]
        storm += [group.create_task(decide(number)) for number in PARTITIONS_ALL]
        await asyncio.sleep(0.5)
        await asyncio.gather(
            *(keep_away(players[number::EXCLUDERS]) for number in range(EXCLUDERS))
        )
        await asyncio.sleep(0.5)
        over.set()
    await world.process()

    counted = await count_by_moment(world)
    assert counted["excluded"] == PLAYERS
    assert counted["bet.accepted before"] > 0
    assert counted["bet.refused after"] > 0
    assert counted["bet.accepted after"] == 0
    assert counted["deposit.requested after"] == 0


async def count_by_moment(world: World) -> Counter[str]:
    """Count facts of players by whether they came before or after their player was excluded.

    A shard's facts are numbered in the order in which they were committed.
    """
    counted: Counter[str] = Counter()
    async with world.database.reading() as tx:
        for shard in SHARDS_ALL:
            excluded: set[str] = set()
            after_seq = 0
            while facts := await messages.read_facts(tx, shard, after_seq=after_seq):
                after_seq = facts[-1].seq
                for fact in facts:
                    data = msgspec.json.decode(fact.body)["data"]
                    player = data.get("player_id")
                    if data["type"] == "player.excluded":
                        excluded.add(player)
                    when = "after" if player in excluded else "before"
                    counted[f"{data['type']} {when}"] += 1
            counted["excluded"] += len(excluded)
    return counted
