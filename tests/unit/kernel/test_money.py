"""Money is counted in whole micros, rounded once and by name, and keeps its currency."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pitboss.kernel.errors import InvariantBroken, Malformed
from pitboss.kernel.money import (
    AMOUNT_MICROS_MAX,
    Money,
    Rounding,
    currency,
    format_micros,
    parse_micros,
    round_micros,
    round_ratio,
)

GBP, JPY, KWD = currency("GBP"), currency("JPY"), currency("KWD")


@pytest.mark.parametrize(("code", "micros"), [("GBP", 10_000), ("JPY", 1_000_000), ("KWD", 1_000)])
def test_a_currency_knows_its_minor_unit(code: str, micros: int) -> None:
    assert currency(code).minor_unit_micros == micros


@pytest.mark.parametrize("code", ["gbp", "XXX", ""])
def test_an_unknown_currency_is_malformed(code: str) -> None:
    with pytest.raises(Malformed) as caught:
        currency(code)

    assert caught.value.field == "currency"


@pytest.mark.parametrize(
    ("micros", "down", "half_up", "half_even"),
    [
        ("0", 0, 0, 0),
        ("4999", 0, 0, 0),
        ("5000", 0, 10_000, 0),
        ("5000.000001", 0, 10_000, 10_000),
        ("9999", 0, 10_000, 10_000),
        ("10000", 10_000, 10_000, 10_000),
        ("14999", 10_000, 10_000, 10_000),
        ("15000", 10_000, 20_000, 20_000),
        ("25000", 20_000, 30_000, 20_000),
        ("70000/3", 20_000, 20_000, 20_000),
    ],
)
def test_each_rounding_rule_does_what_its_name_says(
    micros: str, down: int, half_up: int, half_even: int
) -> None:
    exact = Fraction(micros)

    rounded = [round_micros(exact, 10_000, rule) for rule in Rounding]

    assert rounded == [down, half_up, half_even]


def test_a_rounding_rule_keeps_the_name_that_bets_carry() -> None:
    assert [str(rule) for rule in Rounding] == ["down.v1", "half_up.v1", "half_even.v1"]


@pytest.mark.parametrize(("top", "bottom"), [(-1, 1), (1, 0), (1, -1)])
def test_a_negative_amount_is_never_rounded(top: int, bottom: int) -> None:
    with pytest.raises(InvariantBroken):
        round_ratio(top, bottom, 10_000, Rounding.DOWN_V1)


def test_a_negative_fraction_is_never_rounded() -> None:
    with pytest.raises(InvariantBroken):
        round_micros(Fraction(-1, 2), 10_000, Rounding.DOWN_V1)


@pytest.mark.parametrize(
    ("text", "code", "micros"),
    [
        ("12.50", "GBP", 12_500_000),
        ("12.5", "GBP", 12_500_000),
        ("0.01", "GBP", 10_000),
        ("7", "JPY", 7_000_000),
        ("0.001", "KWD", 1_000),
        ("9000000000", "GBP", AMOUNT_MICROS_MAX),
    ],
)
def test_an_amount_is_read_exactly(text: str, code: str, micros: int) -> None:
    assert parse_micros(text, currency(code), field="stake") == micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ".5",
        "5.",
        "1.2.3",
        "-1",
        "+1",
        "1e3",
        "1,5",
        " 1",
        "1_0",
        "٣",
        "0.001",
        "9000000000.01",
        "9" * 17,
        pytest.param("9" * 5_000, id="five thousand digits"),
    ],
)
def test_what_could_be_read_in_two_ways_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_micros(text, GBP, field="stake")

    assert caught.value.field == "stake"
    assert len(caught.value.message) < 100


def test_a_yen_has_no_decimal_places() -> None:
    with pytest.raises(Malformed, match="JPY has 0 decimal places"):
        parse_micros("1.0", JPY, field="stake")


@pytest.mark.parametrize(
    ("micros", "code", "text"),
    [
        (12_500_000, "GBP", "12.50"),
        (-10_000, "GBP", "-0.01"),
        (1, "GBP", "0.000001"),
        (1_234_000, "GBP", "1.234"),
        (7_000_000, "JPY", "7"),
        (7_500_000, "JPY", "7.5"),
        (0, "KWD", "0.000"),
    ],
)
def test_an_amount_is_written_with_its_minor_digits(micros: int, code: str, text: str) -> None:
    assert format_micros(micros, currency(code)) == text


def test_money_adds_subtracts_compares_and_shows_itself() -> None:
    five, two = Money(micros=5_000_000, currency=GBP), Money(micros=2_000_000, currency=GBP)

    assert five + two == Money(micros=7_000_000, currency=GBP)
    assert two - five == -Money(micros=3_000_000, currency=GBP)
    assert two < five
    assert five >= two
    assert str(five) == "5.00 GBP"


def test_money_is_scaled_and_rounded_once() -> None:
    stake = Money(micros=10_000_000, currency=GBP)

    returns = stake.scaled(Fraction("15.7575"), Rounding.HALF_UP_V1)

    assert returns == Money(micros=157_580_000, currency=GBP)


@pytest.mark.parametrize(("micros", "whole"), [(10_000, True), (10_001, False), (0, True)])
def test_a_cashier_pays_whole_minor_units(micros: int, whole: bool) -> None:
    assert Money(micros=micros, currency=GBP).is_whole_minor is whole


def test_money_is_never_counted_in_floats() -> None:
    with pytest.raises(InvariantBroken, match="whole micros"):
        Money(micros=1.5, currency=KWD)  # type: ignore[arg-type] # the promise is about callers
