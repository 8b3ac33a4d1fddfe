"""A plan asks for exactly so many bets, and the same seed for the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from pitboss.cashier.model import PaymentKind, PaymentState
from pitboss.sim.season.model import MICROS_PER_CENT
from pitboss.sim.season.picks import NO_EVENT
from pitboss.sim.season.plan import DayPlan, Plan, PlannedBet, Twist
from pitboss.sim.season.programme import Programme, make_programme
from pitboss.sportsbook.betting.model import LEGS_MAX
from unit.sim.season.league import read_league

PLAYERS = 40
BETS = 4_000


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    rows = read_league(tmp_path_factory.mktemp("league"), rounds=12)
    return make_programme(rows, seed=7, run="run")


def plan_of(
    programme: Programme, *, players: int = PLAYERS, bets: int = BETS, seed: int = 7
) -> Plan:
    return Plan(programme, players=players, bets=bets, seed=seed)


def days_of(plan: Plan) -> Iterator[DayPlan]:
    return (plan.day(day.no) for day in plan.programme.days)


def bets_of(plan: Plan) -> list[PlannedBet]:
    return [bet for day in days_of(plan) for bets in day.bets.values() for bet in bets]


def test_the_same_seed_gives_the_same_plan_and_another_seed_another(programme: Programme) -> None:
    once, again, other = (list(days_of(plan_of(programme, seed=seed))) for seed in (7, 7, 8))

    assert once == again
    assert once != other


def test_a_day_is_the_same_whichever_days_were_drawn_before(programme: Programme) -> None:
    plan = plan_of(programme)

    assert plan.day(5) == plan_of(programme).day(5)
    assert [plan.day(3), plan.day(2)] == [plan_of(programme).day(3), plan_of(programme).day(2)]


@pytest.mark.parametrize(("players", "bets"), [(1, 1), (3, 1), (1, 777), (500, 13), (7, 1_000)])
def test_exactly_so_many_bets_are_asked_for(programme: Programme, players: int, bets: int) -> None:
    plan = plan_of(programme, players=players, bets=bets)

    assert len(bets_of(plan)) == bets
    assert all(0 <= number < players for day in days_of(plan) for number in day.bets)


def test_picks_are_on_offer_or_just_over(programme: Programme) -> None:
    plan = plan_of(programme)

    for day in programme.days:
        over = programme.days[day.no - 1].events if day.no else range(0)
        places = {
            pick.event_no
            for bets in plan.day(day.no).bets.values()
            for bet in bets
            for pick in bet.picks
            if pick.event_no != NO_EVENT
        }
        assert places <= {*day.on_offer, *over}


def test_accumulators_have_up_to_twenty_legs_of_different_events(programme: Programme) -> None:
    legs = Counter(len(bet.picks) for bet in bets_of(plan_of(programme, bets=20_000)))
    related = [
        bet
        for bet in bets_of(plan_of(programme))
        if len({pick.event_no for pick in bet.picks}) < len(bet.picks)
    ]

    assert set(legs) <= set(range(1, LEGS_MAX + 1))
    assert legs[1] > BETS // 2
    # Fifteen events are on offer at once in this league.
    assert max(legs) >= 15
    assert 0 < len(related) < BETS // 50
    assert {len(bet.picks) for bet in related} == {2}


def test_now_and_then_something_goes_wrong(programme: Programme) -> None:
    plan = plan_of(programme)
    bets = bets_of(plan)
    twists = Counter(bet.twist for bet in bets)

    assert set(twists) == set(Twist)
    assert twists[Twist.PLAIN] > 0.9 * BETS
    assert any(bet.stake_cents >= 300_000 for bet in bets)
    assert all(bet.stake_cents > 0 for bet in bets)


def test_a_stale_bet_is_on_a_price_that_moved_that_day(programme: Programme) -> None:
    for day in days_of(plan_of(programme)):
        moved = {move.pick.selection_id for move in day.moves}
        for bets in day.bets.values():
            for bet in bets:
                if bet.twist is Twist.STALE:
                    assert {pick.selection_id for pick in bet.picks} <= moved


def test_a_price_moves_to_another_price(programme: Programme) -> None:
    prices = {
        pick.selection_id: pick.price
        for event in programme.events
        for market in event.markets
        for pick in market.picks
    }

    moves = [move for day in days_of(plan_of(programme)) for move in day.moves]

    assert moves
    for move in moves:
        assert move.price > 1
        assert move.price != prices[move.pick.selection_id]
        prices[move.pick.selection_id] = move.price


def test_everybody_pays_in_first_and_again_if_that_fails(programme: Programme) -> None:
    plan = plan_of(programme, players=500)
    firsts = [plan.first_deposits(player) for player in range(500)]

    assert all(wish.kind is PaymentKind.DEPOSIT for wishes in firsts for wish in wishes)
    assert all(wishes[-1].ends is PaymentState.SUCCEEDED for wishes in firsts)
    assert 0 < sum(len(wishes) == 2 for wishes in firsts) < 100
    assert all(wishes[0].ends is PaymentState.FAILED for wishes in firsts if len(wishes) == 2)


@pytest.mark.parametrize("have_cents", [0, 1, 4_999, 5_000, 30_000, 60_001, 1_234_567])
def test_a_visitor_wants_what_fits_the_purse(programme: Programme, have_cents: int) -> None:
    plan = plan_of(programme)
    wishes = [
        plan.find_wish(player, 3, available_micros=have_cents * MICROS_PER_CENT)
        for player in range(200)
    ]
    poor, rich = have_cents < 5_000, have_cents > 60_000

    for wish in wishes:
        if poor or rich:
            assert wish is not None
            assert wish.kind is (PaymentKind.DEPOSIT if poor else PaymentKind.WITHDRAWAL)
            assert poor or wish.cents <= have_cents
            assert (wish.ends is PaymentState.FAILED) == wish.amount.endswith((".13", ".17"))
        elif wish is not None:
            assert wish.cents > have_cents
            assert wish.ends is PaymentState.REFUSED


def test_about_half_take_all_their_money_out_in_the_end(programme: Programme) -> None:
    plan = plan_of(programme)
    wishes = [plan.find_last_wish(player, available_micros=12_340_000) for player in range(200)]

    assert plan.find_last_wish(1, available_micros=0) is None
    assert 60 < sum(wish is not None for wish in wishes) < 140
    assert {wish.amount for wish in wishes if wish is not None} == {"12.34"}


def test_the_cashier_is_visited_once_a_week_by_some(programme: Programme) -> None:
    plan = plan_of(programme, players=500)

    # Twelve weeks; one that begins with a later kick-off is waited for.
    assert 9 <= len(plan.cashier_days) <= 11
    for day in programme.days:
        visitors = plan.visitors(day.no)
        assert bool(visitors) == (day.no in plan.cashier_days)
        assert len(visitors) < 120


def test_a_season_without_events_asks_for_nothing() -> None:
    plan = Plan(Programme(events=(), days=()), players=3, bets=10, seed=1)

    assert plan.cashier_days == frozenset()


def test_some_bets_are_systems_with_a_stake_on_each_line_or_on_all(programme: Programme) -> None:
    systems = [bet for bet in bets_of(plan_of(programme)) if bet.system is not None]

    assert BETS // 20 < len(systems) < BETS // 5
    assert {bet.on_line for bet in systems} == {True, False}
    assert any(bet.system is not None and bet.system.bankers for bet in systems)
    assert any(bet.system is not None and bet.system.name for bet in systems)
    for bet in systems:
        assert bet.system is not None
        assert len(bet.picks) == bet.system.picks
        assert len({pick.event_no for pick in bet.picks}) == len(bet.picks)
        assert bet.cents == bet.stake_cents * (len(bet.lines) if bet.on_line else 1)


def test_on_a_day_with_races_some_bet_on_them_to_win_or_each_way(programme: Programme) -> None:
    plan = plan_of(programme)
    racing = {
        day.no: [
            bet
            for bets in plan.day(day.no).bets.values()
            for bet in bets
            if bet.picks[0].event_no == NO_EVENT
        ]
        for day in programme.days
    }
    bets = [bet for some in racing.values() for bet in some]

    assert {no for no, some in racing.items() if some} <= {race.day for race in programme.races}
    for no, some in racing.items():
        fields = [set(race.runners) for race in programme.races_on(no)]
        for bet in some:
            assert [sum(pick in field for field in fields) for pick in bet.picks] == [
                1 for _ in bet.picks
            ]
    assert {(bet.each_way, bet.on_line) for bet in bets} == {
        (False, False),
        (True, False),
        (True, True),
    }
    assert {len(bet.picks) for bet in bets} == {1, 2}
    assert all(bet.cents == bet.stake_cents * (2 if bet.on_line else 1) for bet in bets)


def test_the_more_bets_wait_the_more_often_somebody_looks_at_one(programme: Programme) -> None:
    plan = plan_of(programme)
    few, many = (
        [plan.find_look(player, day, waiting=waiting) for player in range(100) for day in range(9)]
        for waiting in (2, 30)
    )

    assert plan.find_look(3, 3, waiting=0) is None
    assert 0 < sum(look is not None for look in few) < sum(look is not None for look in many)
    looks = [look for look in many if look is not None]
    assert {look.place for look in looks} <= set(range(30))
    assert {look.percent for look in looks} == {25, 40, 50, 75, 100}
    assert {look.impatient for look in looks} == {True, False}
