"""Prices: decimal, stake included, as exact fractions from the first byte to the last."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from pitboss.kernel.errors import Malformed

# A price pays the stake back and something more; beyond a million nobody lays one.
PRICE_MIN_EXCLUSIVE = Fraction(1)
PRICE_MAX = Fraction(1_000_000)
_TEXT_MAX = 24


@lru_cache(maxsize=65_536)
def parse_price(text: str) -> Fraction:
    """Read a price written as a decimal (`"2.375"`) or a fraction (`"19/8"`), both decimal odds.

    Raises:
        Malformed: the text is neither, or the price is not above 1 and at most 1,000,000.
    """
    top, slash, bottom = text.partition("/")
    parts = (top, bottom) if slash else tuple(text.split("."))
    clean = len(text) <= _TEXT_MAX and len(parts) <= 2
    if not clean or not all(part.isascii() and part.isdigit() for part in parts):
        raise Malformed("price", f"{text[:40]!r} is neither a decimal nor a fraction")
    if slash and int(bottom) == 0:
        raise Malformed("price", "the denominator is zero")
    price = Fraction(text)
    if not PRICE_MIN_EXCLUSIVE < price <= PRICE_MAX:
        raise Malformed("price", f"{text} is not above 1 and at most {PRICE_MAX}")
    return price


@lru_cache(maxsize=65_536)
def write_price(price: Fraction) -> str:
    """Write a price exactly, in lowest terms: `"19/8"`.  `parse_price` reads it back."""
    return f"{price.numerator}/{price.denominator}"


def show_price(price: Fraction) -> str:
    """Write a price as players read it, to three decimals at most; for display only."""
    return f"{float(price):.3f}".rstrip("0").rstrip(".")
