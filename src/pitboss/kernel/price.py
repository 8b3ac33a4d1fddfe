"""Prices: decimal, stake included, as exact fractions from the first byte to the last."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from pitboss.kernel.errors import Malformed

# A price pays the stake back and something more; beyond a million nobody lays one.
PRICE_MIN_EXCLUSIVE = Fraction(1)
PRICE_MAX = Fraction(1_000_000)
# Of a decimal that somebody says; and of the fraction that it is written as, so that whatever was
# read can be read again.
_DECIMAL_MAX = 24
_FRACTION_MAX = 2 * _DECIMAL_MAX + 1


@lru_cache(maxsize=65_536)
def parse_price(text: str) -> Fraction:
    """Read a price written as a decimal (`"2.375"`) or a fraction (`"19/8"`), both decimal odds.

    Raises:
        Malformed: the text is neither, or the price is not above 1 and at most 1,000,000.
    """
    top, slash, bottom = text.partition("/")
    parts = (top, bottom) if slash else tuple(text.split("."))
    clean = len(text) <= (_FRACTION_MAX if slash else _DECIMAL_MAX) and len(parts) <= 2
    if not clean or not all(part.isascii() and part.isdigit() for part in parts):
        raise Malformed("price", f"{text[:40]!r} is neither a decimal nor a fraction")
    if slash and int(bottom) == 0:
        raise Malformed("price", "the denominator is zero")
    price = Fraction(text)
    if not PRICE_MIN_EXCLUSIVE < price <= PRICE_MAX:
        raise Malformed("price", f"{text} is not above 1 and at most {PRICE_MAX}")
    return price


def write_price(price: Fraction) -> str:
    """Write a price exactly, in lowest terms: `"19/8"`.  `parse_price` reads it back."""
    # Not remembered: to find a fraction among others costs more than to write it.
    top, bottom = price.as_integer_ratio()
    return f"{top}/{bottom}"


@lru_cache(maxsize=65_536)
def ratio_of(text: str) -> tuple[int, int]:
    """Return what `write_price` wrote as whole numbers, also beyond what anybody lays."""
    return Fraction(text).as_integer_ratio()


def is_same(price: Fraction, other: Fraction) -> bool:
    """Say whether two prices are one, in a third of the time that `==` takes."""
    return price is other or price.as_integer_ratio() == other.as_integer_ratio()


@lru_cache(maxsize=16_384)
def book_of(prices: tuple[str, ...]) -> Fraction:
    """Return what the written prices of a market say together: one, and the margin of the house."""
    return sum((1 / parse_price(price) for price in prices), start=Fraction(0))


def show_price(price: Fraction) -> str:
    """Write a price as players read it, to three decimals at most; for display only."""
    # As `float` does, which asks what kind of number it has been given first.
    top, bottom = price.as_integer_ratio()
    return f"{top / bottom:.3f}".rstrip("0").rstrip(".")
