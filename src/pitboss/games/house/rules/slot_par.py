"""The PAR sheet of the slot: the exact distribution of a spin, and what follows from it.

All combinations of stops are counted, reel by reel: after each reel it matters only which symbols
still go on, with how many ways each, what was won and how many scatters there are, and equal ones
are counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

from pitboss.games.house.model import House, Par

from .slot import REELS, ROWS, SCATTER, SHEET, WILD, Sheet, shown

# Symbols that go on, each with its ways; coins won; scatters seen.
_Ways = tuple[tuple[str, int], ...]
_State = tuple[_Ways, int, int]


def outcomes(sheet: Sheet, *, free: bool) -> Counter[tuple[int, int]]:
    """Count all combinations of stops by the coins of the ways and the scatters they show."""
    start: _Ways = tuple((symbol, 1) for symbol in sheet.pays)
    states: Counter[_State] = Counter({(start, 0, 0): 1})
    for reel, strip in enumerate(sheet.free_strips if free else sheet.strips):
        windows = Counter("".join(sorted(shown(strip, stop))) for stop in range(len(strip)))
        after: Counter[_State] = Counter()
        for (live, coins, scatters), times in states.items():
            for rows, often in windows.items():
                going, won = _go_on(sheet, live, rows, reel)
                state = (going, coins + won, scatters + rows.count(SCATTER))
                after[state] += times * often
        states = after
    ends: Counter[tuple[int, int]] = Counter()
    for (live, coins, scatters), times in states.items():
        won = sum(sheet.pays[symbol][REELS - ROWS] * product for symbol, product in live)
        ends[coins + won, scatters] += times
    return ends


def _go_on(sheet: Sheet, live: _Ways, rows: str, reel: int) -> tuple[_Ways, int]:
    going, won = [], 0
    wilds = rows.count(WILD)
    for symbol, product in live:
        here = rows.count(symbol) + wilds
        if here:
            going.append((symbol, product * here))
        elif reel >= ROWS:
            won += sheet.pays[symbol][reel - ROWS] * product
    return tuple(going), won


@cache
def sheet_par(sheet_digest: str = SHEET.digest) -> Par:
    """Return the PAR sheet of the version that is played."""
    assert sheet_digest == SHEET.digest  # noqa: S101 - the only one there is; it keys the cache
    return make_par(SHEET)


def make_par(sheet: Sheet) -> Par:
    """Return the PAR sheet of any strips and pay table."""
    base, free = outcomes(sheet, free=False), outcomes(sheet, free=True)
    cycle, coins = sheet.stops**REELS, sheet.coins
    one, one_squared = _moments(sheet, free, cycle)
    parts = {"ways": Fraction(0), "scatters": Fraction(0), "free spins": Fraction(0)}
    squares = hits = triggers = Fraction(0)
    for (won, scatters), times in base.items():
        chance = Fraction(times, cycle)
        paid, spins = sheet.scatters.get(scatters, 0), sheet.free.get(scatters, 0)
        first, more = won + paid, spins * one
        parts["ways"] += chance * won
        parts["scatters"] += chance * paid
        parts["free spins"] += chance * more
        # Free spins are independent of each other, and of all that came before but their number.
        more_squared = spins * (one_squared - one**2) + more**2
        squares += chance * (first**2 + 2 * first * more + more_squared)
        hits += chance * _any_win(first, spins, free, cycle)
        triggers += chance * (spins > 0)
    mean = sum(parts.values(), start=Fraction(0)) / coins
    win_max, win_max_chance = _greatest(sheet, base, free, cycle)
    return Par(
        game=House.SLOT,
        version=sheet.version,
        name="Lantern Ways",
        basis=f"all {cycle} combinations of stops, of spins and of free spins",
        rtp=mean,
        mean=mean,
        variance=squares / coins**2 - mean**2,
        hits=hits,
        win_max=Fraction(win_max, coins),
        win_max_chance=win_max_chance,
        parts={name: part / coins for name, part in parts.items()},
        notes={
            "cycle": cycle,
            "free spins won, chance": triggers,
            "one free spin returns": one / coins,
            "sheet sha256": sheet.digest,
        },
    )


def _moments(sheet: Sheet, free: Counter[tuple[int, int]], cycle: int) -> tuple[Fraction, Fraction]:
    factor = sheet.free_factor
    one = sum(won * times for (won, _), times in free.items())
    squared = sum(won**2 * times for (won, _), times in free.items())
    return Fraction(one * factor, cycle), Fraction(squared * factor**2, cycle)


def _any_win(first: int, spins: int, free: Counter[tuple[int, int]], cycle: int) -> Fraction:
    if first:
        return Fraction(1)
    nothing = sum(times for (won, _), times in free.items() if not won)
    return 1 - Fraction(nothing, cycle) ** spins


def _greatest(
    sheet: Sheet,
    base: Counter[tuple[int, int]],
    free: Counter[tuple[int, int]],
    cycle: int,
) -> tuple[int, Fraction]:
    best = max(won for won, _ in free)
    best_chance = Fraction(sum(times for (won, _), times in free.items() if won == best), cycle)

    def ends() -> Iterator[tuple[int, Fraction]]:
        for (won, scatters), times in base.items():
            spins = sheet.free.get(scatters, 0)
            total = won + sheet.scatters.get(scatters, 0) + spins * best * sheet.free_factor
            yield total, Fraction(times, cycle) * best_chance**spins

    most = max(total for total, _ in ends())
    return most, sum((chance for total, chance in ends() if total == most), start=Fraction(0))
