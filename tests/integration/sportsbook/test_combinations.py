"""Combinations on a real database: one price for several legs, and never an old one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

import pytest
from msgspec.structs import replace

from integration.sportsbook.test_betting_obeys_licences import forget
from integration.sportsbook.test_boosts import boosting
from integration.sportsbook.test_boosts import give as give_boost
from integration.sportsbook.test_cash_out import quote
from integration.sportsbook.test_corrections import settle, winner
from integration.sportsbook.test_free_bets import given
from integration.sportsbook.test_kinds import new_market, pick
from integration.sportsbook.test_shapes import named, state_of, the_record_agrees
from integration.sportsbook.test_trading import books, limit
from integration.sportsbook.world import KICK_OFF, UNIT, World, legs_of, market, selection
from paced import put_in_force
from pitboss.db import Database
from pitboss.jurisdictions.model import SameEvent
from pitboss.kernel.ids import BetId, EventId, PlayerId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog, combinations
from pitboss.sportsbook.betting.model import (
    IN_PLAY_PRICE_AGE_MAX,
    BetState,
    Combined,
    PricePolicy,
    Shape,
)
from pitboss.sportsbook.cash_out.model import Refusal as CashOutRefusal
from pitboss.sportsbook.cash_out.model import Refused
from pitboss.sportsbook.catalog.model import MarketKind, MarketStatus, NewEvent
from pitboss.sportsbook.combinations.model import (
    Answer,
    Combination,
    NotPriced,
    Part,
    Priced,
    Refusal,
    Wish,
)
from pitboss.sportsbook.settlement.model import LOST, WON, Cancel, ResultReport

HOME = selection("A", MarketKind.MATCH_RESULT, "home")  # at 5/2
OVER = selection("A", MarketKind.TOTAL_GOALS, "over")  # over 2.5 goals
UNDER = selection("A", MarketKind.TOTAL_GOALS, "under")
LEGS = tuple(sorted((HOME, OVER)))
GOALS = market("A", MarketKind.TOTAL_GOALS)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    for name in "AB":
        await made.event(name)
    return made


async def price(world: World, *legs: SelectionId, at: str | None = "4", tick: int = 1) -> Answer:
    """Let the desk sell legs together, made from prices at this tick."""
    wish = Wish(
        parts=tuple(Part(selection_id=leg, tick=tick) for leg in legs),
        price=None if at is None else Fraction(at),
    )
    async with world.turn(CATALOGUE_SHARD) as turn:
        (answer,) = await combinations.price(turn, [wish], by="staff:test")
    return answer


async def on_sale(world: World, at: str = "4") -> Combination:
    """Sell a home win and over 2.5 goals together."""
    answer = await price(world, HOME, OVER, at=at)
    assert isinstance(answer, Priced)
    return answer.combination


async def wish(
    world: World,
    player: PlayerId,
    one: Combination,
    *,
    units: int = 10,
    legs: Sequence[SelectionId] = LEGS,
    shape: Shape | None = None,
    tick: int | None = None,
) -> BetId:
    """Ask for a combination as it was shown."""
    combined = Combined(id=one.id, tick=one.tick if tick is None else tick)
    return await world.wish(
        player, *legs, units=units, shape=replace(shape or Shape(), combination=combined)
    )


async def ids_on_sale(world: World, event_id: EventId) -> list[str]:
    """Return the ids of what everybody is shown to be on sale."""
    async with world.database.reading() as tx:
        found = await combinations.find_on_sale(
            tx, event_id, now=world.clock.now(), in_play_age_max=IN_PLAY_PRICE_AGE_MAX
        )
    return [one.id for one in found]


async def refusal(world: World, player: PlayerId, bet_id: BetId) -> str | None:
    """Process, and return why a bet is refused."""
    await world.process()
    return (await world.bet(player, bet_id)).refusal


async def test_legs_of_one_event_are_won_together_at_their_one_price(world: World) -> None:
    player, one = await world.player(units=10), await on_sale(world)
    bet_id = await wish(world, player, one)
    assert await refusal(world, player, bet_id) is None
    shape = (await world.bet(player, bet_id)).shape
    struck = Combined(id=one.id, tick=1, price="4/1", policy="refund_unless_lost")
    assert shape == Shape(combination=struck)

    await world.score(await world.event("A"), 2, 1)
    await world.settle()

    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 40_00)
    assert await world.balance(player) == (40 * UNIT, 0)
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world)


async def test_one_lost_leg_loses_a_combination_and_a_correction_pays_it(world: World) -> None:
    player, one = await world.player(units=10), await on_sale(world)
    bet_id = await wish(world, player, one)
    await world.process()
    goals = ResultReport(
        market_id=GOALS,
        source="uof:1",
        reported_at=world.clock.now(),
        results={OVER: WON, UNDER: LOST},
    )
    await settle(world, goals, await winner(world, "A", after=MINUTE, home=False))
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 0)

    await settle(world, await winner(world, "A", after=2 * MINUTE, home=True))

    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 40_00)
    await the_record_agrees(world)


@pytest.mark.parametrize(
    ("policy", "returns", "state"),
    [
        ("refund_all", 10_00, BetState.VOIDED),
        ("refund_unless_lost", 10_00, BetState.VOIDED),
        # What is left is a single at its own price.
        ("reduce", 25_00, BetState.SETTLED),
    ],
)
async def test_a_void_leg_does_what_the_policy_said_when_the_bet_was_struck(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
    returns: int,
    state: BetState,
) -> None:
    put_in_force(monkeypatch, {"sportsbook": {"same_event": SameEvent(policy)}})
    forget()
    try:
        player, one = await world.player(units=10), await on_sale(world)
        bet_id = await wish(world, player, one)
        await world.process()
        # Another rule later is another bet's.
        put_in_force(monkeypatch, {"sportsbook": {"same_event": None}})
        forget()
        await settle(world, Cancel(market_id=GOALS, source="uof:1", reported_at=world.clock.now()))
        await settle(world, await winner(world, "A", after=MINUTE, home=True))

        assert await state_of(world, player, bet_id) == (state, returns)
        await the_record_agrees(world)
    finally:
        forget()


async def test_an_older_price_of_the_whole_or_of_a_part_is_not_taken(world: World) -> None:
    player, one = await world.player(units=100), await on_sale(world)
    shown = await wish(world, player, one)
    again = await price(world, HOME, OVER, at="4.1")
    assert isinstance(again, Priced)
    assert again.combination.tick == 2
    assert await refusal(world, player, shown) == "price_changed"

    # A part moves, and nobody has said yet what that makes of the whole.
    await world.reprice((OVER, "1.8"))
    for tick in (1, 2):
        combined = Combined(id=one.id, tick=2)
        late = await world.wish(
            player, *LEGS, units=10, tick=tick, shape=Shape(combination=combined)
        )
        assert await refusal(world, player, late) == "price_changed"
    assert await ids_on_sale(world, one.event_id) == []
    assert await world.balance(player) == (100 * UNIT, 0)


async def test_a_combination_is_taken_whole_open_and_as_one_line(world: World) -> None:
    player, one = await world.player(units=100), await on_sale(world)
    other = await world.wish(player, *LEGS, units=10)
    unknown = await wish(world, player, replace(one, id=derived_id("none")))
    part = await wish(world, player, one, legs=(HOME,))
    swapped = await wish(world, player, one, legs=(HOME, UNDER))
    trixie = await wish(
        world, player, one, legs=(HOME, OVER, *legs_of("B")), shape=named("trixie"), units=4
    )
    better = await world.wish(
        player,
        *LEGS,
        units=10,
        price="1.5",
        price_policy=PricePolicy.BETTER,
        shape=Shape(combination=Combined(id=one.id, tick=1)),
    )
    # What it pays is the platform's to say.
    rich = Combined(id=one.id, tick=1, price="400", policy="reduce")
    said = await world.wish(player, *LEGS, units=5, shape=Shape(combination=rich))
    wrong = [other, unknown, part, swapped, trixie, better]
    reasons = [await refusal(world, player, bet_id) for bet_id in wrong]
    assert reasons == ["related_legs", "unknown_combination", *["unreadable"] * 4]
    bet = await world.bet(player, said)
    assert bet.shape is not None
    assert bet.shape.combination == replace(rich, price="4/1", policy="refund_unless_lost")

    await world.set_status((GOALS, MarketStatus.SUSPENDED))
    stopped = await wish(world, player, one)
    assert await refusal(world, player, stopped) == "market_not_open"
    await world.set_status((GOALS, MarketStatus.OPEN))
    assert isinstance(await price(world, HOME, OVER, at=None), Priced)
    off = await wish(world, player, one)
    assert await refusal(world, player, off) == "combination_not_open"
    await the_record_agrees(world)


async def test_limits_are_held_against_all_that_a_combination_wins(world: World) -> None:
    player, one = await world.player(units=100), await on_sale(world)
    await limit(world, one=29 * UNIT)
    # Ten at 4 win thirty; at its own price no leg wins so much.
    above = await wish(world, player, one)
    assert await refusal(world, player, above) == "bet_limit"
    within = await wish(world, player, one, units=9)
    assert await refusal(world, player, within) is None

    # Each leg bears its half of the stake, and all that may be won.
    assert await books(world) == dict.fromkeys(LEGS, (1, 4_500_000, 27 * UNIT))
    await world.score(await world.event("A"), 2, 1)
    await world.settle()
    assert await books(world) == {}
    await the_record_agrees(world)


async def test_a_combination_is_not_sold_back(world: World) -> None:
    player, one = await world.player(units=10), await on_sale(world)
    bet_id = await wish(world, player, one)
    await world.process()

    answer = await quote(world, player, bet_id)

    assert answer == Refused(reason=CashOutRefusal.CASH_OUT_NOT_OFFERED)


async def test_gifts_go_with_a_combination(world: World) -> None:
    player, one = await world.player(units=10), await on_sale(world)
    wanted = boosting(world, player)
    await give_boost(world, wanted)
    raised = await wish(world, player, one, shape=Shape(boost=wanted.id))
    free = await wish(world, player, one, shape=await given(world, player))
    await world.process()
    await world.score(await world.event("A"), 2, 1)
    await world.settle()

    # Thirty are won, and a tenth of that; of the free one the stake does not come back.
    assert await state_of(world, player, raised) == (BetState.SETTLED, 43_00)
    assert await state_of(world, player, free) == (BetState.SETTLED, 30_00)
    await the_record_agrees(world)


async def test_what_cannot_be_combined_gets_no_price(world: World) -> None:
    other = selection("B", MarketKind.MATCH_RESULT, "home")
    nothing = SelectionId(derived_id("nothing"))
    wrong = [
        ((HOME,), "4", Refusal.WRONG_NUMBER_OF_LEGS),
        ((HOME, nothing), "4", Refusal.UNKNOWN_SELECTION),
        ((OVER, UNDER), "4", Refusal.SAME_MARKET),
        ((HOME, other), "4", Refusal.SEVERAL_EVENTS),
        # Who wins both wins the home side at 5/2 as well.
        ((HOME, OVER), "2.4", Refusal.COMBINATION_TOO_SHORT),
        # Twice the product is 9.5.
        ((HOME, OVER), "9.6", Refusal.COMBINATION_NOT_CONFIRMED),
    ]
    for legs, at, reason in wrong:
        assert await price(world, *legs, at=at) == NotPriced(reason=reason)
    assert await price(world, HOME, OVER, tick=2) == NotPriced(reason=Refusal.PRICE_CHANGED)

    first = await price(world, HOME, OVER)
    assert isinstance(first, Priced)
    assert first.changed
    # The same selections are the same combination, whoever names them first.
    assert await price(world, OVER, HOME) == replace(first, changed=False)
    assert len(await world.facts(CATALOGUE_SHARD, "combination.priced")) == 1
    assert len(await world.facts(CATALOGUE_SHARD, "combination.refused")) == 7
    await the_record_agrees(world)


async def test_prices_come_in_batches_and_one_refusal_stops_no_other(world: World) -> None:
    away = selection("A", MarketKind.MATCH_RESULT, "away")
    wishes = [
        Wish(
            parts=tuple(Part(selection_id=leg, tick=1) for leg in legs),
            price=Fraction(at),
            confirmed=confirmed,
        )
        for legs, at, confirmed in (
            ((HOME, OVER), "4", False),
            ((HOME, away), "4", False),
            ((away, UNDER), "400", True),
            ((OVER, HOME), "4.2", False),
        )
    ]
    async with world.turn(CATALOGUE_SHARD) as turn:
        answers = await combinations.price(turn, wishes, by="staff:test")

    first, wrong, long, again = answers
    assert isinstance(first, Priced)
    assert wrong == NotPriced(reason=Refusal.SAME_MARKET)
    assert isinstance(long, Priced)
    assert isinstance(again, Priced)
    assert (again.combination.id, again.combination.tick) == (first.combination.id, 2)
    ids = {again.combination.id, long.combination.id}
    assert set(await ids_on_sale(world, first.combination.event_id)) == ids
    world.clock.advance(KICK_OFF - world.clock.now())
    assert await ids_on_sale(world, first.combination.event_id) == []
    await the_record_agrees(world)


async def test_the_same_combination_twice_is_a_duplicate_slip(world: World) -> None:
    player, one = await world.player(units=100), await on_sale(world)
    shape = Shape(combination=Combined(id=one.id, tick=1))
    for legs, reason in ((LEGS, None), (LEGS[::-1], "duplicate_slip")):
        bet_id = await world.wish(player, *legs, units=10, shape=shape, again=False)
        assert await refusal(world, player, bet_id) == reason
    assert isinstance(await price(world, HOME, OVER, at="4.2"), Priced)
    later = Shape(combination=Combined(id=one.id, tick=2))
    bet_id = await world.wish(player, *LEGS, units=10, shape=later, again=False)
    assert await refusal(world, player, bet_id) == "duplicate_slip"


async def test_what_is_combined_of_a_whole_competition_is_bet_on_as_it_is_sold(
    world: World,
) -> None:
    kinds = ("outright_winner", "top_scorer")
    cup = NewEvent(
        id=EventId(derived_id("cup")),
        sport="football",
        competition="Cup",
        name="Cup",
        home="",
        away="",
        starts_at=KICK_OFF,
        markets=tuple(new_market("cup", kind, ("ann", "bob")) for kind in kinds),
    )
    await world.at_the_desk(catalog.open_events, cup)
    legs = [pick(cup.id, kind, "ann") for kind in kinds]
    answer = await price(world, *legs, at="5")
    assert isinstance(answer, Priced)
    player = await world.player(units=10)
    bet_id = await wish(world, player, answer.combination, legs=legs)
    assert await refusal(world, player, bet_id) is None
