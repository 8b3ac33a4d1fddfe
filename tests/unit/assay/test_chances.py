"""Chances are those of published tables."""

from __future__ import annotations

import math

import pytest

from pitboss.assay import chances


# Critical values of chi-square: NIST/SEMATECH e-Handbook, 1.3.6.7.4.
@pytest.mark.parametrize(
    ("degrees", "at_ten_percent", "at_one_percent"),
    [
        (1, 2.706, 6.635),
        (2, 4.605, 9.210),
        (5, 9.236, 15.086),
        (10, 15.987, 23.209),
        (30, 40.256, 50.892),
        (100, 118.498, 135.807),
    ],
)
def test_chi_square_is_the_tables(
    degrees: int, at_ten_percent: float, at_one_percent: float
) -> None:
    assert chances.chi_square(at_ten_percent, degrees) == pytest.approx(0.1, rel=1e-3)
    assert chances.chi_square(at_one_percent, degrees) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("statistic", [0.1, 1.0, 5.0, 20.0, 200.0])
def test_chi_square_of_two_degrees_is_an_exponential(statistic: float) -> None:
    assert chances.chi_square(statistic, 2) == pytest.approx(math.exp(-statistic / 2), rel=1e-9)


def test_chi_square_of_very_many_degrees_is_nearly_normal() -> None:
    degrees = 65_535
    for away in (-2.0, 0.0, 2.0):
        statistic = degrees + away * (2 * degrees) ** 0.5
        expected = math.erfc(away / math.sqrt(2)) / 2
        assert chances.chi_square(statistic, degrees) == pytest.approx(expected, abs=2e-3)
    assert chances.chi_square(0.0, 3) == 1.0
    assert chances.chi_square(1e6, 3) == 0.0


def test_the_normal_is_the_table() -> None:
    assert chances.normal(1.96) == pytest.approx(0.05, abs=1e-4)
    assert chances.normal(-2.576) == pytest.approx(0.01, abs=1e-4)


def test_poisson_is_the_sum() -> None:
    mean = 3.0
    at_least_five = 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(5))

    assert chances.poisson_at_least(5, mean) == pytest.approx(at_least_five, rel=1e-9)
    assert chances.poisson_at_least(0, mean) == 1.0
    assert chances.poisson_at_least(1, 1e-30) < 1e-15


def test_too_even_is_as_bad_as_too_uneven() -> None:
    assert chances.two_sided(0.999) == pytest.approx(chances.two_sided(0.001))
    assert chances.two_sided(0.5) == 1.0


def test_holm_is_the_textbooks_example() -> None:
    """Four chances: times 4, 3, 2 and 1 in their order, and never less than the one before."""
    assert chances.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert chances.holm([0.9, 0.8]) == [1.0, 1.0]
    assert chances.holm([]) == []


def test_fisher_of_one_is_itself_and_of_many_small_ones_is_smaller() -> None:
    assert chances.fisher([0.3]) == pytest.approx(0.3)
    assert chances.fisher([0.05] * 5) < 0.005
    assert chances.fisher([0.0]) < 1e-100


def test_uniformity_sees_what_is_heaped() -> None:
    assert chances.uniformity([(place + 0.5) / 100 for place in range(100)]) == 1.0
    assert chances.uniformity([0.5] * 100) < 1e-100
    assert chances.uniformity([1.0] * 60 + [0.0] * 60) < 1e-50
