"""Fills the tables of rooms that the bets and payments of `test_rebuild` do not come by."""

from __future__ import annotations

import itertools
from datetime import timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from integration.cashier.world import World as Cashier
from integration.feeds.world import World as Feed
from integration.games.dealing import (
    Parlour,
    Scripted,
    at_cards,
    house_listing,
    on_red,
    shoe,
)
from integration.games.rewarding import Giving
from integration.games.world import Games, certified, listing, stake, undo, win
from integration.sportsbook import test_combinations as combinations
from integration.sportsbook.test_boosts import boosted
from integration.sportsbook.world import World, legs_of
from paced import put_in_force
from pitboss import central, jurisdictions
from pitboss.cashier import pay_out_wins
from pitboss.cashier.model import NewsStatus, Requested
from pitboss.central.model import Began
from pitboss.db import Database
from pitboss.games import dealing, registry, rewards, rounds
from pitboss.games.house.model import House
from pitboss.games.registry.model import Suspension, Why
from pitboss.games.rounds.model import ClosedBy, Resolution, digest_of, make_token
from pitboss.jurisdictions.model import (
    Contact,
    ContactWhen,
    LimitKind,
    OpenStakes,
    Period,
    WhenReached,
)
from pitboss.jurisdictions.model import Scope as Reach
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.ids import BetId, PlayerId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import CATALOGUE_SHARD, SYSTEM_SHARD, shard_of
from pitboss.registers.model import Pulse, Silence
from pitboss.responsible import contacts, limits
from pitboss.responsible.limits.model import Change, LimitKey, Named, PayoutWish
from pitboss.sandbox.rewards import Fate
from pitboss.sportsbook import betting, cash_out, catalog, settlement, trading
from pitboss.sportsbook.betting.model import OnLimit, OpenBet, Trader, Word
from pitboss.sportsbook.cash_out.model import Ask, Quote
from pitboss.sportsbook.trading.model import EVERYTHING, Scope, Wish
from unit.feeds.said import market, odds_change, one_x_two

ABOVE = Contact(
    kind=LimitKind.NET_DEPOSIT,
    period=Period.MONTH,
    micros=1_000_000,
    currency="GBP",
    minutes=None,
    age_from=None,
    age_below=None,
    when=ContactWhen.USED,
)

LIMITED = Wish(
    scope=Scope.ALL,
    target=EVERYTHING,
    currency="EUR",
    bet_winnings_max=None,
    winnings_max=1_000_000_000,
    referral_winnings_max=None,
)


REFERS = Wish(
    scope=Scope.SELECTION,
    target=EVERYTHING,
    currency="EUR",
    bet_winnings_max=1_000_000,
    winnings_max=None,
    referral_winnings_max=100_000_000,
)


async def name_things(world: World, player: PlayerId) -> None:
    """Bet with a boost, and on legs of event A that are sold together."""
    await world.wish(player, *legs_of("A"), units=3, shape=await boosted(world, player))
    await combinations.wish(world, player, await combinations.on_sale(world), units=2)


async def be_limited(world: World, player: PlayerId) -> None:
    """Limit what may be won on everything, and what this player may win still more."""
    async with world.turn(CATALOGUE_SHARD) as turn:
        await trading.set_limits(turn, [LIMITED], by="staff:test")
    async with world.turn(shard_of(player)) as turn:
        await trading.set_factor(turn, player, Fraction(9, 10), by="staff:test")


async def be_referred(world: World) -> None:
    """Let two bets wait for a trader, who takes less of one, which then breaks settlement."""
    await world.event("Y")
    (home,) = legs_of("Y")
    async with world.turn(CATALOGUE_SHARD) as turn:
        await trading.set_limits(turn, [msgspec.structs.replace(REFERS, target=home)], by="staff")
    players = [await world.player(units=50) for _ in range(2)]
    bets = [await world.wish(one, home, units=20, on_limit=OnLimit.REDUCE) for one in players]
    await world.process()
    answer = Trader(
        bet_id=bets[0],
        player_id=players[0],
        word=Word.REDUCE,
        stake_micros=15_000_000,
        by="staff:test",
    )
    async with world.turn(shard_of(players[0])) as turn:
        await betting.answer_referral(turn, answer)
    await world.process()
    place = OpenBet(shard=shard_of(players[0]), bet_id=bets[0])
    async with world.database.transaction() as tx:
        assert await settlement.set_aside(
            tx, place, why="for a test", now=world.clock.now(), entropy=world.entropy
        )


async def be_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bets wait for a trader, and a player reach what they may lose."""
    await be_referred(world)
    await be_closed(world, monkeypatch)


async def fill(cashier: Cashier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let happen what only some licences and suppliers bring about."""
    await be_read(cashier.database)
    await be_blocked(cashier, monkeypatch)
    await be_filed(cashier, monkeypatch)
    await be_contacted(cashier, await cashier.player(), monkeypatch)
    await play_games(cashier, monkeypatch)
    await be_given_rewards(cashier)
    await play_the_house(cashier)


async def be_contacted(cashier: Cashier, player: PlayerId, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a player pay in so much that the operator gets in touch, and look at the limits."""
    with monkeypatch.context() as patch:
        put_in_force(patch, {"limits": {"contact_above": (ABOVE,)}})
        deposit = await cashier.deposit(player)
        await cashier.tell(cashier.news(deposit, NewsStatus.SUCCEEDED))
    async with cashier.turn(shard_of(player)) as turn:
        await contacts.review(turn, player)


async def be_closed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a player use up a limit of losses that allows no stake then until its period ends."""
    closing = {"when_reached": WhenReached.REST_OF_PERIOD, "loss_open_stakes": OpenStakes.COUNTED}
    key = LimitKey(kind=LimitKind.LOSS, period=Period.DAY)
    await world.event("Z")
    player = await world.player(units=5)
    with monkeypatch.context() as patch:
        licence = put_in_force(patch, {"limits": closing})
        async with world.turn(shard_of(player)) as turn:
            wish = Change(player_id=player, key=key, value=5_000_000)
            await limits.change(turn, wish, licence)
        await world.wish(player, *legs_of("Z"), units=5)
        await world.process()


async def be_blocked(cashier: Cashier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a deposit of somebody fail where one is too many."""
    rule = {"failed_deposits_max": 1, "failed_deposits_minutes": 10}
    with monkeypatch.context() as patch:
        put_in_force(patch, {"payments": rule})
        deposit = await cashier.deposit(await cashier.player())
        await cashier.tell(cashier.news(deposit, NewsStatus.FAILED))


async def be_filed(cashier: Cashier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a deposit told of to central files that are not connected, and a player active there."""
    pulse = Pulse()
    pulse.failed(Silence.NOT_CONNECTED, cashier.clock.now())
    player = await cashier.player()
    with monkeypatch.context() as patch:
        put_in_force(patch, {"limits": {"scope": Reach.ALL_OPERATORS}})
        await cashier.deposit(player)
        async with cashier.turn(shard_of(player)) as turn:
            key = LimitKey(kind=LimitKind.DEPOSIT, period=Period.MONTH)
            wish = Change(player_id=player, key=key, value=90_000_000)
            await limits.change(turn, wish, jurisdictions.get("demo"))
            await central.file_limit(turn, player)
    async with cashier.turn(shard_of(player), SYSTEM_SHARD) as turn:
        await central.note_pulse(turn, pulse)
        for number in ("one", "two"):
            session, activity = derived_id("session", number), derived_id("activity", number)
            await central.ask_to_play(turn, player, session, activity_id=activity)
        began = Began(granted=True, reference="ref")
        licence = jurisdictions.get("DE")
        await central.record_activity(turn, player, derived_id("activity", "one"), began, licence)


async def be_read(database: Database) -> None:
    """Read a feed that opens an event, and has a market that nobody knows."""
    feed = Feed(database=database)
    await feed.come_up()
    unheard_of = market(987_654, [(1, "2.0"), (2, "2.0")])
    await feed.send(odds_change(one_x_two() + unheard_of, at=feed.ms))


async def sell(cashier: Cashier, player: PlayerId) -> None:
    """Ask to sell a bet that the player does not have."""
    quote = Quote(
        bet_id=BetId(derived_id("no bet")),
        player_id=player,
        currency="EUR",
        left_micros=2_000_000,
        stake_micros=1_000_000,
        offer_micros=900_000,
        margin="1/20",
        marks=(),
        expires_at=write_instant(cashier.clock.now() + timedelta(seconds=10)),
    )
    asked = Ask(shard=shard_of(player), request_id=derived_id("sale"), quote=quote)
    async with cashier.turn(shard_of(player)) as turn:
        await cash_out.ask(turn, catalog.Shelf(), asked)


async def play_the_house(cashier: Cashier) -> None:
    """Play a round of the house to its end, and begin one whose cards nobody has seen."""
    parlour = Parlour(
        database=cashier.database,
        clock=cashier.clock,
        entropy=cashier.entropy,
        draws=Scripted((1,), shoe(4, 8, 5, 9, 22)),
    )
    await parlour.list_games(house_listing(House.ROULETTE), house_listing(House.BLACKJACK))
    player = await parlour.player(units=10)
    wheel, cards = [await parlour.sit(player, one) for one in (House.ROULETTE, House.BLACKJACK)]
    await parlour.took(parlour.first(player, wheel, on_red()))
    await parlour.took(parlour.first(player, cards, at_cards()))
    async with parlour.turn(SYSTEM_SHARD) as turn:
        await dealing.count_draws(turn, await parlour.draws.drawn())


async def be_paid_out(cashier: Cashier, player: PlayerId, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a player name a sum for wins to be paid out above, and be paid some."""
    games = Games(database=cashier.database, clock=cashier.clock, entropy=cashier.entropy)
    place = (shard_of(player), player)
    with monkeypatch.context() as patch:
        licence = put_in_force(patch, {"payments": {"auto_payout_offered": True}})
        async with cashier.turn(place[0]) as turn:
            for micros in (5_000_000, 1_000_000):
                wish = PayoutWish(player_id=player, micros=micros, currency="GBP")
                assert isinstance(await limits.name_payout(turn, wish, licence), Named)
        await games.done(player, win("w4", 8), ref="r5")
        async with cashier.turn(place[0]) as turn:
            (paid,) = await pay_out_wins(turn, [place])
    assert isinstance(paid, Requested)


async def be_given_rewards(cashier: Cashier) -> None:
    """Let rewards be granted, played, undone, unknown, decided, refused and cancelled."""
    giving = Giving(
        database=cashier.database,
        clock=cashier.clock,
        # Who else is drawn, and in which shards they are, stays as it was.
        entropy=SeededEntropy(62),
        serial=itertools.count(1_000),
    )
    await giving.list_games(listing())
    ann = await giving.player(units=10)
    await giving.launch(ann)
    granted = await giving.granted(ann)
    await giving.give(giving.grant(ann, game="nothing"))
    await giving.done(ann, stake("f1", free=True, reward=granted.ref), ref="f1")
    await giving.done(ann, stake("f2", free=True, reward=granted.ref), ref="f2")
    await giving.done(ann, undo("f3", "f2"), ref="f2")
    giving.provider.claimed.add(granted.ref or "")
    await giving.cancel(granted)
    await giving.cancel(await giving.granted(ann))
    await giving.loop().step()
    giving.provider.fate["rewards/create"] = Fate.REFUSED
    await giving.requested(ann)
    await giving.loop().step()
    giving.provider.fate["rewards/create"] = Fate.MUTE
    unknown = await giving.requested(ann)
    await giving.loop().step()
    async with giving.turn(unknown.place[0]) as turn:
        await rewards.decide(turn, unknown.place, None)


async def play_games(cashier: Cashier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Play rounds in every way: won, undone, refused, left open, and ended by rule."""
    games = Games(database=cashier.database, clock=cashier.clock, entropy=cashier.entropy)
    await games.list_games(listing(), listing("other"), listing("other", version="2.0"))
    await games.list_games(listing("other"))
    # One is told its last day at once, one later; the second one's certificate is withdrawn.
    await games.list_games(certified(listing("brief"), expires_on="2026-12-31"))
    await games.list_games(certified(listing("other"), expires_on="2026-12-31"))
    await games.withdraw_certificates(code="other")
    async with games.turn(CATALOGUE_SHARD) as turn:
        for code, suspended in (("other", True), (None, True), (None, False)):
            wish = Suspension(provider="acme", code=code, suspended=suspended, why=Why.CONTRACT)
            await registry.suspend(turn, wish)
    player = await games.player(units=10)
    shard = shard_of(player)
    _, token = await games.launch(player, one_at_a_time=True)
    await games.launch(player, one_at_a_time=True)
    session, token = await games.launch(player, one_at_a_time=True)
    async with games.turn(shard) as turn:
        fresh = make_token(shard, bytes(16))
        assert await rounds.swap_token(
            turn, shard, provider="acme", digest=digest_of(token), secret=fresh
        )
    words: dict[str, Any] = {"promo": True, "said": '{"betCode":"x"}'}
    won = win("w1", 9, jackpot_micros=1_000_000, **words)
    await games.done(player, stake("b1", 5, **words), won)
    await games.done(player, stake("b2", 5), stake("b3", 5), stake("b4", 3), ref="r2")
    await games.done(player, undo("u1", "w1", **words), closes=True)
    await games.done(player, undo("u2", "w1"))
    await games.done(player, undo("u3", "b9", **words))
    await games.wish(player, stake("b5", 5, **words), ref="r3")
    await games.done(player, win("w2", 4), ref="r4")
    await games.done(player, ref="r4", closes=True)
    await be_paid_out(cashier, player, monkeypatch)
    await games.done(player, win("w5", 6), ref="r5", closes=True)
    place = (shard, (await games.round(player, "r2")).id)
    async with games.turn(shard) as turn:
        await rounds.resolve(turn, [place], Resolution.VOID, by=ClosedBy.RULE)
        assert await rounds.end_session(turn, shard, session.id) is None
