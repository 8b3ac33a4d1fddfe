"""What basic strategy returns: exactly from six decks, and exactly from a shoe without end.

From six decks every way to draw the player's hand and the dealer's is counted, with the cards that
are missing because they lie on the table: the return is exact.  Of two split hands only the mean is
needed for that, and it is twice that of one: which cards a hand and the dealer get does not depend
on how many lie between them, because every order of the rest of the shoe is equally likely and a
hand stops by what it has seen (the cards after it are distributed as those before).

How both split hands end together cannot be had so.  Variance, hits and the greatest win are of a
shoe without end, where hands are independent once the dealer's end is known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from math import prod

from pitboss.games.house.model import Action, House, Par

from .blackjack import ACE, BEST, DECKS, SHOE, STANDS, TEN, VERSION, paid
from .strategy import choose, splits

VALUES = tuple(range(ACE, TEN + 1))
HAS = {value: 4 * DECKS * (4 if value == TEN else 1) for value in VALUES}
BUST = BEST + 1

# How many of each value, from the ace to the ten.
Cards = tuple[int, ...]
# What a hand ends with: its total (BUST for any above 21) and its stakes.
End = tuple[int, int]
Chances = dict[tuple[int, int], Fraction]

# No hand has more cards.
_DEEP = BEST

NONE: Cards = (0,) * len(VALUES)


def plus(cards: Cards, value: int) -> Cards:
    """Return cards and one more."""
    return (*cards[: value - 1], cards[value - 1] + 1, *cards[value:])


def total(cards: Cards) -> tuple[int, bool]:
    """Return the best total, and whether an ace counts 11 in it."""
    hard = sum(value * count for value, count in zip(VALUES, cards, strict=True))
    soft = bool(cards[0]) and hard + 10 <= BEST
    return (hard + 10 if soft else hard), soft


@cache
def dealer_ends(up: int) -> Counter[tuple[Cards, int]]:
    """Count the orders in which the dealer draws cards to an end; none is a blackjack."""
    ends: Counter[tuple[Cards, int]] = Counter()
    states: Counter[Cards] = Counter({plus(NONE, value): 1 for value in holes(up)})
    while states:
        after: Counter[Cards] = Counter()
        for cards, orders in states.items():
            points = total(plus(cards, up))[0]
            if points >= STANDS:
                ends[cards, min(points, BUST)] += orders
                continue
            for value in VALUES:
                after[plus(cards, value)] += orders
        states = after
    return ends


def holes(up: int) -> tuple[int, ...]:
    """Return what may lie face down when the dealer has looked and has no blackjack."""
    return tuple(value for value in VALUES if value + up != ACE + TEN or {value, up} != {ACE, TEN})


def hand_ends(start: Cards, up: int, *, split: bool) -> Counter[tuple[Cards, End]]:
    """Count the orders in which basic strategy draws to an end, with the start among the cards.

    A split hand starts with one card and takes another at once; split aces take no more.
    """
    ends: Counter[tuple[Cards, End]] = Counter()
    states: Counter[Cards] = Counter({start: 1})
    while states:
        after: Counter[Cards] = Counter()
        for cards, orders in states.items():
            for value, action in _moves(cards, start, up, split=split):
                more = plus(cards, value) if value else cards
                points = total(more)[0]
                last = action in {Action.STAND, Action.DOUBLE} or points >= BEST
                if last:
                    stakes = 2 if action is Action.DOUBLE else 1
                    ends[more, (min(points, BUST), stakes)] += orders
                else:
                    after[more] += orders
        states = after
    return ends


def _moves(cards: Cards, start: Cards, up: int, *, split: bool) -> Iterator[tuple[int, Action]]:
    """Yield the cards that come next, and the action that brought them; 0 is no card."""
    count = sum(cards)
    if count == 1:
        # Split aces stand on what comes; to stand with a card is said only here.
        action = Action.STAND if start[0] else Action.HIT
        yield from ((value, action) for value in VALUES)
        return
    points, soft = total(cards)
    action = choose(points, up, soft=soft, may_double=count == 2)
    if action is Action.STAND:
        yield 0, action
    else:
        yield from ((value, action) for value in VALUES)


class _Tally:
    """Sums of stakes and returns, in whole orders of so many cards."""

    def __init__(self) -> None:
        self.staked: defaultdict[int, int] = defaultdict(int)
        self.halves: defaultdict[int, int] = defaultdict(int)

    def add(self, cards: int, orders: int, *, stakes: int, halves: int) -> None:
        """Count orders of so many cards that each stake and return this."""
        self.staked[cards] += orders * stakes
        self.halves[cards] += orders * halves

    def result(self) -> tuple[Fraction, Fraction]:
        """Return the mean number of stakes, and the mean return in stakes."""
        return _mean(self.staked), _mean(self.halves) / 2


def _mean(sums: Mapping[int, int]) -> Fraction:
    return sum(
        (Fraction(times, falling(SHOE, cards)) for cards, times in sums.items()), start=Fraction(0)
    )


def falling(size: int, count: int) -> int:
    """Return in how many orders so many of so many can be drawn."""
    return prod(range(size - count + 1, size + 1)) if count <= size else 0


# Asked for millions of times.
_FALLING = [
    [falling(size, count) for count in range(STANDS + 1)] for size in range(max(HAS.values()) + 1)
]


@cache
def six_decks() -> tuple[Fraction, Fraction]:
    """Return, by first stakes, how much a round stakes and how much it returns: exactly."""
    tally = _Tally()
    for up in VALUES:
        ends: Counter[tuple[Cards, End, int]] = Counter()
        for first in VALUES:
            for second in range(first, TEN + 1):
                both = 1 if first == second else 2
                pair = plus(plus(NONE, first), second)
                if (first, second) == (ACE, TEN):
                    _natural(tally, pair, up, both)
                elif first == second and splits(first, up):
                    for (cards, end), orders in hand_ends(
                        plus(NONE, first), up, split=True
                    ).items():
                        ends[plus(cards, first), end, 2] += orders
                else:
                    for (cards, end), orders in hand_ends(pair, up, split=False).items():
                        ends[cards, end, 1] += orders * both
                if (first, second) != (ACE, TEN):
                    _looked(tally, pair, up, both)
        for (cards, end, hands), orders in ends.items():
            _against(tally, cards, up, end, orders * hands)
    return tally.result()


def _orders(cards: Cards) -> int:
    """Return in how many ways the shoe gives these cards in one order of their values."""
    return prod(falling(HAS[value], cards[value - 1]) for value in VALUES)


def _natural(tally: _Tally, pair: Cards, up: int, both: int) -> None:
    """Count a blackjack: 3 to 2, or even with the dealer's."""
    for hole in VALUES:
        orders = both * _orders(plus(plus(pair, up), hole))
        tally.add(4, orders, stakes=1, halves=5 if hole in holes(up) else 2)


def _looked(tally: _Tally, pair: Cards, up: int, both: int) -> None:
    """Count what a dealer's blackjack takes, before anything is doubled or split."""
    for hole in set(VALUES) - set(holes(up)):
        tally.add(4, both * _orders(plus(plus(pair, up), hole)), stakes=1, halves=0)


def _against(tally: _Tally, cards: Cards, up: int, end: End, times: int) -> None:
    """Count one end of a hand against all ends of the dealer."""
    points, stakes = end
    table = plus(cards, up)
    orders, count = times * _orders(table), sum(table)
    left = [HAS[value] - table[value - 1] for value in VALUES]
    if points > BEST:
        # Whatever the dealer has, unless it was a blackjack, in which case this never came.
        may = sum(left[value - 1] for value in holes(up))
        tally.add(count + 1, orders * may, stakes=stakes, halves=0)
        return
    rows = [_FALLING[size] for size in left]
    ways: defaultdict[int, int] = defaultdict(int)
    halves: defaultdict[int, int] = defaultdict(int)
    for theirs, drawn, counts, times_dealt in _dealer(up):
        for index, needed in counts:
            times_dealt *= rows[index][needed]
        ways[drawn] += times_dealt
        halves[drawn] += 2 * paid(points, theirs) * times_dealt
    for drawn, dealt in ways.items():
        tally.staked[count + drawn] += orders * stakes * dealt
        tally.halves[count + drawn] += orders * stakes * halves[drawn]


@cache
def _dealer(up: int) -> tuple[tuple[int, int, tuple[tuple[int, int], ...], int], ...]:
    """Return the dealer's ends: total, number of cards, (place, count) of each value, orders."""
    return tuple(
        (points, sum(cards), tuple((at, count) for at, count in enumerate(cards) if count), orders)
        for (cards, points), orders in dealer_ends(up).items()
    )


@cache
def endless() -> Chances:
    """Return the chance of each (stakes, half stakes returned), from a shoe without end."""
    chances: defaultdict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for up in VALUES:
        for first in VALUES:
            for second in range(first, TEN + 1):
                both = 1 if first == second else 2
                here = both * _chance(up) * _chance(first) * _chance(second)
                for outcome, chance in _round(first, second, up):
                    chances[outcome] += here * chance
    return dict(chances)


def _chance(value: int) -> Fraction:
    return Fraction(HAS[value], SHOE)


def _likely(cards: Cards) -> int:
    """Return the chance of these cards in one order, in 13ths to the power of `_DEEP`."""
    tens: int = 4 ** cards[TEN - 1] * 13 ** (_DEEP - sum(cards))
    return tens


def _round(first: int, second: int, up: int) -> Iterator[tuple[tuple[int, int], Fraction]]:
    looked = sum((_chance(hole) for hole in holes(up)), start=Fraction(0))
    natural = {first, second} == {ACE, TEN}
    if natural:
        yield (1, 5), looked
        yield (1, 2), 1 - looked
        return
    yield (1, 0), 1 - looked
    split = first == second and splits(first, up)
    mine = _endless_hand(first, 0 if split else second, up)
    for theirs, chance in _endless_dealer(up).items():
        ends: defaultdict[tuple[int, int], Fraction] = defaultdict(Fraction)
        for (points, stakes), part in mine.items():
            ends[stakes, 2 * stakes * paid(points, theirs)] += part
        if not split:
            yield from ((outcome, chance * part) for outcome, part in ends.items())
            continue
        for one, part in ends.items():
            for other, beside in ends.items():
                yield (one[0] + other[0], one[1] + other[1]), chance * part * beside


@cache
def _endless_hand(first: int, second: int, up: int) -> dict[End, Fraction]:
    """Return the chances of a hand's ends; without a second card it was split."""
    start = plus(NONE, first) if not second else plus(plus(NONE, first), second)
    ends: Counter[End] = Counter()
    for (cards, end), orders in hand_ends(start, up, split=not second).items():
        ends[end] += orders * _likely(cards)
    return {end: Fraction(part, _likely(start)) for end, part in ends.items()}


@cache
def _endless_dealer(up: int) -> dict[int, Fraction]:
    ends: Counter[int] = Counter()
    for (cards, points), orders in dealer_ends(up).items():
        ends[points] += orders * _likely(cards)
    return {points: Fraction(part, 13**_DEEP) for points, part in ends.items()}


@cache
def sheet_par() -> Par:
    """Return what the game does for who plays basic strategy."""
    staked, returned = six_decks()
    chances = endless()
    net = {
        outcome: 1 + Fraction(halves, 2) - stakes
        for outcome in chances
        for stakes, halves in [outcome]
    }
    mean = sum((net[one] * chance for one, chance in chances.items()), start=Fraction(0))
    squares = sum((net[one] ** 2 * chance for one, chance in chances.items()), start=Fraction(0))
    most = max(halves for _, halves in chances)
    return Par(
        game=House.BLACKJACK,
        version=VERSION,
        name="Blackjack, basic strategy",
        basis="rtp and mean: every hand of six decks; the others: a shoe without end",
        rtp=returned / staked,
        mean=1 + returned - staked,
        variance=squares - mean**2,
        hits=sum((chance for (_, halves), chance in chances.items() if halves), start=Fraction(0)),
        win_max=Fraction(most, 2),
        win_max_chance=sum(
            (chance for (_, halves), chance in chances.items() if halves == most),
            start=Fraction(0),
        ),
        parts={"basic strategy": returned / staked},
        notes={
            "stakes in a round, six decks": staked,
            "mean, shoe without end": mean,
            "loses of the first stake, six decks": staked - returned,
        },
    )
