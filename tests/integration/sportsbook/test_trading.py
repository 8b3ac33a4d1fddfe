"""Limits hold to the cent, whoever races; what is taken is released; the books are the bets."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from importlib import resources

import pytest

from integration.sportsbook import test_corrections as corrections
from integration.sportsbook.world import UNIT, World, legs_of, market, selection
from pitboss.db import Database
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import BetId, PlayerId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, PARTITIONS_ALL, partition_of, shard_of
from pitboss.messages import Turn
from pitboss.sportsbook import betting, catalog, trading
from pitboss.sportsbook.betting.model import BetState, OnLimit, PlaceBet, Placing, SlipLeg
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import Rollback
from pitboss.sportsbook.trading.errors import RoomMoved
from pitboss.sportsbook.trading.model import (
    EVERYTHING,
    Refusal,
    Refused,
    Scope,
    SetAnswer,
    Taking,
    Wish,
)
from pitboss.workers.bets import Processor

(HOME,) = legs_of("A")  # at 5/2
AWAY = selection("A", MarketKind.MATCH_RESULT, "away")  # at 29/10


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    for name in "AB":
        await made.event(name)
    return made


async def limit(
    world: World,
    *,
    scope: Scope = Scope.ALL,
    target: str = EVERYTHING,
    one: int | None = None,
    total: int | None = None,
) -> SetAnswer | Refused:
    """Set a limit, in micros."""
    wish = Wish(
        scope=scope, target=target, currency="EUR", bet_winnings_max=one, winnings_max=total
    )
    async with world.turn(CATALOGUE_SHARD) as turn:
        (answer,) = await trading.set_limits(turn, [wish], by="staff:test")
    return answer


async def books(world: World) -> dict[str, tuple[int, int, int]]:
    """Return (bets, stake, winnings) of each selection on which something is taken."""
    async with world.database.reading() as tx:
        rows = await tx.fetch(
            "SELECT selection_id::text, sum(bets)::bigint, sum(stake_micros)::bigint,"
            " sum(winnings_micros)::bigint FROM trading_book GROUP BY 1"
        )
    return {row[0]: (row[1], row[2], row[3]) for row in rows if row[1]}


async def decide_side_by_side(world: World) -> None:
    """Decide all that is in the log by a processor a partition, all at once, each a pool apart."""
    databases = [Database(world.database.url, connections_max=4) for _ in PARTITIONS_ALL]
    racers = [
        Processor(
            partition=partition,
            owner="racer",
            database=database,
            clock=world.clock,
            entropy=SystemEntropy(),
            # Few at a time, so that there are many turns to race.
            batch_max=7,
        )
        for partition, database in zip(PARTITIONS_ALL, databases, strict=True)
    ]

    async def drain(racer: Processor) -> None:
        await racer.own()
        while True:
            racer.batch_max = 7
            if not await racer.step():
                return

    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for racer in racers:
            group.create_task(drain(racer))
    for database in databases:
        await database.close()


async def player_in(world: World, partition: int, *, units: int = 10_000) -> PlayerId:
    """Register players until one is in this partition."""
    while True:
        player = await world.player(units=units)
        if partition_of(shard_of(player)) == partition:
            return player


async def test_what_open_bets_would_win_stands_in_the_books_until_they_are_settled(
    world: World,
) -> None:
    ann = await world.player()
    await world.wish(ann, HOME, units=5)
    await world.wish(ann, AWAY, units=3)
    await world.wish(ann, *legs_of("AB"), units=2)
    await world.wish(ann, HOME, units=500)  # there is no money for it

    await world.process()

    (b_home,) = legs_of("B")
    assert await books(world) == {
        HOME: (2, 7 * UNIT, 10_500_000),
        AWAY: (1, 3 * UNIT, 5_700_000),
        b_home: (1, 2 * UNIT, 3 * UNIT),
    }
    await world.score((await world.event("A")), 0, 1)
    await world.settle()
    assert await books(world) == {}


async def test_a_bet_above_a_limit_is_refused_with_the_limit_as_its_reason(world: World) -> None:
    ann = await world.player()
    await limit(world, one=15 * UNIT, total=20 * UNIT)
    large = await world.wish(ann, HOME, units=11)
    small = await world.wish(ann, HOME, units=10)
    third = await world.wish(ann, HOME, units=4)
    other = await world.wish(ann, AWAY, units=4)

    await world.process()

    found = [await world.bet(ann, bet) for bet in (large, small, third, other)]
    assert [(bet.state, bet.refusal) for bet in found] == [
        (BetState.REFUSED, "bet_limit"),
        (BetState.ACCEPTED, None),
        (BetState.REFUSED, "selection_limit"),
        (BetState.ACCEPTED, None),
    ]
    assert await world.balance(ann) == (100 * UNIT, 14 * UNIT)


async def test_a_limit_is_free_again_when_its_bets_are_settled_or_it_is_raised(
    world: World,
) -> None:
    ann = await world.player()
    await limit(world, total=6 * UNIT)
    (b_home,) = legs_of("B")
    await world.wish(ann, HOME, b_home, units=4)
    blocked = await world.wish(ann, b_home, units=1)
    await world.process()

    await world.score(await world.event("A"), 0, 2)
    await world.settle()
    freed = await world.wish(ann, b_home, units=4)
    again = await world.wish(ann, b_home, units=1)
    await world.process()
    await limit(world, total=9 * UNIT)
    raised = await world.wish(ann, b_home, units=2)
    await world.process()

    states = [(await world.bet(ann, bet)).state for bet in (blocked, freed, again, raised)]
    assert states == [BetState.REFUSED, BetState.ACCEPTED, BetState.REFUSED, BetState.ACCEPTED]


async def test_the_narrowest_limit_counts_and_one_for_nothing_is_refused(world: World) -> None:
    ann = await world.player()
    await limit(world, total=UNIT)
    await limit(world, scope=Scope.KIND, target="total", total=2 * UNIT)
    await limit(
        world, scope=Scope.MARKET, target=market("A", MarketKind.MATCH_RESULT), total=3 * UNIT
    )
    await limit(world, scope=Scope.SELECTION, target=AWAY, total=UNIT)
    over = selection("A", MarketKind.TOTAL_GOALS, "over")  # at 19/10
    bets = [
        await world.wish(ann, one, stake_micros=stake)
        for one, stake in (
            *((HOME, 2_000_000), (HOME, 10_000)),
            *((AWAY, 520_000), (AWAY, 530_000)),
            *((over, 2_220_000), (over, 10_000)),
        )
    ]

    await world.process()

    states = [(await world.bet(ann, bet)).state for bet in bets]
    assert states == [
        *(BetState.ACCEPTED, BetState.REFUSED),
        *(BetState.ACCEPTED, BetState.REFUSED),
        *(BetState.ACCEPTED, BetState.REFUSED),
    ]
    nobody = derived_id("nobody")
    refused = Refused(reason=Refusal.UNKNOWN_TARGET)
    assert await limit(world, scope=Scope.MARKET, target=nobody, total=1) == refused
    assert await limit(world, scope=Scope.SELECTION, target=nobody, total=1) == refused
    told = await world.facts(CATALOGUE_SHARD, "trading.limit_refused")
    assert [fact["scope"] for fact in told] == ["market", "selection"]


async def test_saying_a_limit_or_a_factor_again_changes_nothing(world: World) -> None:
    ann = await world.player()
    first, again = await limit(world, total=UNIT), await limit(world, total=UNIT)
    for text in ("1/2", "1/2", "1"):
        async with world.turn(shard_of(ann)) as turn:
            await trading.set_factor(turn, ann, Fraction(text), by="staff:test")

    assert isinstance(first, SetAnswer)
    assert isinstance(again, SetAnswer)
    assert (first.changed, again.changed, first.limit) == (True, False, again.limit)
    assert len(await world.facts(CATALOGUE_SHARD, "trading.limit_set")) == 1
    async with world.database.reading() as tx:
        history = await trading.find_factors(tx, ann)
        limits = await trading.find_limits(tx)
    assert [(one.number, one.factor) for one in history] == [(2, 1), (1, Fraction(1, 2))]
    assert limits == [first.limit]


async def test_a_players_factor_counts_from_the_next_bet_on(world: World) -> None:
    ann, bob = await world.player(), await world.player()
    await limit(world, one=3 * UNIT)
    before = await world.wish(ann, HOME, units=2)
    await world.process()
    async with world.turn(shard_of(ann)) as turn:
        await trading.set_factor(turn, ann, Fraction(1, 2), by="staff:test")

    after, half = await world.wish(ann, HOME, units=2), await world.wish(ann, HOME, units=1)
    others = await world.wish(bob, HOME, units=2)
    await world.process()

    states = [(await world.bet(ann, bet)).state for bet in (before, after, half)]
    assert states == [BetState.ACCEPTED, BetState.REFUSED, BetState.ACCEPTED]
    assert (await world.bet(bob, others)).state is BetState.ACCEPTED


async def test_a_partition_gets_the_room_that_the_others_have(world: World) -> None:
    """One partition's bets use a limit up to the last cent, though a quarter is its own."""
    ann = await player_in(world, 2)
    await limit(world, total=15 * UNIT)
    bets = [await world.wish(ann, HOME, units=1) for _ in range(11)]

    await world.process()

    states = [(await world.bet(ann, bet)).state for bet in bets]
    assert states == [BetState.ACCEPTED] * 10 + [BetState.REFUSED]
    async with world.database.reading() as tx:
        rows = await tx.fetch("SELECT partition, moved_micros FROM trading_book")
    moved = {row["partition"]: row["moved_micros"] for row in rows}
    assert sum(moved.values()) == 0
    assert moved[2] == 15 * UNIT - 15 * UNIT // 4


async def test_a_lowered_limit_counts_for_all_partitions_at_once(world: World) -> None:
    """What one has taken under the old limit is no room of the others under the new one."""
    players = [await player_in(world, number) for number in (0, 1)]
    await limit(world, total=40 * UNIT)
    for _ in range(3):
        await world.wish(players[0], HOME, units=8)
    await world.process()
    assert (await books(world))[HOME][2] == 36 * UNIT

    await limit(world, total=38 * UNIT)
    fits = await world.wish(players[1], HOME, units=1)
    above = await world.wish(players[1], HOME, units=1)
    await world.process()
    await limit(world, total=20 * UNIT)
    none = await world.wish(players[1], HOME, stake_micros=10_000)
    await world.process()

    states = [(await world.bet(players[1], bet)).state for bet in (fits, above, none)]
    assert states == [BetState.ACCEPTED, BetState.REFUSED, BetState.REFUSED]


@pytest.mark.parametrize("seed", range(3))
async def test_racing_partitions_use_a_limit_up_to_the_last_bet_and_never_beyond(
    world: World, seed: int
) -> None:
    """Processors of all partitions, their databases their own, on one selection with one limit."""
    players = [await player_in(world, partition) for partition in PARTITIONS_ALL for _ in (1, 2)]
    total = 1_000 * UNIT + 7 * seed
    await limit(world, total=total)
    bets = [
        (player, await world.wish(player, *legs, stake_micros=stake))
        for number in range(40)
        for player in players
        for legs, stake in [
            (legs_of("AB" if number % 5 == 0 else "A"), 10_000 * (100 + 97 * number % 701))
        ]
    ]
    await decide_side_by_side(world)

    decided = [(await world.bet(player, bet)) for player, bet in bets]
    accepted = [bet for bet in decided if bet.state is BetState.ACCEPTED]
    refused = [bet for bet in decided if bet.state is BetState.REFUSED]
    taken = sum(bet.stake_micros * 3 // 2 for bet in accepted)
    assert taken <= total
    assert (await books(world))[HOME] == (
        len(accepted),
        sum(bet.stake_micros for bet in accepted),
        taken,
    )
    assert {bet.refusal for bet in refused} == {"selection_limit"}
    # Nobody was refused who would still fit when all is done: each was refused for what was there.
    assert total - taken < min(bet.stake_micros * 3 // 2 for bet in refused)
    async with world.database.reading() as tx:
        (row,) = await tx.fetch(
            "SELECT sum(moved_micros)::bigint AS moved FROM trading_book WHERE selection_id = $1",
            HOME,
        )
    assert row["moved"] == 0


async def test_what_a_desk_believes_wrongly_costs_a_try_and_no_money(world: World) -> None:
    ann = await world.player()
    shard = shard_of(ann)
    await limit(world, total=8 * UNIT)
    shelf, stale = catalog.Shelf(), trading.Desk()

    def placing(number: int) -> Placing:
        return Placing(
            shard=shard,
            command=PlaceBet(
                bet_id=BetId(derived_id("bet", str(number))),
                player_id=ann,
                currency="EUR",
                stake_micros=1 * UNIT,
                legs=(SlipLeg(selection_id=HOME, tick=1),),
                again=True,
            ),
            placed_at=world.clock.now(),
        )

    async def place(desk: trading.Desk, *numbers: int) -> list[BetState]:
        async with world.turn(shard) as turn:
            bets = await betting.place(turn, shelf, list(map(placing, numbers)), desk=desk)
        return [bet.state for bet in bets]

    assert await place(stale, 1) == [BetState.ACCEPTED]
    # Somebody else of the same partition takes what the first desk believes to be there.
    assert await place(trading.Desk(), 2, 3, 4) == [BetState.ACCEPTED] * 3

    stale_books = stale.books((partition_of(shard), "EUR"))
    stale_books[HOME].room = 100 * UNIT
    with pytest.raises(RoomMoved):
        await place(stale, 5, 6)

    assert await place(stale, 5, 6) == [BetState.ACCEPTED, BetState.REFUSED]
    assert (await books(world))[HOME][2] == 7_500_000


async def test_the_books_of_open_bets_are_made_by_the_migration(
    world: World, owned: Database
) -> None:
    ann, bob = await world.player(), await world.player()
    await world.wish(ann, HOME, stake_micros=1_230_000)
    await world.wish(bob, *legs_of("AB"), units=2)
    await world.wish(bob, selection("B", MarketKind.ASIAN_HANDICAP, "away"), units=1)
    await world.process()
    await world.score(await world.event("B"), 0, 0)
    await world.settle()
    before = await books(world)
    sql = (resources.files("pitboss.db") / "steps" / "0038_trading.sql").read_text()

    async with owned.transaction() as tx:
        await tx.execute("DELETE FROM trading_book")
        await tx.execute(sql[sql.index("INSERT INTO trading_book") :])

    assert before
    assert await books(world) == before


async def test_taking_part_of_a_bet_back_leaves_what_the_rest_is(world: World) -> None:
    ann = await world.player()
    await world.wish(ann, HOME, units=4)
    await world.process()

    def taking(stake: int) -> Taking:
        return Taking(
            key=BetId("b"),
            shard=shard_of(ann),
            player_id=ann,
            currency="EUR",
            stake_micros=stake,
            legs=legs,
        )

    async def change(turn: Turn) -> None:
        await trading.change(turn, [taking(4 * UNIT)], [taking(1 * UNIT)])

    async with world.database.reading() as tx:
        (bet,) = await betting.find_open_bets_of(tx, shard_of(ann), ann, decided_before=None)
    legs = bet.legs
    async with world.turn(shard_of(ann)) as turn:
        await change(turn)

    assert await books(world) == {SelectionId(HOME): (1, UNIT, 1_500_000)}


async def test_a_stake_above_a_limit_is_reduced_for_who_wants_that(world: World) -> None:
    ann = await world.player()
    await limit(world, one=9 * UNIT, total=10 * UNIT)
    refused = await world.wish(ann, HOME, units=8)
    first = await world.wish(ann, HOME, units=8, on_limit=OnLimit.REDUCE)
    second = await world.wish(ann, HOME, units=8, on_limit=OnLimit.REDUCE)
    as_asked = await world.wish(ann, AWAY, units=1, on_limit=OnLimit.REDUCE)

    await world.process()

    bets = [await world.bet(ann, bet) for bet in (refused, first, second, as_asked)]
    assert [(bet.state, bet.stake_micros, bet.stake_other_micros) for bet in bets] == [
        (BetState.REFUSED, 8 * UNIT, 6 * UNIT),
        (BetState.ACCEPTED, 6 * UNIT, 8 * UNIT),
        (BetState.ACCEPTED, 660_000, 8 * UNIT),
        (BetState.ACCEPTED, UNIT, None),
    ]
    assert await world.balance(ann) == (100 * UNIT, 7_660_000)
    assert (await books(world))[HOME] == (2, 6_660_000, 9_990_000)
    shard = shard_of(ann)
    told = [fact.get("stake_asked_micros") for fact in await world.facts(shard, "bet.accepted")]
    assert told == [8 * UNIT, 8 * UNIT, None]
    (fact,) = await world.facts(shard, "bet.refused")
    assert (fact["reason"], fact["stake_micros_max"]) == ("bet_limit", 6 * UNIT)


async def test_a_reduced_stake_that_nobody_has_takes_nothing(world: World) -> None:
    ann = await world.player(units=1)
    await limit(world, total=9 * UNIT)
    bet = await world.wish(ann, HOME, units=80, on_limit=OnLimit.REDUCE)

    await world.process()

    found = await world.bet(ann, bet)
    assert (found.refusal, found.stake_other_micros) == ("insufficient_funds", None)
    assert await books(world) == {}


async def test_who_takes_less_takes_the_room_of_all_partitions(world: World) -> None:
    ann = await player_in(world, 3)
    await limit(world, total=15 * UNIT)
    bet = await world.wish(ann, HOME, units=50, on_limit=OnLimit.REDUCE)

    await world.process()

    assert (await world.bet(ann, bet)).stake_micros == 10 * UNIT


async def test_a_bet_that_is_open_again_is_in_the_books_again(world: World) -> None:
    ann = await world.player()
    await world.wish(ann, HOME, units=4)
    await world.process()
    taken = await books(world)
    await corrections.settle(
        world, await corrections.winner(world, "A", after=corrections.MINUTE, home=True)
    )
    settled = await books(world)

    undone = Rollback(
        market_id=market("A", MarketKind.MATCH_RESULT),
        source="uof:1",
        reported_at=world.clock.now() + 2 * corrections.MINUTE,
    )
    await corrections.settle(world, undone)
    opened = await books(world)
    await corrections.settle(
        world, await corrections.winner(world, "A", after=3 * corrections.MINUTE, home=False)
    )

    assert (settled, opened) == ({}, taken)
    assert await books(world) == {}
