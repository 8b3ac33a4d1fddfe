"""What bets return, case by case: the rules of lines, stakes, terms, combinations and cash-out."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook import returns
from pitboss.sportsbook.returns.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    OPEN,
    VOID,
    WON,
    Bundle,
    Chances,
    Combo,
    ComboPolicy,
    Ending,
    Leg,
    Outcome,
    Parts,
    PlaceTerms,
    StakeKind,
    Ticket,
)
from pitboss.sportsbook.returns.rules import bets, cash_out, combos, goals, legs, lines

UNIT, CENT = 1_000_000, 10_000
SURE, NEVER = Chances(won=Fraction(1)), Chances(won=Fraction(0))


def single(
    price: str,
    *,
    unit: int = 10,
    stake: StakeKind = StakeKind.CASH,
    fraction: str | None = None,
    parts: Parts = Parts.WIN,
    cap: int | None = None,
) -> Ticket:
    """Return a single to the cent."""
    leg = Leg(price=Fraction(price), place_fraction=Fraction(fraction) if fraction else None)
    return Ticket(
        legs=(leg,),
        bundles=returns.bet_type("single").bundles,
        unit_micros=Fraction(unit * UNIT),
        minor_unit_micros=CENT,
        stake=stake,
        parts=parts,
        profit_max_micros=cap,
    )


def paid(ticket: Ticket, *endings: Ending) -> int:
    """Return what a bet pays, in cents."""
    return returns.work_out(ticket, endings).current_micros // CENT


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("trixie", 4),
        ("yankee", 11),
        ("canadian", 26),
        ("heinz", 57),
        ("super_heinz", 120),
        ("goliath", 247),
        ("patent", 7),
        ("lucky15", 15),
        ("lucky31", 31),
        ("lucky127", 127),
        ("lucky255", 255),
        ("perm_yankee", 55),
        ("alphabet", 26),
        ("union_jack_patent", 56),
    ],
)
def test_a_bet_with_a_name_has_its_number_of_lines(code: str, count: int) -> None:
    assert lines.count(returns.bet_type(code).bundles) == count


def test_every_named_bet_covers_its_selections_and_no_others() -> None:
    for kind in returns.bet_types():
        named = {leg for bundle in kind.bundles for leg in bundle.legs}
        assert named == set(range(kind.selections)), kind.code


def test_the_alphabet_pays_its_check_value() -> None:
    factors = [Fraction(price) for price in range(2, 8)]

    assert lines.total(returns.bet_type("alphabet").bundles, factors) == 6_255


@pytest.mark.parametrize(
    ("outcome", "kind", "cents"),
    [
        (WON, StakeKind.CASH, 3000),
        (WON, StakeKind.FREE_RETURNED, 3000),
        (WON, StakeKind.FREE_NOT_RETURNED, 2000),
        (HALF_WON, StakeKind.FREE_NOT_RETURNED, 1000),
        (HALF_LOST, StakeKind.FREE_NOT_RETURNED, 0),
        (HALF_LOST, StakeKind.CASH, 500),
        (LOST, StakeKind.FREE_RETURNED, 0),
        (VOID, StakeKind.CASH, 1000),
        (VOID, StakeKind.FREE_RETURNED, 0),
        (VOID, StakeKind.FREE_NOT_RETURNED, 0),
    ],
)
def test_a_stake_pays_by_its_kind(outcome: Outcome, kind: StakeKind, cents: int) -> None:
    assert paid(single("3", stake=kind), Ending(win=outcome)) == cents


def test_a_void_bet_says_so_and_a_won_one_at_its_stake_does_not() -> None:
    half = Outcome(won=Fraction(1, 2))

    assert returns.work_out(single("2"), [Ending(win=VOID)]).voided
    assert not returns.work_out(single("2"), [Ending(win=half)]).voided


def test_the_cap_limits_what_is_paid_beyond_the_stake() -> None:
    assert paid(single("100", cap=50 * UNIT), Ending(win=WON)) == 6000
    assert paid(single("3", cap=50 * UNIT), Ending(win=WON)) == 3000


def test_rule_4_is_taken_from_winnings_and_before_the_place_is_worked_out() -> None:
    bet = single("11/4", fraction="1/5", parts=Parts.EACH_WAY)
    third = Fraction(35, 100)

    assert paid(bet, Ending(win=WON, place=WON, deduction=third)) == 3365
    assert paid(bet, Ending(win=LOST, place=WON, deduction=third)) == 1228


def test_several_withdrawals_add_up_to_nine_tenths_and_small_ones_are_waived_where_said() -> None:
    short, long = Fraction(6, 5), Fraction(13)

    assert returns.rule4_deduction("tattersalls.v1", [short, short]) == Fraction(9, 10)
    assert returns.rule4_deduction("tattersalls.v1", [long]) == Fraction(5, 100)
    assert returns.rule4_deduction("tattersalls_waived.v1", [long]) == 0
    assert returns.rule4_deduction("tattersalls_waived.v1", [long, long]) == Fraction(10, 100)
    assert returns.rule4_deduction("tattersalls.v1", []) == 0


def test_deductions_that_were_announced_add_up_with_those_of_prices() -> None:
    long = [Fraction(13)]
    announced = [Fraction(20, 100), Fraction(0)]

    assert returns.rule4_deduction("tattersalls.v1", long, announced=announced) == Fraction(1, 4)
    assert returns.rule4_deduction("tattersalls.v1", long, announced=[Fraction(9, 10)]) == Fraction(
        9, 10
    )
    waived = returns.rule4_deduction("tattersalls_waived.v1", [], announced=[Fraction(5, 100)])
    assert waived == 0


def test_a_price_between_two_bands_is_deducted_as_the_longer_one() -> None:
    assert returns.rule4_deduction("decimal_unibet.v1", [Fraction("5.45")]) == Fraction(15, 100)


@pytest.mark.parametrize(
    ("runners", "handicap", "places", "fraction"),
    [
        (4, False, 0, "1"),
        (5, True, 2, "1/4"),
        (7, False, 2, "1/4"),
        (8, True, 3, "1/5"),
        (12, False, 3, "1/5"),
        (12, True, 3, "1/4"),
        (16, True, 4, "1/4"),
        (40, False, 3, "1/5"),
    ],
)
def test_each_way_terms_follow_the_number_of_runners(
    runners: int, handicap: bool, places: int, fraction: str
) -> None:
    terms = returns.each_way_terms("gb.v1", runners, handicap=handicap)

    assert terms == PlaceTerms(places=places, fraction=Fraction(fraction))


def test_removed_runners_reduce_an_exchange_price_one_after_the_other() -> None:
    assert legs.reduced(Fraction("8.6"), [Fraction("0.162")]) == Fraction("7.21")
    assert legs.reduced(Fraction("1.02"), [Fraction("0.5")]) == Fraction("1.01")
    assert legs.reduced(Fraction(8), [Fraction("0.0241")]) == 8
    assert legs.reduced(Fraction(8), [Fraction("0.25"), Fraction("0.5")]) == 3


def test_a_boost_raises_the_winnings_only() -> None:
    assert legs.boosted(Fraction(2), Fraction(1, 10)) == Fraction("2.1")


def test_goals_before_the_bet_do_not_count_in_play() -> None:
    own, other = goals.since((2, 1), (2, 0))

    assert goals.handicap(own, other, Fraction(0)) == LOST
    assert goals.handicap(own, other, Fraction(1)) == VOID


@pytest.mark.parametrize(
    ("policy", "outcomes", "factor", "void"),
    [
        (ComboPolicy.REFUND_ALL, (WON, WON, WON), "9", "0"),
        (ComboPolicy.REFUND_ALL, (WON, WON, LOST), "0", "0"),
        (ComboPolicy.REFUND_ALL, (WON, LOST, VOID), "1", "1"),
        (ComboPolicy.REFUND_UNLESS_LOST, (WON, WON, WON), "9", "0"),
        (ComboPolicy.REFUND_UNLESS_LOST, (WON, LOST, VOID), "0", "0"),
        (ComboPolicy.REFUND_UNLESS_LOST, (WON, WON, VOID), "1", "1"),
        (ComboPolicy.REDUCE, (WON, WON, WON), "9", "0"),
        (ComboPolicy.REDUCE, (WON, WON, VOID), "4", "0"),
        (ComboPolicy.REDUCE, (WON, LOST, VOID), "0", "0"),
        (ComboPolicy.REDUCE, (VOID, VOID, VOID), "1", "1"),
        # Half of the stake is on a leg that won, half on one that is void, or lost.
        (ComboPolicy.REFUND_ALL, (WON, WON, HALF_WON), "5", "1/2"),
        (ComboPolicy.REFUND_UNLESS_LOST, (WON, WON, HALF_LOST), "1/2", "1/2"),
        (ComboPolicy.REFUND_UNLESS_LOST, (WON, LOST, HALF_WON), "0", "0"),
        (ComboPolicy.REDUCE, (WON, WON, HALF_WON), "13/2", "0"),
        (ComboPolicy.REFUND_ALL, (WON, WON, Outcome(won=Fraction(1, 2))), "9/2", "0"),
    ],
)
def test_a_combination_ends_by_its_policy(
    policy: ComboPolicy, outcomes: tuple[Outcome, ...], factor: str, void: str
) -> None:
    combo = Combo(price=Fraction(9), policy=policy, rest={(0, 1): Fraction(4)})

    assert combos.factor(combo, outcomes) == Fraction(factor)
    assert combos.void_share(combo, outcomes) == Fraction(void)


def test_a_combination_without_a_kept_price_is_refused() -> None:
    combo = Combo(price=Fraction(9), policy=ComboPolicy.REDUCE)
    with pytest.raises(Malformed):
        combos.factor(combo, (WON, VOID))
    with pytest.raises(Malformed):
        Combo(price=Fraction(1), policy=ComboPolicy.REDUCE)


@pytest.mark.parametrize(
    ("policy", "wins", "decided", "voided", "pays"),
    [
        (ComboPolicy.REFUND_UNLESS_LOST, (LOST, None), True, False, 0),
        (ComboPolicy.REFUND_UNLESS_LOST, (VOID, None), False, False, 0),
        # Somebody may still be void, and then all comes back.
        (ComboPolicy.REFUND_ALL, (LOST, None), False, False, 0),
        (ComboPolicy.REFUND_ALL, (VOID, None), True, True, 10),
        (ComboPolicy.REFUND_ALL, (WON, None), False, False, 0),
        (ComboPolicy.REFUND_ALL, (WON, WON), True, False, 45),
        (ComboPolicy.REFUND_ALL, (WON, LOST), True, False, 0),
    ],
)
def test_a_combination_is_decided_as_soon_as_its_open_legs_change_nothing(
    policy: ComboPolicy,
    wins: tuple[Outcome | None, ...],
    decided: bool,
    voided: bool,
    pays: int,
) -> None:
    ticket = Ticket(
        legs=(Leg(price=Fraction(2)), Leg(price=Fraction(3))),
        bundles=(Bundle(legs=(0, 1), sizes=(2,)),),
        unit_micros=Fraction(10_000_000),
        minor_unit_micros=10_000,
        combo=Combo(price=Fraction("4.5"), policy=policy),
    )

    worked = bets.work_out(ticket, [Ending(win=win) for win in wins])

    assert (worked.decided, worked.voided) == (decided, voided)
    assert worked.current_micros == pays * 1_000_000


def test_a_fair_single_is_worth_its_stake_at_the_current_price() -> None:
    chance = Chances(won=Fraction(1, 2))

    value = returns.fair_value(single("3", unit=100), [OPEN], [(chance, NEVER)])

    assert value == 150 * UNIT
    offered = cash_out.offer(
        value, margin=Fraction(1, 10), minor_unit_micros=CENT, cashed=Fraction(0)
    )
    assert offered == 135 * UNIT


def test_half_results_and_refunds_count_in_what_a_bet_is_worth() -> None:
    tenth = Fraction(1, 10)
    chances = Chances(won=3 * tenth, half_won=tenth, void=tenth, half_lost=tenth)

    value = returns.fair_value(single("3"), [OPEN], [(chances, NEVER)])

    assert value == 10 * UNIT * (Fraction(9, 10) + Fraction(2, 10) + tenth + tenth / 2)


def test_a_bet_is_never_worth_more_than_its_cap_pays() -> None:
    bet = single("100", cap=50 * UNIT)

    assert returns.fair_value(bet, [OPEN], [(SURE, NEVER)]) == 60 * UNIT


def test_a_free_stake_is_not_bought_back() -> None:
    with pytest.raises(Malformed):
        returns.fair_value(single("3", stake=StakeKind.FREE_RETURNED), [OPEN], [(SURE, NEVER)])


def test_what_was_bought_back_is_not_paid_again() -> None:
    third = Fraction(1, 3)

    found = returns.work_out(single("3"), [Ending(win=WON)], cashed=third)

    assert found.current_micros == 20 * UNIT
    assert returns.work_out(single("3"), [Ending(win=WON)], cashed=Fraction(1)).current_micros == 0


def test_a_total_stake_is_divided_exactly() -> None:
    bundles = returns.bet_type("patent").bundles

    unit = bets.unit_of_total(10 * UNIT, bundles, Parts.EACH_WAY)

    assert unit * 14 == 10 * UNIT


MALFORMED = [
    lambda: Outcome(won=Fraction(2, 3), void=Fraction(1, 2)),
    lambda: Outcome(won=Fraction(-1)),
    lambda: Leg(price=Fraction(1)),
    lambda: Leg(price=Fraction(2), place_fraction=Fraction(0)),
    lambda: Ending(deduction=Fraction(91, 100)),
    lambda: Bundle(legs=(0, 0), sizes=(1,)),
    lambda: Bundle(legs=(0, 1), sizes=(3,)),
    lambda: Bundle(legs=(0, 1), sizes=()),
    lambda: Bundle(legs=(0, 1), sizes=(0,)),
    lambda: Chances(won=Fraction(1), void=Fraction(1, 2)),
    lambda: single("2", parts=Parts.EACH_WAY),
    lambda: single("2", unit=-1),
    lambda: Ticket(
        legs=(Leg(price=Fraction(2)),) * 2,
        bundles=(Bundle(legs=(0,), sizes=(1,)),),
        unit_micros=Fraction(1),
        minor_unit_micros=1,
    ),
    lambda: returns.work_out(single("2"), []),
    lambda: returns.work_out(single("2"), [OPEN], cashed=Fraction(2)),
    lambda: returns.fair_value(single("2"), [OPEN], []),
    lambda: returns.bet_type("quintuple"),
    lambda: returns.rule4_deduction("tattersalls.v1", [Fraction(1)]),
    lambda: returns.each_way_terms("gb.v1", 0, handicap=False),
    lambda: legs.place_price(Leg(price=Fraction(2))),
    lambda: legs.finished(0),
    lambda: legs.reduced(Fraction(2), [Fraction(1)]),
    lambda: legs.boosted(Fraction(2), Fraction(-1)),
    lambda: goals.since((0, 0), (1, 0)),
    lambda: goals.total(2, Fraction("2.3"), over=True),
    lambda: goals.double_chance((0, 0), "XX"),
    lambda: cash_out.step(Fraction(1), before=Fraction(1), after=Fraction(0), minor_unit_micros=1),
    lambda: cash_out.offer(
        Fraction(1), margin=Fraction(2), minor_unit_micros=1, cashed=Fraction(0)
    ),
]


@pytest.mark.parametrize("wrong", MALFORMED)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(Malformed):
        wrong()
