"""Sums over lines: how many there are, and what they multiply a unit stake by.

The lines of one size over n legs sum to an elementary symmetric polynomial of the legs' factors.
All sizes together are the coefficients of the product of `(1 + f x)`, so n legs cost n^2 / 2
multiplications and not 2^n products.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb

from pitboss.sportsbook.returns.model import Bundle


def count(bundles: Sequence[Bundle]) -> int:
    """Return how many lines these bundles are."""
    return sum(comb(len(bundle.legs), size) for bundle in bundles for size in bundle.sizes)


def total(bundles: Sequence[Bundle], factors: Sequence[Fraction]) -> Fraction:
    """Return the sum of the products of all lines; factor i is that of leg i, not negative."""
    ratios = [factor.as_integer_ratio() for factor in factors]
    sums = [_bundle_ratio(bundle, ratios) for bundle in bundles]
    if len(sums) == 1:
        return Fraction(*sums[0])
    return sum((Fraction(top, bottom) for top, bottom in sums), start=Fraction(0))


def _bundle_ratio(bundle: Bundle, ratios: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return a bundle's sum as two whole numbers, not in lowest terms."""
    longest = max(bundle.sizes)
    # With factors a/b the product of (b + a x) has the wanted sums over one denominator.
    sums = [1] + [0] * longest
    bottom = 1
    for done, leg in enumerate(bundle.legs):
        gains, parts = ratios[leg]
        bottom *= parts
        for size in range(min(done + 1, longest), 0, -1):
            sums[size] = sums[size] * parts + sums[size - 1] * gains
        sums[0] *= parts
    top = sum(sums[size] for size in bundle.sizes)
    for leg in bundle.bankers:
        gains, parts = ratios[leg]
        top *= gains
        bottom *= parts
    return top, bottom
