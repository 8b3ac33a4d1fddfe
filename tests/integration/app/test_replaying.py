"""Recorded races are played into the catalogue, bet on and settled as they ended."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from integration.sportsbook.world import UNIT, World
from pitboss.adapters.feeds.betfair import MarketNews, Status, read_file
from pitboss.adapters.feeds.betfair_catalogue import PRODUCER, Translator, selection_of
from pitboss.app.replaying import Replay
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.ids import BetId, MarketId, PlayerId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import BetState, PricePolicy
from pitboss.sportsbook.catalog.model import EventStatus, Market, MarketStatus
from recordings import IN_PLAY, RACE_PLACE, RACE_WIN, recording

WINNER, LOSER, REMOVED = 12115648, 10299545, 11198538


def market_of(name: str) -> MarketId:
    """Return the market of a recording of one."""
    number = name.removeprefix("flumine_").removeprefix("BASIC-").removesuffix(".bz2")
    return MarketId(derived_id(PRODUCER, "market", number))


async def look(world: World, market_id: MarketId) -> Market:
    """Return a market as it stands."""
    async with world.database.reading() as tx:
        (found,) = await catalog.find_markets(tx, [market_id])
    return found


async def wish(
    world: World,
    player: PlayerId,
    market_id: MarketId,
    runner: int,
    price_policy: PricePolicy = PricePolicy.NONE,
) -> BetId:
    """Bet on a runner at the price that is shown, and have that decided."""
    found = await look(world, market_id)
    item = next(one for one in found.selections if one.id == selection_of(market_id, runner))
    bet_id = await world.wish(player, item.id, tick=item.tick, price_policy=price_policy)
    await world.process()
    return bet_id


def recorded(path: Path) -> list[MarketNews]:
    """Return what a recording says."""
    return [item for item in read_file(path) if isinstance(item, MarketNews)]


async def test_a_recorded_race_is_bet_on_suspended_run_and_settled(database: Database) -> None:
    messages = recorded(recording(IN_PLAY))
    world = World(database=database, clock=ManualClock(messages[0].published_at))
    replay = Replay(database=database, clock=world.clock, entropy=world.entropy, today=False)
    translator, market_id = Translator(), market_of(IN_PLAY)
    player = await world.player(units=1_000)
    await replay.play([])
    await replay.believe()
    placed: dict[str, BetId] = {}
    stages: set[tuple[EventStatus, int]] = set()

    for message in messages:
        world.clock.advance(max(message.published_at - world.clock.now(), timedelta(0)))
        await replay.take(translator, message)
        found = await look(world, market_id)
        async with database.reading() as tx:
            event = await catalog.find_event(tx, found.event_id)
        assert event is not None
        stages.add((event.state.status, event.state.bet_delay_seconds))
        active = {item.id for item in found.selections if item.active}
        wanted = {selection_of(market_id, runner) for runner in (WINNER, LOSER, REMOVED)}
        if not placed and wanted <= active:
            for name, runner in (("won", WINNER), ("lost", LOSER), ("void", REMOVED)):
                placed[name] = await wish(world, player, market_id, runner)
        if message.definition and message.definition.status is Status.SUSPENDED:
            assert found.status is MarketStatus.SUSPENDED
            placed["late"] = await wish(world, player, market_id, WINNER)
        running = event.state.status is EventStatus.LIVE and found.status is MarketStatus.OPEN
        if running and "in play" not in placed:
            placed["in play"] = await wish(world, player, market_id, WINNER, PricePolicy.ANY)
            delayed = await world.bet(player, placed["in play"])
            assert delayed.state is BetState.DELAYED
        await world.process()
    await world.settle()

    assert stages == {
        (EventStatus.PREMATCH, 0),
        (EventStatus.LIVE, 1),
        (EventStatus.ENDED, 1),
    }
    bets = {name: await world.bet(player, bet_id) for name, bet_id in placed.items()}
    assert bets["late"].state is BetState.REFUSED
    assert bets["late"].refusal in {"market_not_open", "event_started"}
    (leg,) = bets["won"].legs
    # Two were removed after it: 7.14 % and then 5.55 % off the price, and two decimals each time.
    assert leg.price == "37/10"
    assert bets["won"].returns_micros == 5 * UNIT * Fraction("3.25")
    assert bets["lost"].returns_micros == 0
    in_play = bets["in play"]
    assert in_play.decided_at - in_play.placed_at >= timedelta(seconds=1)
    assert in_play.returns_micros == in_play.stake_micros * Fraction(in_play.legs[0].price)
    assert bets["void"].returns_micros == 5 * UNIT
    assert replay.done.refused == 0
    assert replay.done.settled == [market_id]


async def test_two_markets_of_a_race_are_played_side_by_side_and_again(database: Database) -> None:
    files = [recording(RACE_WIN), recording(RACE_PLACE)]
    world = World(database=database)

    first = Replay(database=database, clock=world.clock, entropy=world.entropy)
    done = await first.play(files)
    again = await Replay(database=database, clock=world.clock, entropy=world.entropy).play(files)

    assert sorted(done.settled) == sorted([market_of(RACE_WIN), market_of(RACE_PLACE)])
    assert (done.refused, done.undecided, done.left_out) == (0, [], [])
    for name in (RACE_WIN, RACE_PLACE):
        assert (await look(world, market_of(name))).status is not MarketStatus.OPEN
    assert again.messages == done.messages
    assert len(await world.facts(CATALOGUE_SHARD, "event.opened")) == 1
