"""Tests of what words were mapped to: equally likely numbers, weighted picks and shuffles.

Source: Knuth, The Art of Computer Programming 2, 3.3.2, A to G, for the tests of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from pitboss.assay import chances
from pitboss.assay.findings import (
    EXPECTED_MIN,
    Finding,
    Numbers,
    Skipped,
    of_counts,
    of_deviation,
)

Found = Finding | Skipped

PAIR_CELLS_MAX = 1 << 20
WIDE_CELLS = 1024
# From so many numbers on, two equal ones are not to be expected.
WIDE = 1 << 60
HAND = 5
PERMUTED = 4
COUPON_SIZE_MAX = 64
# Of so many things the number of those that coincide is Poisson's, but for what nobody can see;
# from so many coincidences on it is normal as well.
SPARSE_SIZE_MIN = 32
SPARSE_MAX = 1_000
# Words that somebody may have taken a remainder of.
SCALED_BITS = (8, 16, 24, 32)


def assay_numbers(numbers: Numbers, size: int, *, stream: str) -> Iterator[Found]:
    """Test numbers from 0 to below `size` that should be equally likely and independent."""
    yield _frequencies(numbers, size, stream)
    yield _serial(numbers, size, stream)
    yield _gaps(numbers, size, stream)
    yield _poker(numbers, size, stream)
    yield _coupons(numbers, size, stream)
    yield _orders(numbers, stream)
    if size >= WIDE:
        yield _runs_up(numbers, stream)
    yield _correlation(numbers, size, stream)
    yield from _scaling(numbers, size, stream)


def assay_weighted(numbers: Numbers, weights: Sequence[int], *, stream: str) -> Iterator[Found]:
    """Test picks that should be as frequent as their weights say, and independent."""
    shares = np.array(weights, dtype=float) / sum(weights)
    places = np.flatnonzero(shares)
    seen = np.bincount(numbers, minlength=len(weights))
    if seen[shares == 0].any():
        yield Finding(suite="own", stream=stream, test="weights of 0", p=0.0, detail="were picked")
    yield of_counts(stream, "frequencies", seen[places], shares[places] * len(numbers))
    firsts, seconds = numbers[: len(numbers) // 2 * 2 : 2], numbers[1::2]
    pairs = np.bincount(firsts * len(weights) + seconds, minlength=len(weights) ** 2)
    expected = np.outer(shares, shares).ravel() * len(firsts)
    yield of_counts(stream, "serial pairs", pairs[expected > 0], expected[expected > 0])


def assay_shuffles(shuffles: Numbers, size: int, *, stream: str) -> Iterator[Found]:
    """Test the first places of shuffles, one a row, where each order should be equally likely."""
    count, places = shuffles.shape
    if count / size >= EXPECTED_MIN:
        yield _places(shuffles, size, stream)
    if places == size <= 6:
        orders = {order: place for place, order in enumerate(permutations(range(size)))}
        seen = np.bincount([orders[tuple(row)] for row in shuffles.tolist()], minlength=len(orders))
        yield of_counts(stream, "every order", seen, np.full(len(orders), count / len(orders)))
    fixed = int((shuffles == np.arange(places)).sum())
    yield _coincidences("things that stay", fixed, places, size, count, stream)
    neighbours = int((shuffles[:, 1:] - shuffles[:, :-1] == 1).sum())
    if places > 1:
        name = "things that stay together"
        yield _coincidences(name, neighbours, places - 1, size, count, stream)


def _places(shuffles: Numbers, size: int, stream: str) -> Finding:
    """Each thing is on each place as often as any other."""
    count, places = shuffles.shape
    cells = np.bincount((np.arange(places) * size + shuffles).ravel(), minlength=places * size)
    expected = count / size
    statistic = float(((cells - expected) ** 2 / expected).sum())
    name = "places of each (chi-square)"
    if places == size:
        # Rows and columns have fixed sums: (size - 1)**2 cells are free, and each square is
        # expected to be a little smaller than chi-square's.
        free, fitting = (size - 1) ** 2, statistic * (size - 1) / size
        p = chances.two_sided(chances.chi_square(fitting, free))
        detail = f"chi-square {fitting:.1f} with {free} degrees of freedom"
        return Finding(suite="own", stream=stream, test=name, p=p, detail=detail)
    # Of some of the places only rows have; two of them correlate by -1 / (size - 1).
    mean = places * (size - 1)
    variance = 2 * (mean + places * (places - 1) / (size - 1))
    return of_deviation(stream, name, statistic, mean, variance)


def _coincidences(
    test: str, seen: int, chances_of: int, size: int, count: int, stream: str
) -> Finding:
    """Each of so many things in a shuffle happens once in `size`, and two of them together once
    in size * (size - 1)."""
    mean = chances_of / size
    expected = count * mean
    if size >= SPARSE_SIZE_MIN and expected < SPARSE_MAX:
        p = chances.poisson(seen, expected)
        detail = f"{seen:,} where {expected:,.1f} are expected"
        return Finding(suite="own", stream=stream, test=test, p=p, detail=detail)
    variance = chances_of * (chances_of - 1) / (size * (size - 1)) + mean - mean**2
    return of_deviation(stream, test, seen, expected, count * variance)


def _frequencies(numbers: Numbers, size: int, stream: str) -> Found:
    """Source: Knuth, 3.3.2 A."""
    if size > PAIR_CELLS_MAX:
        # So many numbers fit into each of these cells that one more or less does not count.
        cells = np.minimum((numbers / size * WIDE_CELLS).astype(np.int64), WIDE_CELLS - 1)
        expected = np.full(WIDE_CELLS, len(numbers) / WIDE_CELLS)
        return of_counts(stream, "frequencies", np.bincount(cells, minlength=WIDE_CELLS), expected)
    expected = np.full(size, len(numbers) / size)
    return of_counts(stream, "frequencies", np.bincount(numbers, minlength=size), expected)


def _serial(numbers: Numbers, size: int, stream: str) -> Found:
    """Source: Knuth, 3.3.2 B; no number is in two pairs."""
    firsts, seconds = numbers[: len(numbers) // 2 * 2 : 2], numbers[1::2]
    if size * size > min(PAIR_CELLS_MAX, len(firsts) // 5):
        return Skipped(
            suite="own", stream=stream, test="serial pairs", why="too few numbers for it"
        )
    expected = np.full(size * size, len(firsts) / size**2)
    seen = np.bincount(firsts * size + seconds, minlength=size * size)
    return of_counts(stream, "serial pairs", seen, expected)


def _gaps(numbers: Numbers, size: int, stream: str) -> Found:
    """How long until a number is in the lower half again. Source: Knuth, 3.3.2 D."""
    half = max(size // 2, 1)
    share = half / size
    hits = np.flatnonzero(numbers < half)
    gaps = np.diff(hits) - 1
    longest = 30
    expected = [share * (1 - share) ** gap for gap in range(longest)] + [(1 - share) ** longest]
    seen = np.bincount(np.minimum(gaps, longest), minlength=longest + 1)
    return of_counts(stream, "gaps", seen, np.array(expected) * len(gaps))


def _poker(numbers: Numbers, size: int, stream: str) -> Found:
    """How many different ones are in a hand of five. Source: Knuth, 3.3.2 E."""
    hands = np.sort(numbers[: len(numbers) // HAND * HAND].reshape(-1, HAND), axis=1)
    different = 1 + (np.diff(hands, axis=1) != 0).sum(axis=1)
    expected = [
        _stirling(HAND, kinds) * math.perm(size, kinds) / size**HAND for kinds in range(1, HAND + 1)
    ]
    seen = np.bincount(different, minlength=HAND + 1)[1:]
    return of_counts(stream, "poker", seen, np.array(expected) * len(hands))


def _coupons(numbers: Numbers, size: int, stream: str) -> Found:
    """How many numbers until each came once. Source: Knuth, 3.3.2 F."""
    if not 2 <= size <= COUPON_SIZE_MAX or len(numbers) < 500 * size:
        why = f"for 2 to {COUPON_SIZE_MAX} numbers, and 500 draws of each"
        return Skipped(suite="own", stream=stream, test="coupon collector", why=why)
    lengths, missing, length = [], set(range(size)), 0
    for number in numbers.tolist():
        length += 1
        missing.discard(number)
        if not missing:
            lengths.append(length)
            missing, length = set(range(size)), 0
    longest = int(3 * size * (math.log(size) + 1)) + 5
    complete = _chances_of_being_complete(size, longest)
    shares = np.diff(complete, prepend=0.0)
    # The last cell holds all that took longer.
    shares[-1] += 1 - shares.sum()
    seen = np.bincount(
        np.minimum(np.array(lengths, dtype=np.int64) - 1, longest - 1), minlength=longest
    )
    return of_counts(stream, "coupon collector", seen, shares * len(lengths))


def _orders(numbers: Numbers, stream: str) -> Found:
    """Four numbers in a row come in each order; those with two equal ones are left out.
    Source: Knuth, 3.3.2 G."""
    rows = numbers[: len(numbers) // PERMUTED * PERMUTED].reshape(-1, PERMUTED)
    ordered = np.sort(rows, axis=1)
    rows = rows[(np.diff(ordered, axis=1) != 0).all(axis=1)]
    ranks = np.argsort(rows, axis=1)
    codes = (ranks * PERMUTED ** np.arange(PERMUTED)).sum(axis=1)
    known = [
        sum(place * PERMUTED**power for power, place in enumerate(order))
        for order in permutations(range(PERMUTED))
    ]
    seen = np.bincount(codes, minlength=PERMUTED**PERMUTED)[known]
    return of_counts(stream, "permutations", seen, np.full(len(known), len(rows) / len(known)))


def _runs_up(numbers: Numbers, stream: str) -> Found:
    """How often the direction changes, of numbers that are all different.
    Source: Wallis and Moore, 1941: of n, 2(n - 2)/3 with variance (16n - 29)/90."""
    count = len(numbers)
    turns = int((np.diff(np.sign(np.diff(numbers))) != 0).sum())
    return of_deviation(
        stream, "runs up and down", turns, 2 * (count - 2) / 3, (16 * count - 29) / 90
    )


def _correlation(numbers: Numbers, size: int, stream: str) -> Found:
    """A number says nothing of the next one. Source: Knuth, 3.3.2 K."""
    centred = numbers.astype(float) - (size - 1) / 2
    spread = (size**2 - 1) / 12
    products = float((centred[:-1] * centred[1:]).sum()) / spread
    return of_deviation(stream, "serial correlation", products, 0.0, len(numbers) - 1.0)


def _scaling(numbers: Numbers, size: int, stream: str) -> Iterator[Found]:
    """Those numbers are not favoured that the remainder of a word would favour."""
    for bits in SCALED_BITS:
        favoured = (1 << bits) % size
        if size > 1 << bits or not favoured:
            continue
        share = favoured / size
        seen = int((numbers < favoured).sum())
        mean = len(numbers) * share
        name = f"scaling bias of {bits}-bit words"
        yield of_deviation(stream, name, seen, mean, mean * (1 - share))


def _stirling(things: int, kinds: int) -> int:
    """Return in how many ways things fall into so many kinds (Stirling's second kind)."""
    if kinds in (0, things):
        return int(kinds == things)
    return kinds * _stirling(things - 1, kinds) + _stirling(things - 1, kinds - 1)


def _chances_of_being_complete(size: int, longest: int) -> list[float]:
    """Return, for 1 to `longest` numbers, the chance that each of `size` was among them."""
    have = [0.0] * (size + 1)
    have[0] = 1.0
    complete = []
    for _ in range(longest):
        have = [
            have[kinds] * kinds / size
            + (have[kinds - 1] * (size - kinds + 1) / size if kinds else 0.0)
            for kinds in range(size + 1)
        ]
        complete.append(have[size])
    return complete
