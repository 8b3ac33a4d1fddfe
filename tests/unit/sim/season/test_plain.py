"""The plain books work bets out the long way; published and hand-made values hold."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.sim.season.picks import NO_EVENT, Pick
from pitboss.sim.season.plain import BACK, LOST, WON, Almanac, Due, End
from pitboss.sim.season.plan import PlannedBet, PriceMove, Twist
from pitboss.sim.season.programme import ListedEvent, ListedMarket
from pitboss.sim.season.races import RACE_WINNER, Race
from pitboss.sim.season.systems import System, named
from pitboss.sportsbook.catalog.model import MarketKind
from unit.sim.season.history import almanac, pick

HALF = Fraction(1, 2)
WINS, LOSES, PUSHES = pick("home"), pick("draw"), pick("over")
POUND = 1_000_000


def ends_of(kind: MarketKind, line: Fraction | None, home: int, away: int) -> dict[str, End]:
    """Return how the picks of one market ended by a score, by their codes."""
    known = almanac()
    (event,) = known.programme.events
    market = ListedMarket(
        id=MarketId("m"),
        kind=kind,
        line=line,
        picks=tuple(
            Pick(
                event_no=0,
                kind=kind,
                code=code,
                selection_id=SelectionId(code),
                price=Fraction(2),
            )
            for code in kind.codes
        ),
    )
    changed = replace(
        event, row=replace(event.row, goals_home=home, goals_away=away), markets=(market,)
    )
    programme = replace(known.programme, events=(changed,))
    return {str(key): end for key, end in replace(known, programme=programme).ends.items()}


def bet_of(*picks: Pick, system: System | None = None) -> PlannedBet:
    return PlannedBet(picks=picks, stake_cents=100, twist=Twist.PLAIN, system=system)


def due(bet: PlannedBet, *, micros: int = POUND, rounding: str = "down.v1") -> Due:
    return almanac().due(bet, [Fraction(2)] * len(bet.picks), micros=micros, rounding=rounding)


@pytest.mark.parametrize(
    ("home", "away", "winner"), [(2, 1, "home"), (1, 1, "draw"), (0, 3, "away")]
)
def test_one_of_three_wins(home: int, away: int, winner: str) -> None:
    ends = ends_of(MarketKind.MATCH_RESULT, None, home, away)

    assert ends == {"home": LOST, "draw": LOST, "away": LOST} | {winner: WON}


@pytest.mark.parametrize(
    ("line", "home", "away", "ends"),
    [
        ("-1", 2, 0, (WON, LOST)),
        ("-1", 2, 1, (BACK, BACK)),
        ("-1", 1, 1, (LOST, WON)),
        ("-3/4", 2, 1, (End(won=HALF, back=HALF), End(back=HALF))),
        ("-1/4", 1, 1, (End(back=HALF), End(won=HALF, back=HALF))),
        ("1/4", 0, 0, (End(won=HALF, back=HALF), End(back=HALF))),
        ("1/4", 0, 1, (LOST, WON)),
        ("1/2", 0, 0, (WON, LOST)),
    ],
)
def test_a_quarter_line_is_half_a_bet_on_each_of_its_neighbours(
    line: str, home: int, away: int, ends: tuple[End, End]
) -> None:
    found = ends_of(MarketKind.ASIAN_HANDICAP, Fraction(line), home, away)

    assert (found["home"], found["away"]) == ends


def test_a_total_is_over_or_under_or_just_that() -> None:
    assert ends_of(MarketKind.TOTAL_GOALS, Fraction(5, 2), 2, 1) == {"over": WON, "under": LOST}
    assert ends_of(MarketKind.TOTAL_GOALS, Fraction(3), 2, 1) == {"over": BACK, "under": BACK}


def test_an_abandoned_event_gives_every_stake_back() -> None:
    known = almanac()
    events = tuple(replace(event, abandoned=True) for event in known.programme.events)
    void = replace(known, programme=replace(known.programme, events=events))

    assert set(void.ends.values()) == {BACK}


def test_a_patent_pays_its_lines_one_by_one() -> None:
    # Two of three won at two: 2 + 2 singles, 4 for one double, of seven lines.
    bet = bet_of(WINS, WINS, LOSES, system=named("patent"))

    assert due(bet, micros=7 * POUND) == Due(micros=8 * POUND, voided=False)


def test_a_pick_that_pushed_passes_its_stake_on() -> None:
    # 2 doubles of 2 x 1 and one of 2 x 2, and a treble of 2 x 2 x 1.
    bet = bet_of(WINS, WINS, PUSHES, system=named("trixie"))

    assert due(bet, micros=4 * POUND) == Due(micros=12 * POUND, voided=False)


def test_a_banker_that_lost_loses_all() -> None:
    system = System(picks=3, sizes=(1,), bankers=1)

    assert due(bet_of(LOSES, WINS, WINS, system=system)).micros == 0
    # Its lines with the one that won and with the one that lost.
    assert due(bet_of(WINS, WINS, LOSES, system=system)).micros == 2 * POUND


def test_a_bet_of_which_nothing_counts_is_void_whatever_its_lines() -> None:
    assert due(bet_of(PUSHES)) == Due(micros=POUND, voided=True)
    assert due(bet_of(PUSHES, PUSHES, PUSHES, system=named("patent")), micros=10_000) == Due(
        micros=10_000, voided=True
    )


@pytest.mark.parametrize(
    ("rounding", "cents"), [("down.v1", 14), ("half_up.v1", 15), ("half_even.v1", 14)]
)
def test_all_lines_are_rounded_together_once_by_the_rule(rounding: str, cents: int) -> None:
    # 29 cents on three pairs, of which one wins 3/2 and the others lose: 14.5 cents.
    bet = bet_of(WINS, WINS, LOSES, system=System(picks=3, sizes=(2,)))
    prices = [Fraction(3, 2), Fraction(1), Fraction(1)]

    found = almanac().due(bet, prices, micros=290_000, rounding=rounding)

    assert found.micros == cents * 10_000


def test_a_rule_that_nobody_knows_is_told() -> None:
    with pytest.raises(Malformed):
        due(bet_of(WINS), rounding="upwards.v9")


def on_two_days(*moves: PriceMove) -> Almanac:
    """Return an almanac of two days with the same event on each, after these moves on day 1."""
    known = almanac()
    (event,), (day,) = known.programme.events, known.programme.days

    def later(item: Pick) -> Pick:
        return replace(item, event_no=1, selection_id=SelectionId(f"{item.code} later"))

    markets = tuple(
        replace(market, picks=tuple(later(item) for item in market.picks))
        for market in event.markets
    )
    second: ListedEvent = replace(event, no=1, id=EventId("later"), markets=markets)
    days = (day, replace(day, no=1, events=range(1, 2), on_offer=range(1, 2)))
    programme = replace(known.programme, events=(event, second), days=days)
    return replace(known, programme=programme, moves=((), moves))


def test_an_offer_counts_ends_as_they_are_and_open_picks_by_their_chance() -> None:
    later = replace(WINS, event_no=1, selection_id=SelectionId("home later"))
    bet = bet_of(WINS, later)
    prices = [Fraction(2), Fraction(3)]
    known = on_two_days()

    # Before anything: half of a half of 6.  After the first has won: half of 6.
    assert known.offer(bet, prices, micros=POUND, day=0) == 1_420_000
    assert known.offer(bet, prices, micros=POUND, day=1) == 2_850_000


def test_an_offer_follows_the_prices_of_the_day() -> None:
    later = replace(WINS, event_no=1, selection_id=SelectionId("home later"))

    def offers(price: str) -> tuple[int, int]:
        known = on_two_days(PriceMove(pick=later, price=Fraction(price)))
        bet = bet_of(later)
        before, after = (known.offer(bet, [Fraction(6)], micros=POUND, day=day) for day in (0, 1))
        return before, after

    # Of 6 for each: one half, and then 2/3 against 1/2, which is four sevenths.
    assert offers("1.5") == (2_850_000, 3_250_000)
    # 1/6 and 1/2 are less than one: nothing is put in, and a sixth is a sixth.
    assert offers("6") == (2_850_000, 950_000)


def runner(number: int, price: str) -> Pick:
    name = f"runner{number}"
    return Pick(
        event_no=NO_EVENT,
        kind=RACE_WINNER,
        code=name,
        selection_id=SelectionId(name),
        price=Fraction(price),
    )


RUNNERS = tuple(
    runner(number, price)
    for number, price in enumerate(("5", "6", "9", "11", "3", "13", "15", "4", "16"))
)
ARKLE, BARGE, COMET, DINGO, EMBER, FABLE, GUSTO, HELLO, IVORY = RUNNERS


def after_race(order: tuple[tuple[Pick, ...], ...], *withdrawn: Pick) -> Almanac:
    known = almanac()
    opens_at = known.programme.days[0].opens_at
    race = Race(
        id=EventId("race"),
        market_id=MarketId("race"),
        day=0,
        name="Race 1",
        opens_at=opens_at,
        runners=RUNNERS,
        withdrawn=withdrawn,
        order=order,
    )
    return replace(known, programme=replace(known.programme, races=(race,)))


def paid(known: Almanac, *picks: Pick, each_way: bool = True) -> Due:
    """Return what is due for ten, in all, at the first prices."""
    bet = replace(bet_of(*picks), each_way=each_way)
    return known.due(bet, [pick.price for pick in picks], micros=10 * POUND, rounding="down.v1")


def test_a_winner_each_way_wins_twice_and_a_placed_one_once() -> None:
    known = after_race(((ARKLE,), (BARGE,), (COMET,), (DINGO,)))

    assert paid(known, ARKLE) == Due(micros=34 * POUND, voided=False)
    # Five at 1 + 8 / 5.
    assert paid(known, COMET) == Due(micros=13 * POUND, voided=False)
    assert paid(known, DINGO) == paid(known, COMET, each_way=False) == Due(micros=0, voided=False)
    # Both doubles: 2.5 each at 5 x 6, and at 1.8 x 2; of the second only the places.
    assert paid(known, ARKLE, BARGE).micros == 5 * 1_800_000 * 2


def test_who_came_in_together_shares_the_places_that_are_left() -> None:
    # As in `tests/integration/api/test_racing.py`, whose values are worked out by hand.
    known = after_race(((BARGE, ARKLE), (COMET, DINGO), (EMBER,)), HELLO)

    assert paid(known, ARKLE).micros == 18 * POUND
    assert paid(known, COMET).micros == 5_500_000
    assert paid(known, EMBER).micros == 0
    assert paid(known, HELLO) == Due(micros=10 * POUND, voided=True)
    assert paid(known, ARKLE, each_way=False).micros == 20 * POUND


def test_withdrawn_runners_take_from_what_is_won_and_never_from_the_stake() -> None:
    order = ((ARKLE,), (BARGE,))

    # 3/1 takes 25p, 2/1 30p, and both together 55p; 15/1 takes nothing.
    assert paid(after_race(order, HELLO), ARKLE, each_way=False).micros == 40 * POUND
    assert paid(after_race(order, HELLO, EMBER), ARKLE, each_way=False).micros == 28 * POUND
    assert paid(after_race(order, IVORY), ARKLE, each_way=False).micros == 50 * POUND
    short = [replace(item, price=Fraction(11, 10)) for item in (FABLE, GUSTO)]
    assert paid(after_race(order, *short), ARKLE, each_way=False).micros == 14 * POUND


def test_a_runner_that_did_not_run_passes_its_stake_on() -> None:
    known = after_race(((ARKLE,),), IVORY)

    assert paid(known, ARKLE, IVORY) == paid(known, ARKLE)
