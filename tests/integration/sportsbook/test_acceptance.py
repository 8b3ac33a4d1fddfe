"""Promises of acceptance on a real database: which price is struck, and what is not taken twice."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

import pytest

from integration.sportsbook.world import UNIT, World, selection
from pitboss.db import Database
from pitboss.kernel.ids import PlayerId, SelectionId
from pitboss.kernel.price import parse_price, write_price
from pitboss.kernel.shards import CATALOGUE_SHARD, PARTITIONS_ALL, partition_of, shard_of
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import DUPLICATE_WINDOW, BetState, PricePolicy
from pitboss.sportsbook.catalog.model import MarketKind, SelectionChange
from pitboss.workers.observer import Batch, Observer

HOME = selection("A", MarketKind.MATCH_RESULT, "home")
AWAY = selection("A", MarketKind.MATCH_RESULT, "away")
OTHER = selection("B", MarketKind.MATCH_RESULT, "home")
NONE, BETTER, ANY = PricePolicy


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    await made.event("A")
    await made.event("B")
    return made


@pytest.mark.parametrize(
    ("policy", "shown", "moved_to", "struck"),
    [
        (NONE, None, "3", None),
        (NONE, "5/2", "5/2", None),
        (BETTER, "5/2", "3", "3"),
        (BETTER, "5/2", "2.4", None),
        # Back where it was, under another tick: as good as what was shown.
        (BETTER, "5/2", "5/2", "5/2"),
        # Nobody said what would be better.
        (BETTER, None, "3", None),
        (ANY, None, "3", "3"),
        (ANY, None, "1.01", "1.01"),
    ],
)
async def test_a_price_that_moved_is_struck_as_the_player_said(
    world: World, policy: PricePolicy, shown: str | None, moved_to: str, struck: str | None
) -> None:
    player = await world.player()
    await world.reprice((HOME, "10"))
    await world.reprice((HOME, moved_to))

    bet_id = await world.wish(player, HOME, price=shown, price_policy=policy)
    await world.process()

    bet = await world.bet(player, bet_id)
    assert bet.price_policy is policy
    if struck is None:
        assert (bet.state, bet.refusal) == (BetState.REFUSED, "price_changed")
        return
    (leg,) = bet.legs
    assert leg.price_exact == Fraction(struck)
    assert (leg.tick, leg.shown_tick, leg.shown_price) == (3, 1, shown)
    (fact,) = await world.facts(shard_of(player), "bet.accepted")
    assert fact["price_policy"] == policy.told


async def test_a_price_that_did_not_move_is_struck_under_each_policy(world: World) -> None:
    player = await world.player()

    bets = [await world.wish(player, HOME, price_policy=policy) for policy in PricePolicy]
    await world.process()

    for bet_id in bets:
        (leg,) = (await world.bet(player, bet_id)).legs
        assert (leg.price_exact, leg.shown_tick) == (Fraction(5, 2), None)


async def test_each_leg_is_judged_by_itself(world: World) -> None:
    player = await world.player()
    await world.reprice((HOME, "3"), (OTHER, "2"))

    # One leg is better by much, the other worse by a little.
    bet_id = await world.wish(player, HOME, OTHER, price="2.5", price_policy=BETTER)
    await world.process()

    assert (await world.bet(player, bet_id)).refusal == "price_changed"


async def test_what_could_return_too_much_at_the_struck_price_is_refused(world: World) -> None:
    player = await world.player(units=10_000)
    await world.reprice((HOME, "1000"))

    bet_id = await world.wish(player, HOME, units=2_000, price_policy=ANY)
    await world.process()

    assert (await world.bet(player, bet_id)).refusal == "returns_too_large"


async def test_the_same_slip_within_the_window_is_taken_once(world: World) -> None:
    player, other = await world.player(), await world.player()
    first = await world.wish(player, HOME, OTHER, again=False)
    twin = await world.wish(player, OTHER, HOME, again=False)
    cheaper = await world.wish(player, HOME, OTHER, units=4, again=False)
    elsewhere = await world.wish(player, AWAY, OTHER, again=False)
    somebody_else = await world.wish(other, HOME, OTHER, again=False)
    meant = await world.wish(player, HOME, OTHER, again=True)
    await world.process()

    refusals = [(await world.bet(player, item)).refusal for item in (first, twin, cheaper)]
    assert refusals == [None, "duplicate_slip", None]
    assert (await world.bet(player, elsewhere)).state is BetState.ACCEPTED
    assert (await world.bet(other, somebody_else)).state is BetState.ACCEPTED
    assert (await world.bet(player, meant)).state is BetState.ACCEPTED
    assert await world.balance(player) == (100 * UNIT, 19 * UNIT)


async def test_the_same_slip_after_the_window_is_another_bet(world: World) -> None:
    player = await world.player()
    bets = []
    for _ in range(3):
        bets.append(await world.wish(player, HOME, again=False))
        await world.process()
        world.clock.advance(DUPLICATE_WINDOW - timedelta(milliseconds=1))
        bets.append(await world.wish(player, HOME, again=False))
        await world.process()
        world.clock.advance(timedelta(milliseconds=1))

    assert [(await world.bet(player, item)).refusal for item in bets] == [
        None,
        "duplicate_slip",
        None,
        "duplicate_slip",
        None,
        "duplicate_slip",
    ]


async def test_a_slip_like_one_that_was_refused_is_no_duplicate(world: World) -> None:
    player = await world.player(units=7)
    for_nothing = [await world.wish(player, HOME, units=8, again=False) for _ in range(3)]
    first = await world.wish(player, HOME, again=False)
    await world.process()
    refused = await world.wish(player, AWAY, again=False, tick=2)
    await world.process()
    again = await world.wish(player, AWAY, units=2, again=False)
    await world.process()

    # As they would be one by one, in one batch too.
    refusals = [(await world.bet(player, item)).refusal for item in for_nothing]
    assert refusals == ["insufficient_funds"] * 3
    assert (await world.bet(player, refused)).refusal == "price_changed"
    for bet_id in (first, again):
        assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED


async def test_a_duplicate_is_found_by_whoever_decides_next(world: World) -> None:
    player = await world.player()
    first = await world.wish(player, HOME, again=False)
    await world.process()
    twin = await world.wish(player, HOME, again=False)
    world.clock.advance(timedelta(minutes=5))
    heir = world.processor(partition_of(shard_of(player)))
    await heir.own()

    await heir.step()

    assert (await world.bet(player, first)).state is BetState.ACCEPTED
    # It was sent a moment after the first one, however late it is decided.
    assert (await world.bet(player, twin)).refusal == "duplicate_slip"


async def test_what_was_rolled_back_is_no_reason_to_refuse(world: World) -> None:
    player = await world.player()
    partition = partition_of(shard_of(player))
    processor = world.processor(partition)
    await processor.own()
    await world.wish(player, AWAY)
    await processor.step()
    bet_id = await world.wish(player, HOME, again=False)
    # The batch breaks at its last command, so what came before it is undone and done once more.
    await world.append("00000000-0000-7000-8000-000000000001", player, b"{")

    while await processor.step():
        pass

    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED


async def test_nothing_is_taken_of_a_market_whose_prices_cannot_be_meant(world: World) -> None:
    player = await world.player()
    # Somebody has slipped by a digit: each at ten makes three tenths together.
    others = [selection("A", MarketKind.MATCH_RESULT, code) for code in ("draw", "away")]
    await world.reprice((HOME, "10"), *((item, "10") for item in others))
    wrong = [await world.wish(player, item, tick=2) for item in (HOME, *others)]
    another_market = await world.wish(player, selection("A", MarketKind.TOTAL_GOALS, "over"))
    await world.process()
    await world.reprice(*((item, "3") for item in others))
    put_right = await world.wish(player, HOME, tick=2)
    await world.process()

    assert {(await world.bet(player, item)).refusal for item in wrong} == {"palpable_error"}
    assert (await world.bet(player, another_market)).state is BetState.ACCEPTED
    assert (await world.bet(player, put_right)).state is BetState.ACCEPTED


async def test_prices_that_cannot_be_meant_stay_so_when_a_selection_is_stopped(
    world: World,
) -> None:
    player = await world.player()
    over, under = (selection("A", MarketKind.TOTAL_GOALS, code) for code in ("over", "under"))
    # A slip by a digit: 1/19 and 1/1.95 are less than three fifths, whichever of them is sold.
    await world.reprice((over, "19"))
    async with world.turn(CATALOGUE_SHARD) as turn:
        await catalog.set_selections(turn, [SelectionChange(selection_id=under, active=False)])

    wrong = await world.wish(player, over, tick=2)
    await world.process()
    await world.reprice((over, "1.9"))
    put_right = await world.wish(player, over, tick=3)
    await world.process()

    assert (await world.bet(player, wrong)).refusal == "palpable_error"
    assert (await world.bet(player, put_right)).state is BetState.ACCEPTED


@dataclass(slots=True)
class Tape:
    """What a feed did to one selection: each price with when its change began and had ended."""

    prices: list[Fraction]
    began: list[float]
    ended: list[float]

    def was_current(self, tick: int, since: float, until: float) -> bool:
        """Say whether this tick can have been current at some moment between these two."""
        superseded = self.ended[tick] if tick < len(self.ended) else float("inf")
        return self.began[tick - 1] <= until and superseded >= since


@pytest.mark.parametrize("seed", range(3))
async def test_however_prices_race_with_bettors_none_is_struck_beyond_the_policy(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    players = [await world.player(units=10_000) for _ in range(4)]
    tapes = {
        item: Tape(prices=[Fraction(5, 2)], began=[0.0], ended=[0.0]) for item in (HOME, OTHER)
    }
    decided: dict[str, tuple[float, float]] = {}
    over = asyncio.Event()

    async def feed() -> None:
        for number in range(40):
            moves = {item: Fraction(111 + chance.randint(0, 700) + number, 100) for item in tapes}
            moves = {item: to for item, to in moves.items() if to != tapes[item].prices[-1]}
            began = loop.time()
            await world.reprice(*((item, str(to)) for item, to in moves.items()))
            for item, to in moves.items():
                tapes[item].prices.append(to)
                tapes[item].began.append(began)
                tapes[item].ended.append(loop.time())
            await asyncio.sleep(0.002)
        over.set()

    async def bettor(player: PlayerId) -> None:
        while not over.is_set():
            item = chance.choice(list(tapes))
            tick = max(len(tapes[item].prices) - chance.randint(0, 2), 1)
            price = write_price(tapes[item].prices[tick - 1])
            policy = chance.choice(list(PricePolicy))
            await world.wish(player, item, units=1, tick=tick, price=price, price_policy=policy)
            await asyncio.sleep(0.002)

    async def processing(number: int) -> None:
        processor = world.processor(number)
        processor.observer = watcher = Watcher()
        await processor.own()
        while True:
            since, stop = loop.time(), over.is_set()
            count = await processor.step()
            decided.update(dict.fromkeys(watcher.take(), (since, loop.time())))
            if not count and stop:
                break
            await asyncio.sleep(0.001)

    await asyncio.gather(
        feed(), *map(bettor, players), *(processing(number) for number in PARTITIONS_ALL)
    )

    moved = await struck_elsewhere(world, players, tapes, decided)
    # It did race: prices moved under slips, and were struck where that was asked for.
    assert moved[NONE] == 0 < moved[ANY]
    assert 0 < moved[BETTER] < moved[ANY]


async def struck_elsewhere(
    world: World,
    players: list[PlayerId],
    tapes: dict[SelectionId, Tape],
    decided: dict[str, tuple[float, float]],
) -> dict[PricePolicy, int]:
    """Hold each accepted leg to what its feed did; count those struck at another tick."""
    moved = dict.fromkeys(PricePolicy, 0)
    for player in players:
        for fact in await world.facts(shard_of(player), "bet.accepted"):
            leg = fact["legs"][0]  # type: ignore[index] # a list
            tape, tick = tapes[leg["selection_id"]], leg["tick"]
            policy = PricePolicy(str(fact.get("price_policy", NONE)))
            shown = leg.get("shown_tick", tick)
            assert parse_price(leg["price"]) == tape.prices[tick - 1]
            assert tape.was_current(tick, *decided[str(fact["bet_id"])])
            assert policy is not NONE or tick == shown
            assert policy is not BETTER or tape.prices[tick - 1] >= tape.prices[shown - 1]
            moved[policy] += tick != shown
    return moved


class Watcher(Observer):
    """Notes which bets were decided."""

    def __init__(self) -> None:
        super().__init__()
        self.decided_ids: list[str] = []

    def decided(self, batch: Batch) -> None:
        """Note them."""
        self.decided_ids += [bet.id for bet in batch.bets]

    def take(self) -> list[str]:
        """Return those that were noted since the last time."""
        taken, self.decided_ids = self.decided_ids, []
        return taken
