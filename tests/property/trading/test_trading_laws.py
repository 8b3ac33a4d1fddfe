"""Laws of limits: nothing is ever above one, and room is neither made nor lost."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.shards import PARTITIONS_ALL, Shard
from pitboss.sportsbook.betting.model import Leg
from pitboss.sportsbook.trading import rules
from pitboss.sportsbook.trading.model import (
    EVERYBODY,
    TAKEN,
    UNLIMITED,
    Book,
    Bound,
    Ceiling,
    Page,
    Place,
    Referred,
    Stand,
    Taking,
    TooMuch,
)

NAMES = "abcde"
CENT = 10_000
PLACE = Place(market_id=MarketId("m"), event_id=EventId("e"))
prices = st.fractions(min_value=Fraction(101, 100), max_value=1_000, max_denominator=100)
amounts = st.integers(min_value=0, max_value=10**12)


@st.composite
def takings(draw: st.DrawFn) -> Taking:
    """Draw a bet of one to five legs, on one line or on several."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    legs = tuple(
        Leg(
            selection_id=SelectionId(name),
            market_id=MarketId("m"),
            event_id=EventId(name),
            price=f"{price.numerator}/{price.denominator}",
            tick=1,
        )
        for name, price in ((name, draw(prices)) for name in names)
    )
    of = draw(st.integers(min_value=1, max_value=300))
    on = st.integers(min_value=1, max_value=of)
    lines = draw(st.none() | st.tuples(*([on] * len(legs))))
    return Taking(
        key=BetId("b"),
        shard=Shard(0),
        player_id=PlayerId(draw(st.sampled_from(("p", "q")))),
        currency="EUR",
        stake_micros=CENT * draw(st.integers(min_value=1, max_value=10**7)),
        legs=legs,
        lines=lines,
        lines_all=1 if lines is None else of,
    )


@given(
    bets=st.lists(takings(), max_size=20),
    rooms=st.tuples(*([amounts] * len(NAMES))),
    bet_max=amounts | st.just(UNLIMITED),
    factor=st.fractions(min_value=0, max_value=3),
)
def test_what_is_taken_is_within_every_limit_and_what_is_refused_is_not(
    bets: list[Taking], rooms: tuple[int, ...], bet_max: int, factor: Fraction
) -> None:
    before = dict(zip(map(SelectionId, NAMES), rooms, strict=True))
    pages = {
        one: Page.of(
            Book(
                place=PLACE,
                ceiling=Ceiling(bet_max=bet_max, total_max=room),
                share=room,
                room=room,
            )
        )
        for one, room in before.items()
    }
    factors = {PlayerId("q"): factor}

    answers = rules.decide(bets, [pages] * len(bets), factors)

    left = dict(before)
    for bet, answer in zip(bets, answers, strict=True):
        most = rules.floor_of(bet_max, factors.get(bet.player_id, EVERYBODY))
        risks = rules.risks_of(bet)
        fits = all(risk.winnings_micros <= min(most, left[risk.selection_id]) for risk in risks)
        assert isinstance(answer, TooMuch) is not fits
        if fits:
            for risk in risks:
                left[risk.selection_id] -= risk.winnings_micros
    assert left == {one: page.room for one, page in pages.items()}
    assert min(left.values()) >= 0


@given(
    bets=st.lists(st.tuples(takings(), st.booleans()), max_size=20),
    rooms=st.tuples(*([amounts] * len(NAMES))),
    bet_max=amounts,
    referral_max=amounts,
    factor=st.fractions(min_value=0, max_value=3),
)
def test_who_waits_for_a_trader_has_all_but_the_limit_of_one_bet_and_takes_room(
    bets: list[tuple[Taking, bool]],
    rooms: tuple[int, ...],
    bet_max: int,
    referral_max: int,
    factor: Fraction,
) -> None:
    left = dict(zip(map(SelectionId, NAMES), rooms, strict=True))
    ceiling = Ceiling(bet_max=bet_max, total_max=max(rooms), referral_max=referral_max)
    pages = {
        one: Page.of(Book(place=PLACE, ceiling=ceiling, share=room, room=room))
        for one, room in left.items()
    }
    factors = {PlayerId("q"): factor}
    wanted = [structs.replace(bet, waits=waits) for bet, waits in bets]

    answers = rules.decide(wanted, [pages] * len(wanted), factors)

    for bet, answer in zip(wanted, answers, strict=True):
        mine = factors.get(bet.player_id, EVERYBODY)
        alone, ever = (rules.floor_of(most, mine) for most in (bet_max, max(bet_max, referral_max)))
        risks = rules.risks_of(bet)
        worst = max(risk.winnings_micros for risk in risks)
        has_room = all(risk.winnings_micros <= left[risk.selection_id] for risk in risks)
        if has_room and worst <= alone:
            assert answer == TAKEN
        elif has_room and worst <= ever and bet.waits:
            assert isinstance(answer, Referred)
            assert (answer.winnings_micros, answer.winnings_micros_max) == (worst, alone)
        else:
            assert isinstance(answer, TooMuch)
            continue
        for risk in risks:
            left[risk.selection_id] -= risk.winnings_micros
    assert left == {one: page.room for one, page in pages.items()}


@given(bet=takings(), rooms=st.tuples(*([amounts] * len(NAMES))), factor=st.fractions(0, 3))
def test_the_largest_stake_passes_and_a_cent_more_does_not(
    bet: Taking, rooms: tuple[int, ...], factor: Fraction
) -> None:
    limits = {SelectionId(name): (room // 2, room) for name, room in zip(NAMES, rooms, strict=True)}

    def passes(stake: int) -> bool:
        other = Taking(
            key=bet.key,
            shard=bet.shard,
            player_id=bet.player_id,
            currency=bet.currency,
            stake_micros=stake,
            legs=bet.legs,
            lines=bet.lines,
            lines_all=bet.lines_all,
        )
        return all(
            risk.winnings_micros <= rules.floor_of(limits[risk.selection_id][0], factor)
            and risk.winnings_micros <= limits[risk.selection_id][1]
            for risk in rules.risks_of(other)
        )

    found = rules.stake_max(bet, limits, factor)

    assert found.stake_micros_max % CENT == 0
    assert found.stake_micros_max == 0 or passes(found.stake_micros_max)
    assert not passes(found.stake_micros_max + CENT)
    assert found.bound in Bound


@given(
    total=amounts,
    taken=st.tuples(*([amounts] * 4)),
    moved=st.tuples(*([st.integers(-(10**12), 10**12)] * 3)),
    partition=st.sampled_from(PARTITIONS_ALL),
    need=amounts,
)
def test_moving_makes_no_room_and_gives_nobody_too_much(
    total: int, taken: tuple[int, ...], moved: tuple[int, ...], partition: int, need: int
) -> None:
    shifts = (*moved, -sum(moved))
    stands = [
        Stand(partition=one, winnings_micros=taken[one], moved_micros=shifts[one])
        for one in PARTITIONS_ALL
    ]
    before = rules.rooms_of(total, stands)
    assert sum(before.values()) == total - sum(taken)

    moves = rules.move_room(total, stands, PARTITIONS_ALL[partition], need)

    after = {one: room + moves.get(one, 0) for one, room in before.items()}
    assert sum(after.values()) == sum(before.values())
    assert not min(after.values()) < 0 < max(after.values())
    if sum(before.values()) >= 0:
        assert after[PARTITIONS_ALL[partition]] >= min(need, sum(before.values()), 0)
        if need <= sum(before.values()):
            assert after[PARTITIONS_ALL[partition]] >= need


@given(total=st.integers(min_value=0, max_value=10**18))
def test_the_shares_of_a_limit_are_the_limit(total: int) -> None:
    shares = [rules.share_of(total, one) for one in PARTITIONS_ALL]

    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


@given(bets=st.lists(takings(), max_size=8))
def test_what_is_released_is_what_was_taken(bets: list[Taking]) -> None:
    assert rules.change_of(bets, bets) == []
    taken = rules.change_of([], bets)
    released = rules.change_of(bets, [])
    assert [(-line.bets, -line.stake_micros, -line.winnings_micros) for line in released] == [
        (line.bets, line.stake_micros, line.winnings_micros) for line in taken
    ]
