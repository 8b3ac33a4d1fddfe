"""Millions of rounds of the house's games at once, held against their PAR sheets.

The rules are written here a second time, over arrays; on the same draws they pay what the rounds of
`games.house` pay.  Stops, numbers and cards come from numpy's PCG64 with a seed: this is evidence
about the games' mathematics, and none about the certified generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitboss.assay.tables import Table, play
from pitboss.games import house
from pitboss.games.house.model import House, Par

Ints = NDArray[np.int64]
# Gives the stops of so many free spins, one row for each.
Stops = Callable[[int], Ints]

CHUNK = {House.ROULETTE: 1_000_000, House.SLOT: 250_000, House.BLACKJACK: 50_000}
ROUNDS_MAX = 1_000_000_000
# Of runs with a right sheet one in a hundred is told to differ.
LEVEL = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What rounds returned, in first stakes, beside what they should.

    `low` and `high` are the interval of 99 % around the simulated mean, for all lines of a game
    together, by the deviation of the PAR sheet: that of a run is too small for as long as it has
    had no great win.  `agrees` says that the exact mean is within.
    """

    name: str
    rounds: int
    mean: float
    deviation: float
    low: float
    high: float
    exact: Fraction
    hits: float
    win_max: float
    agrees: bool


@dataclass(slots=True)
class _Sums:
    """Sums over rounds, of whole parts of a stake, so that none is rounded."""

    part: int
    total: int = 0
    squares: int = 0
    hits: int = 0
    most: int = 0

    def add(self, net: Ints, returned: Ints) -> None:
        self.total += int(net.sum())
        self.squares += int((net * net).sum())
        self.hits += int((returned > 0).sum())
        self.most = max(self.most, int(returned.max()))


def simulate(game: House, *, rounds: int, seed: int) -> tuple[Simulated, ...]:
    """Play rounds and hold them against the PAR sheet; the same seed plays the same rounds."""
    random = np.random.default_rng(seed)
    sizes = _sizes(rounds, CHUNK[game])
    run = {House.ROULETTE: _roulette, House.SLOT: _slot, House.BLACKJACK: _blackjack}[game]
    sums = run(random, sizes)
    sheets = house.pars(game)
    z = NormalDist().inv_cdf(1 - LEVEL / 2 / len(sheets))
    return tuple(
        _judged(sheet, sums[sheet.name], rounds, z) for sheet in sheets if sheet.name in sums
    )


def _sizes(rounds: int, chunk: int) -> Iterator[int]:
    while rounds > 0:
        yield min(rounds, chunk)
        rounds -= chunk


def _judged(sheet: Par, sums: _Sums, rounds: int, z: float) -> Simulated:
    mean = sums.total / rounds / sums.part
    variance = Fraction(sums.squares, rounds) - Fraction(sums.total, rounds) ** 2
    reach = z * math.sqrt(sheet.variance / rounds)
    return Simulated(
        name=sheet.name,
        rounds=rounds,
        mean=mean,
        deviation=math.sqrt(variance) / sums.part,
        low=mean - reach,
        high=mean + reach,
        exact=sheet.mean,
        hits=sums.hits / rounds,
        win_max=sums.most / sums.part,
        agrees=abs(mean - float(sheet.mean)) <= reach,
    )


def _roulette(random: np.random.Generator, sizes: Iterator[int]) -> dict[str, _Sums]:
    places = {kind: places[0] for kind, places in house.roulette_table().items()}
    sums = {kind: _Sums(part=1) for kind in places}
    for size in sizes:
        numbers = random.integers(0, 37, size=size)
        for kind, place in places.items():
            won = roulette_returns(numbers, place)
            sums[kind].add(won, won)
    return sums


def roulette_returns(numbers: Ints, place: tuple[int, ...]) -> Ints:
    """Return what a stake of one on a place gets back from each number."""
    pays = np.zeros(37, dtype=np.int64)
    pays[list(place)] = 36 // len(place)
    return pays[numbers]


class Reels:
    """The slot's strips as tables by stop."""

    def __init__(self, *, free: bool) -> None:
        sheet = house.slot_sheet()
        self.factor = sheet.free_factor if free else 1
        self.stops = sheet.stops
        strips = sheet.free_strips if free else sheet.strips
        self.scatters = [self._counts(strip, "S") for strip in strips]
        self.pays = [np.array([0, 0, 0, *pays], dtype=np.int64) for pays in sheet.pays.values()]
        self.counts = [
            [self._counts(strip, symbol + "W") for strip in strips] for symbol in sheet.pays
        ]
        # Ways on the first three reels, by all three stops at once: most symbols end there.
        self.three = [
            (one[:, None, None] * two[None, :, None] * three[None, None, :]).ravel()
            for one, two, three, *_ in self.counts
        ]
        self.scatter_pays = np.zeros(16, dtype=np.int64)
        self.spins = np.zeros(16, dtype=np.int64)
        for found, pays in sheet.scatters.items():
            self.scatter_pays[found] = pays
        for found, spins in sheet.free.items():
            self.spins[found] = spins

    @staticmethod
    def _counts(strip: str, symbols: str) -> Ints:
        here = np.array([letter in symbols for letter in strip], dtype=np.int64)
        return here + np.roll(here, -1) + np.roll(here, -2)

    def coins(self, stops: Ints) -> tuple[Ints, Ints]:
        """Return the coins that each spin pays, and the free spins that it wins."""
        first = (stops[:, 0] * self.stops + stops[:, 1]) * self.stops + stops[:, 2]
        coins = np.zeros(len(stops), dtype=np.int64)
        for pays, counts, three in zip(self.pays, self.counts, self.three, strict=True):
            ways = three[first]
            rows = np.flatnonzero(ways)
            ways = ways[rows]
            fourth, fifth = counts[3][stops[rows, 3]], counts[4][stops[rows, 4]]
            length = 3 + (fourth > 0) + ((fourth > 0) & (fifth > 0))
            ways *= np.where(fourth > 0, fourth * np.maximum(fifth, 1), 1)
            coins[rows] += pays[length] * ways
        found = sum((table[stops[:, reel]] for reel, table in enumerate(self.scatters)), start=0)
        return (coins + self.scatter_pays[found]) * self.factor, self.spins[found]


def slot_rounds(base: Reels, free: Reels, stops: Ints, more: Stops) -> Ints:
    """Return the coins of whole rounds; free spins take their stops in the order of the rounds."""
    coins, spins = base.coins(stops)
    won, _ = free.coins(more(int(spins.sum())))
    np.add.at(coins, np.repeat(np.arange(len(stops)), spins), won)
    return coins


def _slot(random: np.random.Generator, sizes: Iterator[int]) -> dict[str, _Sums]:
    base, free = Reels(free=False), Reels(free=True)
    sums = _Sums(part=house.slot_sheet().coins)

    def stops(size: int) -> Ints:
        return random.integers(0, base.stops, size=(size, 5))

    for size in sizes:
        coins = slot_rounds(base, free, stops(size), stops)
        sums.add(coins, coins)
    (sheet,) = house.pars(House.SLOT)
    return {sheet.name: sums}


class _Shoes:
    """Shoes that are shuffled as far as anybody takes cards (Fisher and Yates)."""

    def __init__(self, random: np.random.Generator, size: int) -> None:
        self._random = random
        self._cards = np.tile(np.arange(312, dtype=np.int16), (size, 1))
        self._rows = np.arange(size)
        self._ready = 0

    def __call__(self, rows: Ints, places: Ints) -> Ints:
        """Return the card at a place of each of these shoes."""
        while len(places) and self._ready <= places.max():
            here = self._ready
            other = self._random.integers(here, 312, size=len(self._rows))
            card = self._cards[self._rows, other]
            self._cards[self._rows, other] = self._cards[:, here]
            self._cards[:, here] = card
            self._ready += 1
        taken: Ints = self._cards[rows, places].astype(np.int64)
        return taken


def _blackjack(random: np.random.Generator, sizes: Iterator[int]) -> dict[str, _Sums]:
    table, sums = Table(), _Sums(part=2)
    for size in sizes:
        stakes, halves = play(table, _Shoes(random, size), size)
        sums.add(2 + halves - 2 * stakes, halves)
    (sheet,) = house.pars(House.BLACKJACK)
    return {sheet.name: sums}


def to_json(line: Simulated) -> dict[str, Any]:
    """Return the members of a line's JSON object; the exact mean is a fraction too."""
    return {
        "name": line.name,
        "rounds": line.rounds,
        "mean": line.mean,
        "deviation": line.deviation,
        "interval": [line.low, line.high],
        "exact": float(line.exact),
        "exact_fraction": f"{line.exact.numerator}/{line.exact.denominator}",
        "hits": line.hits,
        "win_max": line.win_max,
        "agrees": line.agrees,
    }
