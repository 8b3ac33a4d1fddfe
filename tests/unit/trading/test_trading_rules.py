"""What a bet adds to the books, which limit it is above, and how room is divided and moved."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import combinations

import pytest
from msgspec import structs

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.shards import PARTITIONS_ALL, Shard
from pitboss.sportsbook import returns
from pitboss.sportsbook.betting.model import Leg, Lines, Shape
from pitboss.sportsbook.betting.rules import lines_of_legs, stake_within, taking_of
from pitboss.sportsbook.returns.model import Bundle
from pitboss.sportsbook.trading import rules
from pitboss.sportsbook.trading.model import (
    TAKEN,
    UNLIMITED,
    Book,
    Bound,
    Ceiling,
    Limit,
    Page,
    Place,
    Rise,
    Scope,
    Stand,
    Taking,
    TooMuch,
    parse_factor,
)

UNIT = 1_000_000
PLAYER = PlayerId("p")
PLACE = Place(market_id=MarketId("m"), event_id=EventId("e"))


def leg(name: str, price: str) -> Leg:
    """Return a leg at a price."""
    return Leg(
        selection_id=SelectionId(name),
        market_id=MarketId(f"market {name}"),
        event_id=EventId(f"event {name}"),
        price=price,
        tick=1,
    )


def bet(stake_micros: int, *legs: Leg, lines: tuple[int, ...] | None = None, of: int = 1) -> Taking:
    """Return a bet on these legs."""
    return Taking(
        key=BetId("b"),
        shard=Shard(0),
        player_id=PLAYER,
        currency="EUR",
        stake_micros=stake_micros,
        legs=legs,
        lines=lines,
        lines_all=of,
    )


def ledger(room: int, *names: str, bet_max: int = UNLIMITED) -> rules.Ledger:
    """Return pages with this room."""
    ceiling = Ceiling(bet_max=bet_max, total_max=room)
    return {
        SelectionId(name): Page.of(Book(place=PLACE, ceiling=ceiling, share=room, room=room))
        for name in names
    }


def limit(no: int, scope: Scope, target: str, one: int | None, total: int | None) -> Limit:
    """Return a limit in euros."""
    return Limit(
        no=no,
        scope=scope,
        target=target,
        currency="EUR",
        bet_winnings_max=one,
        winnings_max=total,
        set_at=datetime(2026, 1, 1, tzinfo=UTC),
        set_by="staff:test",
    )


def test_a_single_adds_its_stake_and_what_it_would_win_rounded_up() -> None:
    (risk,) = rules.risks_of(bet(1, leg("a", "4/3")))

    assert (risk.stake_micros, risk.winnings_micros) == (1, 1)
    (risk,) = rules.risks_of(bet(5 * UNIT, leg("a", "5/2")))
    assert (risk.stake_micros, risk.winnings_micros) == (5 * UNIT, 7_500_000)


def test_an_accumulator_counts_on_each_leg_as_a_single_of_its_stake() -> None:
    risks = rules.risks_of(bet(10 * UNIT, leg("a", "2/1"), leg("b", "3/1"), leg("c", "11/10")))

    assert [risk.winnings_micros for risk in risks] == [10 * UNIT, 20 * UNIT, UNIT]
    assert {risk.stake_micros for risk in risks} == {10 * UNIT}


def test_a_leg_of_a_system_counts_with_the_stakes_of_the_lines_it_is_on() -> None:
    """A trixie: four lines, three of them with each leg."""
    legs = [leg(name, "3/1") for name in "abc"]

    risks = rules.risks_of(bet(4 * UNIT, *legs, lines=(3, 3, 3), of=4))

    assert [(risk.stake_micros, risk.winnings_micros) for risk in risks] == [
        (3 * UNIT, 6 * UNIT)
    ] * 3


def test_a_selection_that_is_struck_twice_counts_once_at_the_longer_price() -> None:
    (risk,) = rules.risks_of(bet(2 * UNIT, leg("a", "3/1"), leg("a", "2/1"), lines=(1, 1), of=2))

    assert (risk.stake_micros, risk.winnings_micros) == (2 * UNIT, 4 * UNIT)


def test_each_bet_sees_what_those_before_it_took() -> None:
    pages = ledger(10 * UNIT, "a")
    bets = [bet(units * UNIT, leg("a", "2/1")) for units in (6, 5, 4)]

    answers = rules.decide(bets, [pages] * 3, {})

    assert answers == [
        TAKEN,
        TooMuch(bound=Bound.SELECTION, stake_micros_max=4 * UNIT),
        TAKEN,
    ]
    page = pages[SelectionId("a")]
    assert (page.bets, page.stake_micros, page.winnings_micros) == (2, 10 * UNIT, 10 * UNIT)


def test_what_comes_to_nothing_leaves_no_trace() -> None:
    pages = ledger(100 * UNIT, "a", "b")
    double = bet(UNIT, leg("a", "2/1"), leg("b", "3/1"))
    rules.decide([double], [pages], {})

    rules.take_back(double, pages)

    assert rules.lines_of(pages, PARTITIONS_ALL[0], "EUR") == []
    assert [page.room for page in pages.values()] == [100 * UNIT] * 2


def test_an_accumulator_takes_nothing_where_one_leg_finds_no_room() -> None:
    pages = ledger(100 * UNIT, "a") | ledger(UNIT, "b")

    (answer,) = rules.decide([bet(UNIT, leg("a", "2/1"), leg("b", "5/1"))], [pages], {})

    assert answer == TooMuch(bound=Bound.SELECTION, stake_micros_max=250_000)
    assert all(page.bets == 0 for page in pages.values())


@pytest.mark.parametrize(
    ("factor", "most"), [("1", 4 * UNIT), ("1/2", 2 * UNIT), ("0", 0), ("2", 8 * UNIT)]
)
def test_a_players_factor_multiplies_what_one_bet_may_win(factor: str, most: int) -> None:
    pages = ledger(UNLIMITED, "a", bet_max=4 * UNIT)
    factors = {PLAYER: Fraction(factor)}

    above, below = (
        rules.decide([bet(stake, leg("a", "2/1"))], [pages], factors)[0]
        for stake in (most + 10_000, most or 10_000)
    )

    assert above == TooMuch(bound=Bound.BET, stake_micros_max=most)
    assert below == (TAKEN if most else TooMuch(bound=Bound.BET, stake_micros_max=0))


def test_the_narrowest_scope_that_says_an_amount_counts() -> None:
    limits = rules.in_force(
        [
            limit(1, Scope.ALL, "", 10, 100),
            limit(2, Scope.KIND, "total", 20, None),
            limit(3, Scope.MARKET, "m", None, 300),
            limit(4, Scope.SELECTION, "s", 40, None),
            limit(5, Scope.ALL, "", 11, 110),
        ]
    )

    def ceiling(selection: str, market: str, kind: str, code: str = "EUR") -> tuple[int, int]:
        found = rules.ceiling_of(
            limits,
            selection_id=SelectionId(selection),
            market_id=MarketId(market),
            kind=kind,
            code=code,
        )
        return found.bet_max, found.total_max

    assert ceiling("x", "x", "1x2") == (11, 110)
    assert ceiling("x", "x", "total") == (20, 110)
    assert ceiling("x", "m", "total") == (20, 300)
    assert ceiling("s", "m", "total") == (40, 300)
    assert ceiling("s", "m", "total", "DKK") == (UNLIMITED, UNLIMITED)


def test_what_a_lowered_limit_leaves_one_partition_too_much_is_taken_from_the_others() -> None:
    stands = [Stand(partition=PARTITIONS_ALL[0], winnings_micros=100, moved_micros=0)]
    assert rules.is_uneven(120, stands)

    moves = rules.move_room(120, stands, PARTITIONS_ALL[1], 0)

    assert sum(moves.values()) == 0
    rooms = {one: room + moves.get(one, 0) for one, room in rules.rooms_of(120, stands).items()}
    assert min(rooms.values()) == 0
    assert sum(rooms.values()) == 20


def test_room_is_given_by_halves_or_as_much_as_is_needed() -> None:
    first, *others = PARTITIONS_ALL
    by_halves = rules.move_room(1_000, [], first, 251)
    as_needed = rules.move_room(1_000, [], first, 900)
    all_there_is = rules.move_room(1_000, [], first, 5_000)

    assert (by_halves[first], as_needed[first], all_there_is[first]) == (375, 650, 750)
    assert all(sum(moves.values()) == 0 for moves in (by_halves, as_needed, all_there_is))
    assert [all_there_is[one] for one in others] == [-250] * 3
    assert rules.move_room(1_000, [], first, 250) == {}


@pytest.mark.parametrize("text", ["-1", "1/0", "1001", "0.1234567", "1e3", "", "one"])
def test_a_factor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_factor(text)


@pytest.mark.parametrize("name", ["trixie", "lucky15", "goliath", "union_jack"])
def test_the_lines_that_a_leg_is_on_are_those_that_name_it(name: str) -> None:
    bundles = returns.bet_type(name).bundles
    legs = returns.bet_type(name).selections
    shape = Shape(lines=tuple(Lines.of(bundle) for bundle in bundles))

    on, lines_all = lines_of_legs(shape, legs)

    named = [line for bundle in bundles for line in lines_named_by(bundle)]
    assert lines_all == len(named)
    assert on == tuple(sum(place in line for line in named) for place in range(legs))


def test_a_banker_is_on_every_line() -> None:
    shape = Shape(lines=(Lines(legs=(1, 2, 3), sizes=(0, 1, 2), bankers=(0,)),))

    assert lines_of_legs(shape, 4) == ((7, 3, 3, 3), 7)
    assert lines_of_legs(Shape(), 4) == (None, 1)


@pytest.mark.parametrize(
    ("parts", "winnings"),
    [("win", 10 * 4), ("place", 10 * Fraction(4, 5)), ("each_way", 5 * 4 + 5 * Fraction(4, 5))],
)
def test_a_place_wins_what_it_pays_and_each_way_both_parts(parts: str, winnings: Fraction) -> None:
    placed = structs.replace(leg("a", "5/1"), place_fraction="1/5", places=3)

    (risk,) = rules.risks_of(taken((placed,), Shape(parts=parts)))

    assert risk.stake_micros == 10 * UNIT
    assert Fraction(risk.winnings_micros) == winnings * UNIT


def test_what_a_place_wins_is_rounded_up_where_it_is_no_short_price() -> None:
    placed = structs.replace(leg("a", "1000003/1000001"), place_fraction="1/997", places=3)

    (risk,) = rules.risks_of(taken((placed,), Shape(parts="place")))

    exact = 10 * UNIT * (placed.price_exact - 1) / 997
    assert exact <= risk.winnings_micros <= exact + 10 * UNIT / 10_000 + 1


@pytest.mark.parametrize(
    ("shape", "most"),
    [
        (None, 200),
        (Shape(), 200),
        (Shape(parts="place"), 1_000 / Fraction(9, 5)),
        (Shape(parts="each_way"), 1_000 / Fraction(17, 5)),
        (Shape(free_bet="gift"), 250),
    ],
)
def test_the_largest_stake_is_that_of_all_parts_together(
    shape: Shape | None, most: Fraction
) -> None:
    placed = structs.replace(leg("a", "5/1"), place_fraction="1/5", places=3)

    stake = stake_within((placed,), shape, 1_000 * UNIT, minor_unit_micros=10_000)

    assert most * UNIT - 20_000 <= stake <= most * UNIT


def taken(legs: tuple[Leg, ...], shape: Shape) -> Taking:
    """Return what a bet of ten units adds to the books."""
    return taking_of(
        BetId("b"),
        shard=Shard(0),
        player_id=PLAYER,
        currency="EUR",
        stake_micros=10 * UNIT,
        legs=legs,
        shape=shape,
    )


def lines_named_by(bundle: Bundle) -> list[tuple[int, ...]]:
    """Return the legs of each line."""
    return [
        (*bundle.bankers, *some)
        for size in bundle.sizes
        for some in combinations(bundle.legs, size)
    ]


@pytest.mark.parametrize(
    ("room", "bet_max", "bound"),
    [
        (10 * UNIT, 20 * UNIT, None),
        (10 * UNIT - 1, 20 * UNIT, Bound.SELECTION),
        (10 * UNIT, 20 * UNIT - 1, Bound.BET),
    ],
)
def test_what_a_bet_would_win_more_needs_room_and_all_of_it_the_limit_for_one(
    room: int, bet_max: int, bound: Bound | None
) -> None:
    """Ten at 2 have taken room for ten; at 3 they win twenty."""
    before, after = (bet(10 * UNIT, leg("a", price), leg("b", "3/1")) for price in ("2/1", "3/1"))
    pages = ledger(room, "a", "b", bet_max=bet_max)
    rise = Rise(before=before, after=after)

    answers = rules.decide_rises([rise], [pages], {})

    page = pages[SelectionId("a")]
    if bound is None:
        assert answers == [TAKEN]
        (line,) = rules.lines_of(pages, PARTITIONS_ALL[0], "EUR")
        assert (line.selection_id, line.bets, line.winnings_micros) == ("a", 0, 10 * UNIT)
        assert rules.change_of([before], [after], [line]) == []
        return
    # What comes back of a refused bet is room for a smaller one: twenty, but for a micro.
    assert answers == [TooMuch(bound=bound, stake_micros_max=10 * UNIT - 10_000)]
    assert (page.room, page.winnings_micros) == (room, 0)
    needs = rules.needs_of_rises([rise], [pages], answers)
    wanted = {(id(pages), SelectionId("a")): (10 * UNIT, 10 * UNIT)}
    asked = {(id(pages), SelectionId("a")): (0, 0)}
    assert needs == (wanted if bound is Bound.SELECTION else asked)
