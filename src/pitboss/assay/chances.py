"""How probable a statistic is, if the numbers are random: chi-square, normal, binomial, Poisson.

Checked in tests against published tables; a library for statistics would bring much else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_ROUNDS_MAX = 100_000
_CLOSE = 1e-15
_TINY = 1e-300


def chi_square(statistic: float, degrees: int) -> float:
    """Return the chance of a statistic this large or larger.

    Source: Abramowitz and Stegun, 26.4.19 and 6.5.
    """
    return _upper_gamma(degrees / 2, statistic / 2)


def normal(deviations: float) -> float:
    """Return the chance to be at least so many standard deviations away, on either side."""
    return math.erfc(abs(deviations) / math.sqrt(2))


def poisson_at_least(count: int, mean: float) -> float:
    """Return the chance of so many or more where `mean` are expected."""
    return 1.0 if count == 0 else 1 - _upper_gamma(count, mean)


def poisson(count: int, mean: float) -> float:
    """Return the chance to be as far from `mean` on either side."""
    return min(1.0, 2 * min(poisson_at_least(count, mean), _upper_gamma(count + 1, mean)))


def counts(statistic: float, means: Sequence[float]) -> float:
    """Return the chance that counts are as far from their means as their chi-square says, on
    either side.

    Counts are whole numbers: the most even ones that there are come with a chance of their own,
    which is 0 in chi-square's table.  Half of 40 coins fall on heads one time in eight, and that is
    as even as can be; six cells of 10,000 are as even once in 400 thousand million times.
    """
    p = chi_square(statistic, len(means) - 1)
    doubled = 2 * min(p, 1 - p + _most_even(means))
    return 1.0 if doubled > 1 else doubled


def two_sided(p: float) -> float:
    """Return the chance to be as far out on either side: too even is not random either."""
    doubled = 2 * min(p, 1 - p)
    # What is no number stays none: `min` would make a certainty of it.
    return 1.0 if doubled > 1 else doubled


def fisher(chances: list[float]) -> float:
    """Return one chance for several independent ones. Source: Fisher, 1925, 21.1."""
    statistic = -2 * sum(math.log(max(p, _TINY)) for p in chances)
    return chi_square(statistic, 2 * len(chances))


def uniformity(chances: list[float]) -> float:
    """Return the chance that these are spread as evenly as they are over ten tenths.

    Source: NIST SP 800-22 Rev. 1a, 4.2.2.
    """
    expected = len(chances) / 10
    tenths = [0] * 10
    for p in chances:
        tenths[min(int(p * 10), 9)] += 1
    return chi_square(sum((seen - expected) ** 2 for seen in tenths) / expected, 9)


def holm(chances: list[float]) -> list[float]:
    """Return each chance as it counts among all: reject below alpha, and of a good generator's
    whole report no more than a share of alpha is ever rejected. Source: Holm, 1979."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    adjusted, worst = [0.0] * len(chances), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, chances[place] * (len(chances) - rank)))
        adjusted[place] = worst
    return adjusted


def _most_even(means: Sequence[float]) -> float:
    """Return the chance of the counts that are likeliest, by Stirling's formula."""
    logs = [math.log(2 * math.pi * mean) for mean in (math.fsum(means), *means)]
    return math.exp((logs[0] - math.fsum(logs[1:])) / 2)


def _upper_gamma(shape: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function Q(shape, x)."""
    if x <= 0:
        return 1.0
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        for step in range(1, _ROUNDS_MAX):
            term *= x / (shape + step)
            total += term
            if term < total * _CLOSE:
                break
        return max(0.0, 1 - total * scale)
    # The continued fraction, by Lentz's method.
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    fraction = d
    for step in range(1, _ROUNDS_MAX):
        a = -step * (step - shape)
        b += 2
        d = a * d + b
        d = 1 / (d if abs(d) > _TINY else _TINY)
        c = b + a / c
        c = c if abs(c) > _TINY else _TINY
        fraction *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return min(1.0, scale * fraction)
