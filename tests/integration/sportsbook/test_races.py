"""One race per verb of the sportsbook: eight connections, one batch, eight orders, one answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from integration.races import RACERS, race, race_for_turns, shuffles
from integration.sportsbook.world import UNIT, World, market, new_event, selection
from pitboss.db import Database, Transaction
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import BetId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, PARTITIONS_ALL, Partition, shard_of
from pitboss.messages import Turn
from pitboss.sportsbook import betting, catalog, settlement
from pitboss.sportsbook.betting.model import Bet, BetState, PlaceBet, Placing, SlipLeg
from pitboss.sportsbook.catalog.model import Answer as ChangeAnswer
from pitboss.sportsbook.catalog.model import Done, MarketKind, MarketStatus, StatusChange
from pitboss.sportsbook.settlement.model import (
    LOST,
    WON,
    Answer,
    Cancel,
    CancelRollback,
    Recorded,
    Report,
    ResultReport,
    Rollback,
    Score,
    ScoreReport,
)

HOME, AWAY = (selection("A", MarketKind.MATCH_RESULT, code) for code in ("home", "away"))


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    await made.event("A")
    return made


@pytest.mark.parametrize("seed", range(3))
async def test_racing_bets_are_decided_once(world: World, seed: int) -> None:
    players = [await world.player(units=10) for _ in range(4)]
    placings = [
        Placing(
            shard=shard_of(player),
            command=PlaceBet(
                bet_id=BetId(derived_id("bet", player, str(number))),
                player_id=player,
                currency="EUR",
                stake_micros=3 * UNIT,
                legs=(SlipLeg(selection_id=legs, tick=1),),
                again=True,
            ),
            placed_at=world.clock.now(),
        )
        for player in players
        for number, legs in enumerate([HOME, AWAY] * 4 + [SelectionId(derived_id("none"))])
    ]

    async def place(turn: Turn, batch: Sequence[Placing]) -> tuple[Bet, ...]:
        return await betting.place(turn, catalog.Shelf(), batch)

    batches = shuffles(placings, seed=seed)
    decided = await race_for_turns(
        world.database,
        batches,
        {item.shard for item in placings},
        place,
        now=world.clock.now(),
    )

    heard: dict[BetId, set[tuple[BetState, str | None]]] = {}
    for batch, bets in zip(batches, decided, strict=True):
        for item, bet in zip(batch, bets, strict=True):
            assert bet.id == item.command.bet_id
            heard.setdefault(bet.id, set()).add((bet.state, bet.refusal))
    assert len(heard) == len(placings)
    assert all(len(verdicts) == 1 for verdicts in heard.values())
    verdicts = [verdict for (verdict,) in heard.values()]
    # Of ten, three stakes of three.
    assert verdicts.count((BetState.ACCEPTED, None)) == 3 * len(players)
    assert verdicts.count((BetState.REFUSED, "insufficient_funds")) == 5 * len(players)
    assert verdicts.count((BetState.REFUSED, "unknown_selection")) == len(players)
    for player in players:
        assert await world.balance(player) == (10 * UNIT, 9 * UNIT)
    told = [
        fact["bet_id"]
        for shard in {item.shard for item in placings}
        for kind in ("bet.accepted", "bet.refused")
        for fact in await world.facts(shard, kind)
    ]
    assert sorted(map(str, told)) == sorted(heard)


async def test_racing_results_are_recorded_once_and_never_contradict(world: World) -> None:
    events = [await world.event(f"event {number}") for number in range(6)]
    reports = [
        ScoreReport(event_id=event_id, score=score)
        for event_id in events
        for score in (Score(home=1, away=0), Score(home=0, away=1), None)
    ]

    async def record(turn: Turn, batch: Sequence[ScoreReport]) -> tuple[Answer, ...]:
        return await settlement.record_scores(turn, batch)

    batches = shuffles(reports)
    answers = await race_for_turns(
        world.database, batches, [CATALOGUE_SHARD], record, now=world.clock.now()
    )

    changed = [
        item.event_id
        for batch, mine in zip(batches, answers, strict=True)
        for item, answer in zip(batch, mine, strict=True)
        if answer == Recorded(changed=True)
    ]
    assert sorted(changed) == sorted(events)
    believed = {
        (item.event_id, item.score)
        for batch, mine in zip(batches, answers, strict=True)
        for item, answer in zip(batch, mine, strict=True)
        if isinstance(answer, Recorded)
    }
    assert len(believed) == len(events)
    told = await world.facts(CATALOGUE_SHARD, "market.resulted")
    assert [fact["no"] for fact in told] == list(range(1, 3 * len(events) + 1))


async def test_racing_reports_of_a_feed_come_to_one_thing_and_pay_once(world: World) -> None:
    player = await world.player(units=100)
    bet = await world.wish(player, HOME, units=10)
    await world.process()
    at = world.clock.now()
    where = market("A", MarketKind.MATCH_RESULT)
    draw = selection("A", MarketKind.MATCH_RESULT, "draw")
    moments = [at + timedelta(seconds=number) for number in range(6)]
    reports: list[Report] = [
        ResultReport(market_id=where, source="x", reported_at=moments[0], results={HOME: LOST}),
        Rollback(market_id=where, source="x", reported_at=moments[1]),
        ResultReport(market_id=where, source="x", reported_at=moments[2], results={HOME: WON}),
        Cancel(market_id=where, source="x", reported_at=moments[3]),
        CancelRollback(market_id=where, source="x", reported_at=moments[4]),
        ResultReport(market_id=where, source="x", reported_at=moments[5], results={draw: LOST}),
    ]

    async def record(turn: Turn, batch: Sequence[Report]) -> tuple[Answer, ...]:
        return await settlement.record_results(turn, batch)

    async def settle(tx: Transaction, partitions: Sequence[Partition]) -> None:
        for partition in partitions:
            await settlement.settle_waiting(
                tx, partition, now=world.clock.now(), entropy=SystemEntropy(), limit=10
            )

    for seed in range(2):
        batches = shuffles(reports, seed=seed)
        answers = await race_for_turns(
            world.database, batches, [CATALOGUE_SHARD], record, now=world.clock.now()
        )
        assert all(isinstance(answer, Recorded) for mine in answers for answer in mine)
        await race(world.database, [PARTITIONS_ALL] * RACERS, settle)
    await world.settle()

    assert (await world.bet(player, bet)).returns_micros == 25 * UNIT
    assert await world.balance(player) == (115 * UNIT, 0)
    told = await world.facts(CATALOGUE_SHARD, "market.resulted")
    assert len(told) == 3


async def test_racing_closings_close_each_market_once(world: World) -> None:
    markets = [market("A", kind) for kind in MarketKind]
    changes = [
        StatusChange(market_id=item, status=status)
        for item in markets
        for status in (MarketStatus.OPEN, MarketStatus.SUSPENDED, MarketStatus.CLOSED)
    ]

    async def change(turn: Turn, batch: Sequence[StatusChange]) -> tuple[ChangeAnswer, ...]:
        return await catalog.set_status(turn, batch)

    batches = shuffles(changes)
    answers = await race_for_turns(
        world.database, batches, [CATALOGUE_SHARD], change, now=world.clock.now()
    )

    closed = [
        item.market_id
        for batch, mine in zip(batches, answers, strict=True)
        for item, answer in zip(batch, mine, strict=True)
        if item.status is MarketStatus.CLOSED and answer == Done(changed=True)
    ]
    assert sorted(closed) == sorted(markets)
    told = await world.facts(CATALOGUE_SHARD, "market.status_changed")
    for item in markets:
        mine_told = [fact["status"] for fact in told if fact["market_id"] == item]
        # Closing is the last that is ever told of a market.
        assert mine_told.index("closed") == len(mine_told) - 1
    async with world.database.reading() as tx:
        found = await catalog.find_markets(tx, markets)
    assert {item.status for item in found} == {MarketStatus.CLOSED}


async def test_racing_changes_of_a_market_take_it_forward_only(world: World) -> None:
    markets = [market("A", kind) for kind in MarketKind]
    changes = [
        StatusChange(market_id=item, status=status) for item in markets for status in MarketStatus
    ]

    async def change(turn: Turn, batch: Sequence[StatusChange]) -> tuple[ChangeAnswer, ...]:
        return await catalog.set_status(turn, batch)

    await race_for_turns(
        world.database, shuffles(changes), [CATALOGUE_SHARD], change, now=world.clock.now()
    )

    told = await world.facts(CATALOGUE_SHARD, "market.status_changed")
    async with world.database.reading() as tx:
        found = {item.id: item for item in await catalog.find_markets(tx, markets)}
    ranks = {"open": 0, "suspended": 0, "closed": 1, "settled": 2, "cancelled": 2}
    for item in markets:
        mine = [str(fact["status"]) for fact in told if fact["market_id"] == item]
        assert [ranks[status] for status in mine] == sorted(ranks[status] for status in mine)
        assert mine[-1] == found[item].status
        assert ranks[mine[-1]] == 2


async def test_racing_openings_with_one_id_agree_on_one_event(world: World) -> None:
    rivals = [new_event("B"), new_event("B", starts_at=world.clock.now())]

    async def open_them(turn: Turn, batch: Sequence[object]) -> tuple[ChangeAnswer, ...]:
        wanted = [rival for rival in rivals if rival in batch]
        return await catalog.open_events(turn, wanted)

    answers = await race_for_turns(
        world.database,
        [[rivals[number % 2]] for number in range(RACERS)],
        [CATALOGUE_SHARD],
        open_them,
        now=world.clock.now(),
    )

    assert [answer for (answer,) in answers].count(Done(changed=True)) == 1
    assert [answer for (answer,) in answers].count(Done(changed=False)) == RACERS // 2 - 1
    assert len(await world.facts(CATALOGUE_SHARD, "event.opened")) == 2
