"""Bets that only a trader may take: they wait, held and counted, and are decided once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from fractions import Fraction
from typing import cast

import pytest

from integration.audit.test_rebuild import READER, check
from integration.sportsbook.test_trading import books
from integration.sportsbook.world import KICK_OFF, UNIT, World, legs_of, market
from pitboss import jurisdictions
from pitboss.audit import replay
from pitboss.db import Database
from pitboss.kernel.ids import BetId, EventId, PlayerId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Excluded, Initiator, Kind, Reason
from pitboss.responsible.exclusion.model import Wish as Away
from pitboss.sportsbook import betting, catalog, trading
from pitboss.sportsbook.betting.model import (
    REFERRAL_LIFE,
    BetState,
    Heard,
    OnLimit,
    PricePolicy,
    ReferralRefusal,
    Trader,
    Unheard,
    Word,
)
from pitboss.sportsbook.catalog.model import (
    EventChange,
    EventStatus,
    MarketKind,
    MarketStatus,
)
from pitboss.sportsbook.trading.model import EVERYTHING, Scope, Wish

(HOME,) = legs_of("A")  # at 5/2
EVENT = EventId(derived_id("event", "A"))
MARKET = market("A", MarketKind.MATCH_RESULT)


async def refer(
    world: World, *, one: int = 15, referral: int | None = 75, total: int | None = 300
) -> None:
    """Limit what one bet may win by itself, and with a trader, and all of them, in units."""
    wish = Wish(
        scope=Scope.ALL,
        target=EVERYTHING,
        currency="EUR",
        bet_winnings_max=one * UNIT,
        winnings_max=None if total is None else total * UNIT,
        referral_winnings_max=None if referral is None else referral * UNIT,
    )
    async with world.turn(CATALOGUE_SHARD) as turn:
        await trading.set_limits(turn, [wish], by="staff:test")


@pytest.fixture
async def world(database: Database) -> World:
    """A bet of ten may win fifteen, which passes; one of up to fifty waits for a trader."""
    made = World(database=database)
    for name in "AB":
        await made.event(name)
    await refer(made)
    return made


async def wish(world: World, player: PlayerId, *, units: int = 40, **said: object) -> BetId:
    """Ask for a bet on the home side, and let it be looked at."""
    bet_id = await world.wish(player, HOME, units=units, **said)  # type: ignore[arg-type] # by the test
    await world.process()
    return bet_id


async def say(
    world: World,
    player: PlayerId,
    bet_id: BetId,
    word: Word = Word.ACCEPT,
    *,
    units: int | None = None,
    by: str = "staff:tess",
) -> Heard | Unheard:
    """Say what becomes of a bet."""
    trader = Trader(
        bet_id=bet_id,
        player_id=player,
        word=word,
        stake_micros=None if units is None else units * UNIT,
        by=by,
    )
    async with world.turn(shard_of(player)) as turn:
        return await betting.answer_referral(turn, trader)


async def agrees(world: World) -> None:
    """Facts say what the tables say, and what moved is what had to move."""
    report = await check(world.database)
    assert report.ok, report
    async with world.database.moment() as tx:
        replayed = await replay.replay_all(tx, reader=READER)
    assert replayed.ok, replayed.disagreements


async def test_a_bet_above_what_passes_waits_with_its_stake_held_and_room_taken(
    world: World,
) -> None:
    ann = await world.player()

    bet_id = await wish(world, ann)

    bet = await world.bet(ann, bet_id)
    assert (bet.state, bet.stake_micros) == (BetState.DELAYED, 40 * UNIT)
    assert await world.balance(ann) == (100 * UNIT, 40 * UNIT)
    assert await books(world) == {HOME: (1, 40 * UNIT, 60 * UNIT)}
    assert await world.facts(shard_of(ann), "bet.accepted") == []
    (told,) = await world.facts(shard_of(ann), "bet.delayed")
    assert told["referral"] == {
        "stake_micros_max": 10 * UNIT,
        "winnings_micros": 60 * UNIT,
        "winnings_micros_max": 15 * UNIT,
        "takes_less": False,
        "earliest_at": told["placed_at"],
    }
    async with world.database.reading() as tx:
        (seen,) = await betting.find_desk(tx)
    assert (seen.bet.id, seen.decide_at) == (bet_id, world.clock.now() + REFERRAL_LIFE)


async def test_what_a_trader_takes_is_a_bet_like_any_other(world: World) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)

    heard = await say(world, ann, bet_id)
    between = await world.bet(ann, bet_id)
    await world.process()

    assert isinstance(heard, Heard)
    assert between.state is BetState.DELAYED
    bet = await world.bet(ann, bet_id)
    assert (bet.state, bet.stake_micros) == (BetState.ACCEPTED, 40 * UNIT)
    (told,) = await world.facts(shard_of(ann), "bet.accepted")
    assert (told["delayed"], told["referred"], "movements" in told) == (True, True, False)
    async with world.database.reading() as tx:
        assert await betting.find_desk(tx) == []
        assert await betting.find_answered(tx) == []
    await world.score(EVENT, 2, 0)
    await world.settle()
    assert await world.balance(ann) == (160 * UNIT, 0)
    assert await books(world) == {}
    assert await world.totals() == {"EUR": 0}
    await agrees(world)


async def test_silence_refuses_and_gives_the_stake_and_the_room_back(world: World) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)

    world.clock.advance(REFERRAL_LIFE - timedelta(milliseconds=1))
    await world.process()
    still = await world.bet(ann, bet_id)
    world.clock.advance(timedelta(milliseconds=1))
    late = await say(world, ann, bet_id)
    await world.process()
    later = await say(world, ann, bet_id)

    assert still.state is BetState.DELAYED
    assert late == later == Unheard(reason=ReferralRefusal.REFERRAL_OVER)
    bet = await world.bet(ann, bet_id)
    assert (bet.state, bet.refusal) == (BetState.REFUSED, "referral_unanswered")
    assert bet.stake_other_micros == 10 * UNIT
    assert await world.balance(ann) == (100 * UNIT, 0)
    assert await books(world) == {}
    (told,) = await world.facts(shard_of(ann), "bet.refused")
    assert [item["kind"] for item in told["movements"]] == ["void"]  # type: ignore[attr-defined]
    await agrees(world)


async def test_what_a_trader_refuses_is_refused_at_once(world: World) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)

    await say(world, ann, bet_id, Word.REFUSE)
    await world.process()

    bet = await world.bet(ann, bet_id)
    assert (bet.state, bet.refusal) == (BetState.REFUSED, "referral_refused")
    assert bet.stake_other_micros == 10 * UNIT
    assert await world.balance(ann) == (100 * UNIT, 0)
    assert await books(world) == {}
    await agrees(world)


async def test_less_is_taken_if_the_slip_says_so_and_the_rest_is_given_back(
    world: World,
) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann, on_limit=OnLimit.REDUCE)

    await say(world, ann, bet_id, Word.REDUCE, units=25)
    await world.process()

    bet = await world.bet(ann, bet_id)
    assert (bet.state, bet.stake_micros) == (BetState.ACCEPTED, 25 * UNIT)
    assert bet.stake_other_micros == 40 * UNIT
    assert await world.balance(ann) == (100 * UNIT, 25 * UNIT)
    assert await books(world) == {HOME: (1, 25 * UNIT, 37_500_000)}
    (told,) = await world.facts(shard_of(ann), "bet.accepted")
    moved = cast("list[dict[str, object]]", told["movements"])
    assert [(one["kind"], one["micros"], one["part"]) for one in moved] == [
        ("void", 15 * UNIT, True)
    ]
    await agrees(world)
    await world.score(EVENT, 2, 0)
    await world.settle()
    assert await world.balance(ann) == (137_500_000, 0)
    assert await books(world) == {}
    assert await world.totals() == {"EUR": 0}
    await agrees(world)


async def test_less_of_a_bet_that_is_void_later_gives_back_no_more_than_was_left(
    world: World,
) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann, on_limit=OnLimit.REDUCE)
    await say(world, ann, bet_id, Word.REDUCE, units=25)
    await world.process()

    await world.abandon(EVENT)
    await world.settle()

    assert (await world.bet(ann, bet_id)).state is BetState.VOIDED
    assert await world.balance(ann) == (100 * UNIT, 0)
    assert await world.totals() == {"EUR": 0}
    await agrees(world)


async def test_less_is_only_shown_to_who_has_not_said_that_it_is_welcome(world: World) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)

    await say(world, ann, bet_id, Word.REDUCE, units=25)
    await world.process()

    bet = await world.bet(ann, bet_id)
    assert (bet.state, bet.refusal) == (BetState.REFUSED, "referral_refused")
    assert bet.stake_other_micros == 25 * UNIT
    assert await world.balance(ann) == (100 * UNIT, 0)
    await agrees(world)


async def test_who_does_not_want_to_wait_is_answered_at_once(world: World) -> None:
    ann = await world.player()

    refused = await wish(world, ann, on_limit=OnLimit.REFUSE_AT_ONCE)
    reduced = await wish(world, ann, on_limit=OnLimit.REDUCE_AT_ONCE)

    one, other = await world.bet(ann, refused), await world.bet(ann, reduced)
    assert (one.refusal, one.stake_other_micros) == ("bet_limit", 10 * UNIT)
    assert (other.state, other.stake_micros) == (BetState.ACCEPTED, 10 * UNIT)


async def test_above_what_a_trader_may_take_nobody_waits(world: World) -> None:
    ann, rich = await world.player(), await world.player(units=1_000)
    too_much = await wish(world, ann, units=51)
    async with world.turn(shard_of(rich)) as turn:
        await trading.set_factor(turn, rich, Fraction(2), by="staff:test")
    twice = await wish(world, rich, units=51)
    await refer(world, referral=None)
    no_more = await wish(world, ann, units=40)

    assert (await world.bet(ann, too_much)).refusal == "bet_limit"
    assert (await world.bet(rich, twice)).state is BetState.DELAYED
    assert (await world.bet(ann, no_more)).refusal == "bet_limit"


async def test_a_bet_that_waits_needs_room_on_its_selection(world: World) -> None:
    ann, bob = await world.player(), await world.player()
    await refer(world, total=90)
    first = await wish(world, ann)  # would win 60 of 90
    second = await wish(world, bob, units=30)  # would win 45
    await say(world, ann, first, Word.REFUSE)
    await world.process()
    third = await wish(world, bob, units=30)

    assert (await world.bet(ann, first)).state is BetState.REFUSED
    assert (await world.bet(bob, second)).state is BetState.REFUSED
    assert (await world.bet(bob, third)).state is BetState.DELAYED
    assert await books(world) == {HOME: (1, 30 * UNIT, 45 * UNIT)}


async def test_the_same_word_again_is_a_repeat_and_another_one_is_too_late(world: World) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)

    first = await say(world, ann, bet_id)
    again = await say(world, ann, bet_id)
    other = await say(world, ann, bet_id, Word.REFUSE, by="staff:tom")
    await world.process()
    after = await say(world, ann, bet_id)
    too_late = await say(world, ann, bet_id, Word.REFUSE, by="staff:tom")

    assert isinstance(first, Heard)
    assert again == after == Heard(said=first.said, changed=False)
    assert other == Unheard(reason=ReferralRefusal.REFERRAL_ANSWERED)
    assert too_late == Unheard(reason=ReferralRefusal.REFERRAL_OVER)
    told = await world.facts(shard_of(ann), "bet.referral_answered")
    assert [(item["word"], item["by"]) for item in told] == [("accept", "staff:tess")]


@pytest.mark.parametrize(
    ("word", "micros"),
    [
        (Word.REDUCE, None),
        (Word.REDUCE, 0),
        (Word.REDUCE, -UNIT),
        (Word.REDUCE, 40 * UNIT),
        (Word.REDUCE, 41 * UNIT),
        (Word.REDUCE, UNIT + 1),
        (Word.REDUCE, UNIT // 10 - 10_000),  # the demo licence takes none below 0.10
        (Word.ACCEPT, UNIT),
        (Word.REFUSE, UNIT),
    ],
)
async def test_a_stake_that_is_not_less_is_no_answer(
    world: World, word: Word, micros: int | None
) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)
    trader = Trader(bet_id=bet_id, player_id=ann, word=word, stake_micros=micros, by="staff:tess")

    async with world.turn(shard_of(ann)) as turn:
        answer = await betting.answer_referral(turn, trader)

    assert answer == Unheard(reason=ReferralRefusal.REFERRAL_STAKE)


async def test_what_waits_for_nobody_cannot_be_answered(world: World) -> None:
    ann, bob = await world.player(), await world.player()
    small, large = await wish(world, ann, units=5), await wish(world, ann)
    unknown = Unheard(reason=ReferralRefusal.UNKNOWN_REFERRAL)

    assert await say(world, ann, small) == unknown
    assert await say(world, ann, BetId(derived_id("no bet"))) == unknown
    assert await say(world, bob, large) == unknown


async def test_who_is_excluded_while_their_bet_waits_has_none_whatever_a_trader_says(
    world: World,
) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)
    await say(world, ann, bet_id)

    away = Away(
        key=derived_id("away"),
        player_id=ann,
        kind=Kind.EXCLUSION,
        initiator=Initiator.STAFF,
        reason=Reason.PLAYER_ASKED_STAFF,
        months=6,
    )
    async with world.turn(shard_of(ann)) as turn:
        answer = await exclusion.exclude(turn, away, jurisdictions.get("demo"))
    assert isinstance(answer, Excluded)
    await world.process()

    bet = await world.bet(ann, bet_id)
    assert (bet.state, bet.refusal) == (BetState.REFUSED, "player_excluded")
    assert bet.stake_other_micros is None
    assert await world.balance(ann) == (100 * UNIT, 0)
    assert await books(world) == {}
    await agrees(world)


async def test_a_price_that_changes_meanwhile_counts_by_the_players_policy(world: World) -> None:
    ann = await world.player(units=1_000)
    none = await wish(world, ann)
    better = await wish(world, ann, price="2.5", price_policy=PricePolicy.BETTER)
    whichever = await wish(world, ann, price_policy=PricePolicy.ANY)
    await world.reprice((HOME, "2.6"))

    for bet_id in (none, better, whichever):
        await say(world, ann, bet_id)
    await world.process()

    assert (await world.bet(ann, none)).refusal == "price_changed"
    for bet_id in (better, whichever):
        (leg,) = (await world.bet(ann, bet_id)).legs
        assert (leg.price_exact, leg.shown_tick) == (Fraction("2.6"), 1)
    assert await books(world) == {HOME: (2, 80 * UNIT, 128 * UNIT)}


async def suspended_for_a_moment(world: World) -> None:
    """A market stops and goes on."""
    await world.set_status((MARKET, MarketStatus.SUSPENDED))
    await world.set_status((MARKET, MarketStatus.OPEN))


async def suspended(world: World) -> None:
    """A market stops."""
    await world.set_status((MARKET, MarketStatus.SUSPENDED))


async def kicked_off(world: World) -> None:
    """The match begins, and takes bets in play."""
    await go(world, status=EventStatus.LIVE, in_play_open=True, bet_delay_seconds=6)


async def begun(world: World) -> None:
    """Its time has come, and nobody has said anything yet."""
    world.clock.advance(KICK_OFF - world.clock.now())


async def go(world: World, **change: object) -> None:
    """Let event A come to something."""
    async with world.turn(CATALOGUE_SHARD) as turn:
        (answer,) = await catalog.change_events(
            turn,
            [EventChange(event_id=EVENT, **change)],  # type: ignore[arg-type] # by the test
        )
    assert isinstance(answer, catalog.model.Done)


@pytest.mark.parametrize(
    ("meanwhile", "reasons"),
    [
        (suspended_for_a_moment, {"market_interrupted"}),
        (suspended, {"market_not_open"}),
        (kicked_off, {"market_interrupted", "score_changed"}),
        (begun, {"event_started"}),
    ],
)
async def test_whatever_happens_to_a_leg_meanwhile_refuses_what_a_trader_took(
    world: World, meanwhile: Callable[[World], Awaitable[None]], reasons: set[str]
) -> None:
    world.clock.advance(KICK_OFF - timedelta(seconds=10) - world.clock.now())
    await world.reprice((HOME, "2.6"))
    ann = await world.player()
    bet_id = await wish(world, ann, tick=2)
    await say(world, ann, bet_id)

    await meanwhile(world)
    await world.process()

    assert (await world.bet(ann, bet_id)).refusal in reasons
    assert await world.balance(ann) == (100 * UNIT, 0)
    await agrees(world)


async def test_in_play_a_trader_does_not_shorten_the_delay(world: World) -> None:
    world.clock.advance(KICK_OFF + timedelta(minutes=3) - world.clock.now())
    await go(world, status=EventStatus.LIVE, score="0-0", in_play_open=True, bet_delay_seconds=6)
    await world.reprice((HOME, "2.6"))
    ann = await world.player()
    taken = await wish(world, ann, tick=2)
    await say(world, ann, taken)
    await world.process()
    soon = await world.bet(ann, taken)
    world.clock.advance(timedelta(seconds=6))
    await world.process()
    waits = await wish(world, ann, tick=2, units=30)
    await go(world, score="1-0")
    await say(world, ann, waits)
    world.clock.advance(timedelta(seconds=6))
    await world.process()

    assert soon.state is BetState.DELAYED
    assert (await world.bet(ann, taken)).state is BetState.ACCEPTED
    assert (await world.bet(ann, waits)).refusal == "score_changed"
