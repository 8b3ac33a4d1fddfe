"""Bets that are sold back: at what they are worth, once, and never at what they were worth."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from fractions import Fraction
from functools import partial
from typing import Any

import msgspec
import pytest

from integration.sportsbook.world import UNIT, Given, World, legs_of, market, selection
from pitboss.audit import rebuild, replay
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.reading.ports import in_turn
from pitboss.db import Database, Transaction
from pitboss.kernel.ids import BetId, EventId, PlayerId, derived_id
from pitboss.kernel.shards import PARTITIONS_ALL, shard_of
from pitboss.sportsbook import cash_out, catalog
from pitboss.sportsbook.betting.model import (
    IN_PLAY_DELAY_SECONDS_MIN,
    IN_PLAY_PRICE_AGE_MAX,
    BetState,
    Lines,
    Shape,
    Waiting,
)
from pitboss.sportsbook.cash_out import queries
from pitboss.sportsbook.cash_out.model import (
    Around,
    Ask,
    Policy,
    Quote,
    Refusal,
    Refused,
    Request,
    State,
)
from pitboss.sportsbook.catalog.model import (
    EventChange,
    EventStatus,
    MarketKind,
    MarketStatus,
)
from pitboss.workers.cash_out import Buyer

READER = Reader((*ALL_FACTS, Given))
HOME = selection("A", MarketKind.MATCH_RESULT, "home")
WINNER = market("A", MarketKind.MATCH_RESULT)
FAIR = Policy(margin=Fraction(0))


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database=database)
    for name in "ABC":
        await world.event(name)
    return world


async def quote(
    world: World,
    player: PlayerId,
    bet_id: BetId,
    *,
    stake_micros: int | None = None,
    policy: Policy = FAIR,
) -> Quote | Refused:
    """Ask what is offered."""
    async with world.database.reading() as tx:
        return await cash_out.quote(
            tx,
            catalog.Shelf(),
            shard_of(player),
            player,
            bet_id,
            stake_micros=stake_micros,
            policy=policy,
            now=world.clock.now(),
        )


async def quoted(
    world: World, player: PlayerId, bet_id: BetId, *, stake_micros: int | None = None
) -> Quote:
    """Ask what is offered, and be offered something."""
    answer = await quote(world, player, bet_id, stake_micros=stake_micros)
    assert isinstance(answer, Quote)
    return answer


async def take(world: World, taken: Quote, *, key: str = "k") -> Request | Refused:
    """Take a quote."""
    shard = shard_of(taken.player_id)
    asked = Ask(shard=shard, request_id=derived_id("test", taken.player_id, key), quote=taken)
    async with world.turn(shard) as turn:
        return await cash_out.ask(turn, catalog.Shelf(), asked)


async def decide_due(world: World) -> int:
    """Decide what waits and is due."""
    decided = 0
    for partition in PARTITIONS_ALL:
        async with world.database.transaction() as tx:
            decided += await cash_out.decide_due(
                tx,
                catalog.Shelf(),
                partition,
                now=world.clock.now(),
                entropy=world.entropy,
                limit=100,
            )
    return decided


async def single(world: World, *, units: int = 10) -> tuple[PlayerId, BetId]:
    """Give a player and their accepted single on A at 2.5."""
    player = await world.player()
    bet_id = await world.wish(player, HOME, units=units)
    await world.process()
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    return player, bet_id


async def in_play(world: World, *, delay: int = 5) -> None:
    """Begin A, with bets in play after so many seconds."""
    change = EventChange(
        event_id=(await _event_id(world)),
        status=EventStatus.LIVE,
        in_play_open=True,
        bet_delay_seconds=delay,
    )
    await world.at_the_desk(catalog.change_events, change)


async def _event_id(world: World) -> EventId:
    async with world.database.reading() as tx:
        (found,) = await catalog.find_markets(tx, [WINNER])
    return found.event_id


async def check_books(world: World) -> None:
    """See that nothing came from nowhere, and that the facts tell all of it."""
    assert await world.totals() == {"EUR": 0}
    async with world.database.moment() as tx:
        report = await rebuild.check(
            tx, spread=lambda tx, work, lots: in_turn(tx, partial(work, reader=READER), lots)
        )
        replayed = await replay.replay_all(tx, reader=READER)
    assert report.ok, report.differences
    assert replayed.ok, replayed.disagreements


def refused_for(answer: Request | Refused) -> str | None:
    """Return why a request was refused."""
    return answer.reason


async def test_a_fair_offer_is_the_stake_times_the_fair_price_then_over_the_fair_price_now(
    world: World,
) -> None:
    player, bet_id = await single(world)
    prices = [Fraction("2.5"), Fraction("3.2"), Fraction("2.9")]
    chance = (1 / prices[0]) / sum(1 / price for price in prices)

    offer = await quoted(world, player, bet_id)

    exact = 10 * UNIT * Fraction("2.5") * chance
    assert offer.offer_micros == exact // 10_000 * 10_000  # rounded down to whole cents
    assert offer.stake_micros == offer.left_micros == 10 * UNIT


async def test_the_house_keeps_its_margin_of_the_value(world: World) -> None:
    player, bet_id = await single(world)
    fair = await quoted(world, player, bet_id)

    answer = await quote(world, player, bet_id, policy=Policy(margin=Fraction(1, 10)))

    assert isinstance(answer, Quote)
    assert abs(answer.offer_micros - fair.offer_micros * 9 // 10) <= 10_000


async def test_a_bet_that_is_sold_whole_is_over_and_paid_and_no_result_pays_it_again(
    world: World,
) -> None:
    player, bet_id = await single(world)
    taken = await quoted(world, player, bet_id)

    answer = await take(world, taken)
    event = await _event_id(world)
    await world.score(event, 1, 0)
    await world.settle()

    assert isinstance(answer, Request)
    assert answer.state is State.PAID
    bet = await world.bet(player, bet_id)
    assert (bet.state, bet.returns_micros) == (BetState.CASHED_OUT, taken.offer_micros)
    assert await world.balance(player) == (90 * UNIT + taken.offer_micros, 0)
    await check_books(world)


@pytest.mark.parametrize(("home", "away", "returns"), [(1, 0, 15 * UNIT), (0, 1, 0)])
async def test_what_is_left_of_a_bet_that_was_sold_in_part_settles_as_if_it_were_all(
    world: World, home: int, away: int, returns: int
) -> None:
    player, bet_id = await single(world)
    part = await quoted(world, player, bet_id, stake_micros=4 * UNIT)

    await take(world, part)
    held = await world.balance(player)
    await world.score(await _event_id(world), home, away)
    await world.settle()

    assert held == (96 * UNIT + part.offer_micros, 6 * UNIT)
    bet = await world.bet(player, bet_id)
    assert (bet.state, bet.returns_micros) == (BetState.SETTLED, returns)
    assert await world.balance(player) == (90 * UNIT + part.offer_micros + returns, 0)
    await check_books(world)


async def test_of_a_void_bet_that_was_sold_in_part_only_the_rest_of_the_stake_comes_back(
    world: World,
) -> None:
    player, bet_id = await single(world)
    part = await quoted(world, player, bet_id, stake_micros=4 * UNIT)

    await take(world, part)
    await world.abandon(await _event_id(world))
    await world.settle()

    assert (await world.bet(player, bet_id)).state is BetState.VOIDED
    assert await world.balance(player) == (96 * UNIT + part.offer_micros, 0)
    await check_books(world)


async def test_parts_add_up_to_no_more_than_the_whole(world: World) -> None:
    player, bet_id = await single(world)
    whole = (await quoted(world, player, bet_id)).offer_micros
    paid = 0

    for step in range(10):
        part = await quoted(world, player, bet_id, stake_micros=UNIT)
        assert isinstance(await take(world, part, key=str(step)), Request)
        paid += part.offer_micros

    assert whole - 10 * 10_000 <= paid <= whole
    assert (await world.bet(player, bet_id)).state is BetState.CASHED_OUT
    assert await quote(world, player, bet_id) == Refused(reason=Refusal.BET_NOT_OPEN)
    await check_books(world)


async def test_a_system_is_worth_what_its_lines_are_and_a_lost_leg_takes_its_lines(
    world: World,
) -> None:
    player = await world.player()
    trixie = Shape(lines=(Lines(legs=(0, 1, 2), sizes=(2, 3)),))
    bet_id = await world.wish(player, *legs_of("ABC"), units=8, shape=trixie)
    await world.process()
    before = await quoted(world, player, bet_id)

    await world.score(await _event_id(world), 0, 1)
    await world.settle()
    after = await quoted(world, player, bet_id)
    sold = await take(world, after)

    assert 0 < after.offer_micros < before.offer_micros
    assert isinstance(sold, Request)
    assert sold.state is State.PAID
    await check_books(world)


async def test_a_price_that_moved_a_stop_or_a_result_since_the_quote_refuses_it(
    world: World,
) -> None:
    player, bet_id = await single(world)

    moved = await quoted(world, player, bet_id)
    await world.reprice((HOME, "2.6"))
    assert refused_for(await take(world, moved, key="1")) == Refusal.QUOTE_STALE

    stopped = await quoted(world, player, bet_id)
    await world.set_status((WINNER, MarketStatus.SUSPENDED))
    assert refused_for(await take(world, stopped, key="2")) == Refusal.CASH_OUT_SUSPENDED
    await world.set_status((WINNER, MarketStatus.OPEN))
    assert refused_for(await take(world, stopped, key="3")) == Refusal.QUOTE_STALE

    resulted = await quoted(world, player, bet_id)
    await world.score(await _event_id(world), 1, 0)
    assert refused_for(await take(world, resulted, key="4")) == Refusal.BET_NOT_OPEN
    assert await world.balance(player) == (100 * UNIT, 10 * UNIT)


async def test_a_price_of_another_selection_of_the_market_makes_the_quote_another_one(
    world: World,
) -> None:
    player, bet_id = await single(world)
    taken = await quoted(world, player, bet_id)

    await world.reprice((selection("A", MarketKind.MATCH_RESULT, "draw"), "6.0"))

    assert refused_for(await take(world, taken)) == Refusal.QUOTE_STALE


async def test_a_quote_is_good_until_it_expires_and_not_at_that_moment(world: World) -> None:
    player, bet_id = await single(world)
    taken = await quoted(world, player, bet_id)

    world.clock.advance(FAIR.quote_life)

    assert refused_for(await take(world, taken)) == Refusal.QUOTE_EXPIRED


async def test_the_same_request_again_gets_the_same_answer_and_another_under_its_key_none(
    world: World,
) -> None:
    player, bet_id = await single(world)
    part = await quoted(world, player, bet_id, stake_micros=UNIT)

    first, again = await take(world, part), await take(world, part)
    another = await take(world, replace_stake(part, 2 * UNIT))

    assert first == again
    assert another == Refused(reason=Refusal.ANOTHER_REQUEST)
    assert (await world.bet(player, bet_id)).bought_back_micros == UNIT


def replace_stake(taken: Quote, stake_micros: int) -> Quote:
    """Return a quote for another stake."""
    return msgspec.structs.replace(taken, stake_micros=stake_micros)


async def test_in_play_a_sale_waits_for_the_delay_and_is_looked_at_again(world: World) -> None:
    player, bet_id = await single(world)
    await in_play(world)
    taken = await quoted(world, player, bet_id)

    waiting = await take(world, taken)
    early = await decide_due(world)
    world.clock.advance(timedelta(seconds=5))
    due = await decide_due(world)

    assert isinstance(waiting, Request)
    assert waiting.state is State.DELAYED
    assert (early, due) == (0, 1)
    assert (await world.bet(player, bet_id)).state is BetState.CASHED_OUT
    await check_books(world)


async def test_a_market_that_was_stopped_for_a_moment_of_the_delay_refuses_the_sale(
    world: World,
) -> None:
    player, bet_id = await single(world)
    await in_play(world)
    await take(world, await quoted(world, player, bet_id))

    await world.set_status((WINNER, MarketStatus.SUSPENDED))
    await world.set_status((WINNER, MarketStatus.OPEN))
    world.clock.advance(timedelta(seconds=5))
    await decide_due(world)

    (told,) = await world.facts(shard_of(player), "cash_out.refused")
    assert told["reason"] == Refusal.QUOTE_STALE
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    await check_books(world)


async def test_of_sales_and_a_settlement_at_the_same_time_one_has_the_bet(world: World) -> None:
    player, bet_id = await single(world)
    taken = await quoted(world, player, bet_id)
    event = await _event_id(world)

    async def sell(number: int) -> Request | Refused:
        return await take(world, taken, key=f"race {number}")

    *answers, _ = await asyncio.gather(
        *(sell(number) for number in range(6)), _score_and_settle(world, event)
    )
    await world.settle()

    paid = [a for a in answers if isinstance(a, Request) and a.state is State.PAID]
    bet = await world.bet(player, bet_id)
    assert len(paid) <= 1
    assert bet.state is (BetState.CASHED_OUT if paid else BetState.SETTLED)
    returns = taken.offer_micros if paid else 25 * UNIT
    assert await world.balance(player) == (90 * UNIT + returns, 0)
    await check_books(world)


async def _score_and_settle(world: World, event: EventId) -> None:
    await world.score(event, 1, 0)
    await world.settle()


async def test_what_stops_a_bet_stops_a_sale(world: World) -> None:
    player, bet_id = await single(world)
    others = [selection("A", MarketKind.MATCH_RESULT, code) for code in ("draw", "away")]

    await world.reprice(*((other, "50") for other in others))
    palpable = await quote(world, player, bet_id)
    await world.reprice(*((other, "3") for other in others))
    await in_play(world)
    fresh = await quote(world, player, bet_id)
    world.clock.advance(IN_PLAY_PRICE_AGE_MAX + timedelta(seconds=1))
    stale = await quote(world, player, bet_id)

    assert isinstance(fresh, Quote)
    assert palpable == stale == Refused(reason=Refusal.CASH_OUT_SUSPENDED)


async def test_a_price_that_is_too_short_beside_the_others_sells_nothing(world: World) -> None:
    player, bet_id = await single(world)
    draw, away = (selection("A", MarketKind.MATCH_RESULT, code) for code in ("draw", "away"))

    await world.reprice((HOME, "1.1"), (draw, "3.2"), (away, "2.9"))
    mistyped = await quote(world, player, bet_id)
    await world.reprice((draw, "12"), (away, "20"))
    meant = await quote(world, player, bet_id)

    assert mistyped == Refused(reason=Refusal.CASH_OUT_SUSPENDED)
    assert isinstance(meant, Quote)


async def test_a_goal_in_the_delay_refuses_the_sale_though_no_price_has_moved(
    world: World,
) -> None:
    player, bet_id = await single(world)
    await in_play(world)
    await take(world, await quoted(world, player, bet_id))

    change = EventChange(event_id=(await _event_id(world)), score="1-0")
    await world.at_the_desk(catalog.change_events, change)
    world.clock.advance(timedelta(seconds=5))
    await decide_due(world)

    (told,) = await world.facts(shard_of(player), "cash_out.refused")
    assert told["reason"] == Refusal.QUOTE_STALE
    await check_books(world)


async def test_in_play_a_sale_waits_at_least_a_second(world: World) -> None:
    player, bet_id = await single(world)
    await in_play(world, delay=0)

    waiting = await take(world, await quoted(world, player, bet_id))

    assert isinstance(waiting, Request)
    assert waiting.decide_at == world.clock.now() + timedelta(seconds=IN_PLAY_DELAY_SECONDS_MIN)


async def test_a_request_that_breaks_the_others_is_found_and_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_play(world)
    sold: list[tuple[PlayerId, BetId]] = []
    for _ in range(3):
        player = await world.player()
        bet_id = await world.wish(player, HOME, units=10)
        await world.process()
        world.clock.advance(timedelta(seconds=IN_PLAY_DELAY_SECONDS_MIN + 5))
        await world.process()
        sold.append((player, bet_id))
    for player, bet_id in sold:
        await take(world, await quoted(world, player, bet_id))
    world.clock.advance(timedelta(seconds=6))
    broken = sold[1][1]
    honest = queries.look_around

    async def break_one(tx: Transaction, bet: Waiting, *rest: Any, **more: Any) -> Around:
        if bet.id == broken:
            raise RuntimeError("planted")
        return await honest(tx, bet, *rest, **more)

    monkeypatch.setattr(queries, "look_around", break_one)
    buyer = Buyer(database=world.database, clock=world.clock, entropy=world.entropy)
    while await buyer.step():
        pass

    states = [(await world.bet(player, bet_id)).state for player, bet_id in sold]
    assert states == [BetState.CASHED_OUT, BetState.ACCEPTED, BetState.CASHED_OUT]
    await check_books(world)
