"""Prices are read exactly from text and written so that they can be read back."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.kernel.price import PRICE_MAX, parse_price, show_price, write_price

VECTORS = Path(__file__).parents[3] / ".." / "shared" / "data" / "settlement" / "odds_formats.json"


def published() -> dict[str, Any]:
    """Return the published odds formats, or skip."""
    if not VECTORS.exists():
        pytest.skip("the published vectors are not at ../shared/data")
    formats: dict[str, Any] = json.loads(VECTORS.read_text())
    return formats


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("2.375", Fraction(19, 8)),
        ("19/8", Fraction(19, 8)),
        ("2", Fraction(2)),
        ("1.000001", Fraction(1_000_001, 1_000_000)),
        ("1000000", PRICE_MAX),
        ("02.50", Fraction(5, 2)),
    ],
)
def test_a_price_is_read_exactly(text: str, price: Fraction) -> None:
    assert parse_price(text) == price


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1.0", "1/1", "3/4", "0", "1000000.1", "1000001", "5/0", "2/", "/2", "2.", ".5"),
        *("1e3", "-2", "+2", "2,5", " 2", "2 ", "1_0", "٣", "2.5/2", "1.2.3", "1/2/3", "nan"),
        "9" * 25,
    ],
)
def test_what_is_no_price_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_price(text)

    assert caught.value.field == "price"


def test_the_published_decimal_odds_are_the_published_fractional_ones() -> None:
    rows = [row for row in published()["vectors"] if "fractional" in row]

    read = [parse_price(row["decimal"]) for row in rows]

    assert rows
    assert read == [1 + Fraction(row["fractional"]) for row in rows]


def test_the_published_decimal_odds_pay_the_published_payout() -> None:
    rows = [row for row in published()["vectors"] if row.get("format") == "decimal"]

    paid = [parse_price(row["odds"]) * Fraction(row["stake"]) for row in rows]

    assert rows
    assert paid == [Fraction(row["payout"]) for row in rows]


def test_none_of_the_published_invalid_odds_is_a_price() -> None:
    texts = published()["invalid"]

    for text in texts:
        with pytest.raises(Malformed):
            parse_price(text)

    assert texts


def test_a_price_is_written_in_lowest_terms() -> None:
    assert write_price(Fraction(38, 16)) == "19/8"
    assert write_price(Fraction(2)) == "2/1"


@pytest.mark.parametrize(
    ("price", "shown"),
    [(Fraction(19, 8), "2.375"), (Fraction(2), "2"), (Fraction(21, 11), "1.909")],
)
def test_players_read_three_decimals_at_most(price: Fraction, shown: str) -> None:
    assert show_price(price) == shown


def test_a_price_that_was_made_of_a_float_is_written_so_that_it_can_be_read() -> None:
    price = parse_price("2.217629692113031")

    assert parse_price(write_price(price)) == price
