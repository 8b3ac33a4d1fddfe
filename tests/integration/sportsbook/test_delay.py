"""Promises of bets in play: nothing is taken at once, and whatever happens meanwhile counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from fractions import Fraction

import pytest

from integration.audit.test_rebuild import check
from integration.sportsbook.world import KICK_OFF, UNIT, World, market, selection
from pitboss.db import Database
from pitboss.kernel.ids import BetId, EventId, PlayerId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, partition_of, shard_of
from pitboss.messages.errors import Fenced
from pitboss.sportsbook import betting, catalog, trading
from pitboss.sportsbook.betting.model import (
    IN_PLAY_DELAY_SECONDS_MIN,
    IN_PLAY_PRICE_AGE_MAX,
    BetState,
    OnLimit,
    PricePolicy,
)
from pitboss.sportsbook.catalog.model import (
    EventChange,
    EventStatus,
    HandOver,
    MarketKind,
    MarketStatus,
    ProducerChange,
    ProducerState,
)
from pitboss.sportsbook.trading.model import EVERYTHING, Scope, Wish

HOME = selection("A", MarketKind.MATCH_RESULT, "home")
BEFORE_PLAY = selection("B", MarketKind.MATCH_RESULT, "home")
EVENT = EventId(derived_id("event", "A"))
MARKET = market("A", MarketKind.MATCH_RESULT)
DELAY = timedelta(seconds=6)


@pytest.fixture
async def world(database: Database) -> World:
    """Event A is under way, and B has not begun."""
    made = World(database=database)
    await made.event("A")
    await made.event("B", starts_at=KICK_OFF + timedelta(days=1))
    made.clock.advance(KICK_OFF + timedelta(minutes=3) - made.clock.now())
    await go(made, status=EventStatus.LIVE, score="0-0", in_play_open=True, bet_delay_seconds=6)
    await made.reprice((HOME, "2.6"))
    return made


async def go(world: World, **change: object) -> None:
    """Let event A come to something."""
    async with world.turn(CATALOGUE_SHARD) as turn:
        (answer,) = await catalog.change_events(
            turn,
            [EventChange(event_id=EVENT, **change)],  # type: ignore[arg-type] # by the test
        )
    assert isinstance(answer, catalog.model.Done)


async def wish(world: World, player: PlayerId, **said: object) -> BetId:
    """Ask for a bet on event A at the price that is shown, and let it be looked at."""
    bet_id = await world.wish(player, HOME, tick=2, **said)  # type: ignore[arg-type] # by the test
    await world.process()
    return bet_id


async def test_a_bet_in_play_is_delayed_with_its_stake_held_and_taken_after_it(
    world: World,
) -> None:
    player = await world.player()

    bet_id = await wish(world, player)
    first = await world.bet(player, bet_id)
    world.clock.advance(DELAY - timedelta(milliseconds=1))
    await world.process()
    still = await world.bet(player, bet_id)
    held = await world.balance(player)
    world.clock.advance(timedelta(milliseconds=1))
    await world.process()

    assert (first.state, still.state) == (BetState.DELAYED, BetState.DELAYED)
    assert held == (100 * UNIT, 5 * UNIT)
    bet = await world.bet(player, bet_id)
    assert (bet.state, bet.decided_at) == (BetState.ACCEPTED, world.clock.now())
    assert bet.legs[0].price_exact == Fraction("2.6")
    assert await world.balance(player) == (100 * UNIT, 5 * UNIT)
    (delayed,) = await world.facts(shard_of(player), "bet.delayed")
    (accepted,) = await world.facts(shard_of(player), "bet.accepted")
    assert [item["kind"] for item in delayed["movements"]] == ["hold"]  # type: ignore[attr-defined]
    assert accepted["delayed"] is True
    assert "movements" not in accepted


async def test_a_bet_that_was_delayed_is_settled_as_any_other(world: World) -> None:
    player = await world.player()
    bet_id = await wish(world, player)
    world.clock.advance(DELAY)
    await world.process()

    await world.score(EVENT, 2, 0)
    await world.settle()

    assert (await world.bet(player, bet_id)).state is BetState.SETTLED
    assert await world.balance(player) == (108 * UNIT, 0)
    assert await world.totals() == {"EUR": 0}


async def suspended_for_a_moment(world: World) -> None:
    """A market stops and goes on within the delay."""
    await world.set_status((MARKET, MarketStatus.SUSPENDED))
    await world.set_status((MARKET, MarketStatus.OPEN))


async def suspended(world: World) -> None:
    """A market stops."""
    await world.set_status((MARKET, MarketStatus.SUSPENDED))


async def goal(world: World) -> None:
    """Somebody scores, and nobody has stopped the market for it."""
    await go(world, score="1-0")


async def red_card(world: World) -> None:
    """Somebody is sent off."""
    await go(world, red_cards="0-1")


async def disallowed_goal(world: World) -> None:
    """A goal is taken back: it stands as it did, and something has happened all the same."""
    await go(world, score="1-0")
    await go(world, score="0-0")


async def ended(world: World) -> None:
    """It is over."""
    await go(world, status=EventStatus.ENDED)


async def worse_price(world: World) -> None:
    """The price falls."""
    await world.reprice((HOME, "2.5"))


async def better_price(world: World) -> None:
    """The price rises."""
    await world.reprice((HOME, "2.7"))


async def producer_down(world: World) -> None:
    """Whoever makes the prices falls silent."""
    await produced_by(world, "feed")


async def produced_by(world: World, name: str) -> None:
    """Let the market be somebody's, who is down."""
    async with world.turn(CATALOGUE_SHARD) as turn:
        await catalog.set_producers(
            turn, [ProducerChange(producer=name, state=ProducerState.DOWN, why="silence")]
        )
        await catalog.hand_over(turn, [HandOver(market_id=MARKET, producer=name)])


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (suspended_for_a_moment, "market_interrupted"),
        (suspended, "market_not_open"),
        (goal, "score_changed"),
        (red_card, "score_changed"),
        (disallowed_goal, "score_changed"),
        (ended, "event_started"),
        (worse_price, "price_changed"),
        (better_price, "price_changed"),
        (producer_down, "producer_down"),
    ],
)
async def test_whatever_happens_within_the_delay_refuses_the_bet_and_gives_the_stake_back(
    world: World, meanwhile: Callable[[World], Awaitable[None]], reason: str
) -> None:
    player = await world.player()
    bet_id = await wish(world, player)

    world.clock.advance(DELAY / 2)
    await meanwhile(world)
    world.clock.advance(DELAY / 2)
    await world.process()

    bet = await world.bet(player, bet_id)
    assert (bet.state, bet.refusal, bet.legs) == (BetState.REFUSED, reason, ())
    assert await world.balance(player) == (100 * UNIT, 0)
    (fact,) = await world.facts(shard_of(player), "bet.refused")
    assert [item["kind"] for item in fact["movements"]] == ["void"]  # type: ignore[attr-defined]
    assert await world.facts(shard_of(player), "bet.accepted") == []


async def test_after_the_delay_the_price_is_struck_by_the_players_policy(world: World) -> None:
    player = await world.player()
    better = await wish(world, player, price="2.6", price_policy=PricePolicy.BETTER)
    whichever = await wish(world, player, price_policy=PricePolicy.ANY)

    await world.reprice((HOME, "2.7"))
    world.clock.advance(DELAY)
    await world.process()

    for bet_id in (better, whichever):
        (leg,) = (await world.bet(player, bet_id)).legs
        assert (leg.price_exact, leg.tick, leg.shown_tick) == (Fraction("2.7"), 3, 2)


async def test_a_price_that_nobody_has_confirmed_for_long_is_not_taken_in_play(
    world: World,
) -> None:
    player = await world.player()
    world.clock.advance(IN_PLAY_PRICE_AGE_MAX - timedelta(seconds=3))

    taken_first = await wish(world, player)
    world.clock.advance(DELAY)
    await world.process()
    not_even_first = await wish(world, player)

    for bet_id in (taken_first, not_even_first):
        assert (await world.bet(player, bet_id)).refusal == "price_stale"
    assert await world.balance(player) == (100 * UNIT, 0)


async def test_an_accumulator_waits_for_the_longest_delay_of_its_legs(world: World) -> None:
    player = await world.player()
    bet_id = await world.wish(player, HOME, BEFORE_PLAY, tick=2, price_policy=PricePolicy.ANY)
    await world.process()
    before = await world.bet(player, bet_id)

    world.clock.advance(DELAY)
    await world.process()

    assert before.state is BetState.DELAYED
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED


async def test_nothing_in_play_is_taken_at_once_even_without_a_delay_of_its_own(
    world: World,
) -> None:
    player = await world.player()
    await go(world, bet_delay_seconds=0)
    bet_id = await wish(world, player)
    before = await world.bet(player, bet_id)

    world.clock.advance(timedelta(seconds=IN_PLAY_DELAY_SECONDS_MIN))
    await world.process()

    assert before.state is BetState.DELAYED
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED


async def test_an_event_that_is_known_to_have_started_early_takes_no_bets(world: World) -> None:
    player = await world.player()
    event_id = EventId(derived_id("event", "B"))
    async with world.turn(CATALOGUE_SHARD) as turn:
        change = EventChange(event_id=event_id, status=EventStatus.LIVE, in_play_open=False)
        await catalog.change_events(turn, [change])

    bet_id = await world.wish(player, BEFORE_PLAY)
    await world.process()

    assert (await world.bet(player, bet_id)).refusal == "event_started"


async def test_who_takes_over_decides_what_was_delayed_before(world: World) -> None:
    player = await world.player()
    bet_id = await wish(world, player)
    heir = world.processor(partition_of(shard_of(player)))
    await heir.own()
    nothing_yet = await heir.step()

    world.clock.advance(DELAY)
    await heir.step()

    assert nothing_yet == 0
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED


async def test_of_two_processors_only_the_owner_decides_and_once(world: World) -> None:
    player = await world.player()
    partition = partition_of(shard_of(player))
    bet_id = await wish(world, player)
    zombie = world.processors[partition]
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE log_consumer SET lease_until = '-infinity'")
    heir = world.processor(partition, owner="heir")
    await heir.own()
    world.clock.advance(DELAY)

    steps = await asyncio.gather(zombie.step(), heir.step(), return_exceptions=True)

    assert isinstance(steps[0], Fenced)
    assert steps[1] == 1
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    assert len(await world.facts(shard_of(player), "bet.accepted")) == 1


async def test_a_crash_before_the_commit_leaves_the_bet_delayed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await world.player()
    bet_id = await wish(world, player)
    world.clock.advance(DELAY)
    processor = world.processors[partition_of(shard_of(player))]

    async def dies(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(betting, "find_next_due", dies)
        with pytest.raises(KeyboardInterrupt):
            await processor.step()
    between = await world.bet(player, bet_id)
    await processor.step()

    assert between.state is BetState.DELAYED
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    assert await world.balance(player) == (100 * UNIT, 5 * UNIT)


async def test_a_delayed_bet_that_breaks_its_batch_is_refused_and_the_others_are_decided(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await world.player()
    bets = [await wish(world, player) for _ in range(3)]
    world.clock.advance(DELAY)
    decide = betting.decide_due

    async def breaks(turn, shelf, due, *, give_up, **more):  # type: ignore[no-untyped-def] # as it is
        if not give_up and any(item.bet_id == bets[1] for item, _ in due):
            raise ZeroDivisionError
        return await decide(turn, shelf, due, give_up=give_up, **more)

    monkeypatch.setattr(betting, "decide_due", breaks)
    await world.process()

    refusals = [(await world.bet(player, bet_id)).refusal for bet_id in bets]
    assert refusals == [None, "unreadable", None]
    assert await world.balance(player) == (100 * UNIT, 10 * UNIT)


async def test_delayed_bets_are_the_same_from_facts_alone(world: World) -> None:
    player = await world.player()
    accepted = await wish(world, player)
    world.clock.advance(DELAY)
    await world.process()
    waiting = await wish(world, player)

    report = await check(world.database)

    assert (await world.bet(player, accepted)).state is BetState.ACCEPTED
    assert (await world.bet(player, waiting)).state is BetState.DELAYED
    assert report.ok, report


@pytest.mark.parametrize(
    ("risen", "accepted", "offered"),
    [("2.8", 2, []), ("3.1", 1, [5_90]), ("26", 0, [49, 52])],
)
async def test_a_price_that_rises_in_the_delay_passes_no_limit(
    world: World, risen: str, accepted: int, offered: list[int]
) -> None:
    """Two bets of 6.00 at 2.6 win 9.60 each; there is room for 22.00, and for 13.00 in one."""
    async with world.turn(CATALOGUE_SHARD) as turn:
        most = Wish(
            scope=Scope.ALL,
            target=EVERYTHING,
            currency="EUR",
            bet_winnings_max=13 * UNIT,
            winnings_max=22 * UNIT,
        )
        await trading.set_limits(turn, [most], by="staff:test")
    players = [await world.player() for _ in range(2)]
    ids = [await wish(world, player, units=6, price_policy=PricePolicy.ANY) for player in players]
    await world.reprice((HOME, risen))
    world.clock.advance(DELAY)

    await world.process()

    bets = [await world.bet(*one) for one in zip(players, ids, strict=True)]
    taken = [bet for bet in bets if bet.state is BetState.ACCEPTED]
    assert len(taken) == accepted
    assert {bet.refusal for bet in bets} <= {None, "bet_limit", "selection_limit"}
    # What the first one had comes back to the second, and one alone may win 13.00.
    offers = sorted((bet.stake_other_micros or 0) // 10_000 for bet in bets if bet not in taken)
    assert offers == offered
    assert all(bet.legs[0].price_exact == Fraction(risen) for bet in taken)
    won = sum(int(6 * UNIT * (Fraction(risen) - 1)) for _ in taken)
    assert won <= 22 * UNIT
    async with world.database.reading() as tx:
        rows = await tx.fetch(
            "SELECT sum(winnings_micros)::bigint, sum(bets)::int FROM trading_book"
        )
    assert tuple(rows[0]) == (won, len(taken))
    for player, bet in zip(players, bets, strict=True):
        assert await world.balance(player) == (100 * UNIT, 6 * UNIT if bet in taken else 0)


async def test_a_price_at_which_too_much_could_return_is_refused_with_what_would_pass(
    world: World,
) -> None:
    """The demo licence lets a bet return a million."""
    player = await world.player(units=10_000)
    bet_id = await wish(world, player, units=2_000, price_policy=PricePolicy.ANY)
    await world.reprice((HOME, "1000"))
    world.clock.advance(DELAY)

    await world.process()

    bet = await world.bet(player, bet_id)
    assert (bet.refusal, bet.stake_other_micros) == ("returns_too_large", 1_000 * UNIT)
    assert await world.balance(player) == (10_000 * UNIT, 0)


async def test_who_was_refused_after_the_delay_may_ask_for_the_same_again(world: World) -> None:
    player = await world.player()
    await wish(world, player)
    await go(world, score="1-0")
    world.clock.advance(DELAY)
    await world.process()

    again = await wish(world, player, again=False)

    assert (await world.bet(player, again)).state is BetState.DELAYED
    twice = await wish(world, player, again=False)
    assert (await world.bet(player, twice)).refusal == "duplicate_slip"


async def test_a_stake_that_a_limit_reduced_is_the_same_slip_after_a_restart(world: World) -> None:
    async with world.turn(CATALOGUE_SHARD) as turn:
        most = Wish(
            scope=Scope.ALL,
            target=EVERYTHING,
            currency="EUR",
            bet_winnings_max=8 * UNIT,
            winnings_max=None,
        )
        await trading.set_limits(turn, [most], by="staff:test")
    player = await world.player()
    first = await wish(world, player, units=10, on_limit=OnLimit.REDUCE_AT_ONCE, again=False)

    world.processors.clear()
    world.clock.advance(timedelta(seconds=3))
    second = await wish(world, player, units=10, on_limit=OnLimit.REDUCE_AT_ONCE, again=False)

    assert (await world.bet(player, first)).stake_micros == 5 * UNIT
    assert (await world.bet(player, second)).refusal == "duplicate_slip"
