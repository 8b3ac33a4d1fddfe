"""Odds are read and written exactly in every format, and only shown rounded."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.errors import Malformed
from pitboss.kernel.odds import OddsFormat, read_odds, risk_of, show_odds, write_odds


@pytest.mark.parametrize(
    ("text", "form", "price"),
    [
        ("1.91", OddsFormat.DECIMAL, Fraction(191, 100)),
        ("100/30", OddsFormat.FRACTIONAL, Fraction(13, 3)),
        ("-110", OddsFormat.AMERICAN, Fraction(21, 11)),
        ("+100", OddsFormat.AMERICAN, Fraction(2)),
        ("0.92", OddsFormat.HONG_KONG, Fraction(192, 100)),
        ("-0.92", OddsFormat.MALAY, 1 + Fraction(100, 92)),
        ("-1.25", OddsFormat.INDONESIAN, Fraction(9, 5)),
        ("1.50", OddsFormat.INDONESIAN, Fraction(5, 2)),
    ],
)
def test_odds_say_one_exact_price(text: str, form: OddsFormat, price: Fraction) -> None:
    assert read_odds(text, form) == price


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("150", OddsFormat.AMERICAN),
        ("+99", OddsFormat.AMERICAN),
        ("-0", OddsFormat.AMERICAN),
        ("1.01", OddsFormat.MALAY),
        ("0", OddsFormat.MALAY),
        ("0.5", OddsFormat.INDONESIAN),
        ("-0.5", OddsFormat.HONG_KONG),
        ("0.0", OddsFormat.HONG_KONG),
        ("0/5", OddsFormat.FRACTIONAL),
        ("5/0", OddsFormat.FRACTIONAL),
        ("-1/2", OddsFormat.FRACTIONAL),
        ("5/2", OddsFormat.DECIMAL),
        ("1.00", OddsFormat.DECIMAL),
        ("1e9", OddsFormat.HONG_KONG),
        ("9999999", OddsFormat.HONG_KONG),
        ("\u0661/2", OddsFormat.FRACTIONAL),
    ],
)
def test_what_is_no_odds_is_refused(text: str, form: OddsFormat) -> None:
    with pytest.raises(Malformed):
        read_odds(text, form)


@given(
    gain=st.fractions(min_value="1/1000", max_value=1000, max_denominator=1000),
    form=st.sampled_from(OddsFormat),
)
def test_what_is_written_is_read_back_as_the_same_price(gain: Fraction, form: OddsFormat) -> None:
    try:
        text = write_odds(1 + gain, form)
    except Malformed:
        assert form is not OddsFormat.FRACTIONAL
    else:
        assert read_odds(text, form) == 1 + gain


def test_a_price_without_exact_odds_is_shown_rounded_and_not_written() -> None:
    with pytest.raises(Malformed):
        write_odds(Fraction(21, 11), OddsFormat.DECIMAL)

    assert show_odds(Fraction(21, 11), OddsFormat.DECIMAL) == "1.91"
    assert show_odds(Fraction(21, 11), OddsFormat.AMERICAN) == "-110"
    assert show_odds(Fraction(21, 11), OddsFormat.FRACTIONAL) == "10/11"


def test_a_price_that_wins_nothing_is_not_written() -> None:
    for form in OddsFormat:
        with pytest.raises(Malformed):
            show_odds(Fraction(1), form)


def test_a_negative_number_risks_more_or_less_than_the_stake() -> None:
    assert risk_of("-0.92", OddsFormat.MALAY) == Fraction(92, 100)
    assert risk_of("-1.25", OddsFormat.INDONESIAN) == Fraction(125, 100)
    assert risk_of("-110", OddsFormat.AMERICAN) == 1
