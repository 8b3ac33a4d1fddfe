"""Places, deductions for withdrawn runners, gifts and combinations are as the licence says."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest

from integration.sportsbook.test_betting_obeys_licences import forget
from integration.sportsbook.test_boosts import boosting
from integration.sportsbook.test_boosts import give as give_boost
from integration.sportsbook.test_combinations import on_sale
from integration.sportsbook.test_combinations import wish as wish_combined
from integration.sportsbook.test_each_way import EACH_WAY
from integration.sportsbook.test_free_bets import gift, give
from integration.sportsbook.test_kinds import new_market, pick
from integration.sportsbook.world import KICK_OFF, UNIT, World, legs_of
from paced import put_in_force
from pitboss import jurisdictions
from pitboss.db import Database
from pitboss.kernel.ids import EventId, derived_id
from pitboss.sportsbook import catalog, returns
from pitboss.sportsbook.betting.model import (
    BetState,
    Boosted,
    BoostRefusal,
    GiftRefusal,
    Given,
    NotBoosted,
    NotGiven,
    Shape,
)
from pitboss.sportsbook.catalog.model import NewEvent
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
FIELD = tuple(str(number) for number in range(1, 9))


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    """Let nobody remember what a licence said before, or says in here."""
    forget()
    yield
    forget()


def as_in(monkeypatch: pytest.MonkeyPatch, code: str, *names: str) -> dict[str, object]:
    """Let the players of this world have these of a licence's rules; return them."""
    wanted = jurisdictions.get(code).sportsbook
    rules = {name: getattr(wanted, name) for name in names}
    put_in_force(monkeypatch, {"sportsbook": rules})
    return rules


def a_race() -> NewEvent:
    """Return a race of eight whose market says nothing of places."""
    return NewEvent(
        id=EventId(derived_id("race")),
        sport="horse_racing",
        competition="Meeting",
        home="",
        away="",
        name="The 14:30",
        starts_at=KICK_OFF,
        markets=(new_market("race", "race_winner", FIELD),),
    )


@pytest.mark.parametrize("code", CODES)
async def test_places_and_deductions_are_those_of_the_licences_tables(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("sportsbook.each_way_terms", code)
    proves("sportsbook.rule4_table", code)
    rules = as_in(monkeypatch, code, "each_way_terms", "rule4_table")
    race = a_race()
    await world.at_the_desk(catalog.open_events, race)
    ann = await world.player(units=100)
    runner = pick(race.id, "race_winner", "3")

    each_way = await world.wish(ann, runner, units=2, shape=EACH_WAY)
    to_win = await world.wish(ann, runner, units=2)
    await world.process()

    (winning,) = (await world.bet(ann, to_win)).legs
    assert winning.rule4 == rules["rule4_table"]
    bet = await world.bet(ann, each_way)
    if rules["each_way_terms"] is None:
        assert (bet.state, bet.refusal) == (BetState.REFUSED, "no_place_terms")
        return
    terms = returns.each_way_terms(str(rules["each_way_terms"]), len(FIELD), handicap=False)
    (leg,) = bet.legs
    assert (leg.places, leg.fraction_exact) == (terms.places, terms.fraction) == (3, Fraction(1, 5))
    assert (leg.place_terms, leg.rule4) == (rules["each_way_terms"], rules["rule4_table"])


@pytest.mark.parametrize("code", CODES)
async def test_free_bets_are_given_and_used_only_where_the_licence_has_them(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("sportsbook.free_bets", code)
    rules = as_in(monkeypatch, code, "free_bets")
    ann = await world.player(units=1)
    allowed = Given(changed=True)
    forbidden = NotGiven(reason=GiftRefusal.FREE_BETS_NOT_ALLOWED)

    assert await give(world, gift(world, ann)) == (allowed if rules["free_bets"] else forbidden,)
    put_in_force(monkeypatch, {"sportsbook": {"free_bets": False}})
    forget()
    assert await give(world, gift(world, ann, "another")) == (forbidden,)
    assert await world.balance(ann) == (1 * UNIT, 0)


@pytest.mark.parametrize("code", CODES)
async def test_boosts_are_given_and_used_only_where_the_licence_has_them(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("sportsbook.price_boosts", code)
    rules = as_in(monkeypatch, code, "price_boosts")
    ann = await world.player(units=10)
    await world.event("A")
    allowed = Boosted(changed=True)
    forbidden = NotBoosted(reason=BoostRefusal.BOOSTS_NOT_ALLOWED)
    wanted = boosting(world, ann)

    answers = await give_boost(world, wanted)
    assert answers == (allowed if rules["price_boosts"] else forbidden,)
    put_in_force(monkeypatch, {"sportsbook": {"price_boosts": False}})
    forget()
    assert await give_boost(world, boosting(world, ann, "another")) == (forbidden,)
    bet_id = await world.wish(ann, *legs_of("A"), units=10, shape=Shape(boost=wanted.id))
    await world.process()
    refusal = (await world.bet(ann, bet_id)).refusal
    assert refusal == ("boosts_not_allowed" if rules["price_boosts"] else "unknown_boost")


@pytest.mark.parametrize("code", CODES)
async def test_legs_of_one_event_are_combined_by_the_policy_of_the_licence(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("sportsbook.same_event", code)
    rules = as_in(monkeypatch, code, "same_event")
    ann = await world.player(units=20)
    await world.event("A")
    one = await on_sale(world)
    bet_id = await wish_combined(world, ann, one)
    await world.process()
    bet = await world.bet(ann, bet_id)
    struck = None if bet.shape is None else bet.shape.combination

    if rules["same_event"] is None:
        assert bet.refusal == "combinations_not_sold"
    else:
        assert struck is not None
        assert struck.policy == rules["same_event"]
    put_in_force(monkeypatch, {"sportsbook": {"same_event": None}})
    forget()
    other = await wish_combined(world, ann, one, units=5)
    await world.process()
    assert (await world.bet(ann, other)).refusal == "combinations_not_sold"
