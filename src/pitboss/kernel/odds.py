"""The formats in which odds are quoted, read and written exactly; decimal prices are what counts.

A format is how a price looks.  Bets are settled on the exact price, never on what was shown.
"""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.kernel.price import PRICE_MAX, parse_price

_NUMBER = re.compile(r"([+-]?)([0-9]{1,7}(?:\.[0-9]{1,12})?)")
_FRACTION = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


class OddsFormat(StrEnum):
    """How odds are quoted."""

    DECIMAL = "decimal"
    FRACTIONAL = "fractional"
    AMERICAN = "american"
    HONG_KONG = "hongkong"
    MALAY = "malay"
    INDONESIAN = "indonesian"


def read_odds(text: str, form: OddsFormat) -> Fraction:
    """Return the decimal price of odds that are quoted in this format, exactly.

    American odds have their sign and are 100 or more away from zero, Malay ones at most 1, and
    Indonesian ones 1 or more; a Malay or Indonesian number below zero says what is risked to win
    one.

    Raises:
        Malformed: the text is not such odds, or the price is not above 1 and at most 1,000,000.
    """
    if form is OddsFormat.DECIMAL:
        if "/" in text:
            raise Malformed("odds", f"{text[:40]!r} are not decimal odds")
        return parse_price(text)
    gain = _fraction(text) if form is OddsFormat.FRACTIONAL else _signed(text, form)
    if not 0 < gain <= PRICE_MAX - 1:
        raise Malformed("odds", f"{text[:40]!r} give no price above 1 and at most {PRICE_MAX}")
    return 1 + gain


def write_odds(price: Fraction, form: OddsFormat) -> str:
    """Return odds in this format that `read_odds` reads back as the same price.

    A number that no decimals can say (`21/11` in decimal odds) is refused; `show_odds` rounds it.

    Raises:
        Malformed: the price is not above 1, or cannot be written exactly.
    """
    if price <= 1:
        raise Malformed("price", f"{price} is not above 1")
    if form is OddsFormat.FRACTIONAL:
        return f"{(price - 1).numerator}/{(price - 1).denominator}"
    number = _number(price, form)
    digits = next((n for n in range(13) if not (number * 10**n).denominator > 1), None)
    if digits is None:
        raise Malformed("price", f"{price} has no exact {form} odds")
    return _decimals(number, digits, form)


def show_odds(price: Fraction, form: OddsFormat, *, digits: int = 2) -> str:
    """Return odds for a reader's eye, rounded half up to so many decimals; never to be settled on.

    Raises:
        Malformed: the price is not above 1.
    """
    if form is OddsFormat.FRACTIONAL or price <= 1:
        return write_odds(price, form)
    return _decimals(_number(price, form), digits, form)


def risk_of(text: str, form: OddsFormat) -> Fraction:
    """Return what is paid in for each unit that is staked in this format; mostly one.

    A stake of 1 at Malay `-0.92` risks 0.92 to win 1, and at Indonesian `-1.25` it risks 1.25.

    Raises:
        Malformed: as `read_odds`.
    """
    read_odds(text, form)
    lays = form in {OddsFormat.MALAY, OddsFormat.INDONESIAN} and text.startswith("-")
    return Fraction(text[1:]) if lays else Fraction(1)


def _fraction(text: str) -> Fraction:
    found = _FRACTION.fullmatch(text)
    if found is None or int(found[2]) == 0:
        raise Malformed("odds", f"{text[:40]!r} are not fractional odds such as 5/2")
    return Fraction(int(found[1]), int(found[2]))


def _signed(text: str, form: OddsFormat) -> Fraction:
    """Return what a unit wins at odds that may have a sign."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise Malformed("odds", f"{text[:40]!r} are not {form} odds")
    sign, size = found[1], Fraction(found[2])
    match form:
        case OddsFormat.AMERICAN:
            fits = sign != "" and size >= 100
            size = size / 100
        case OddsFormat.MALAY:
            fits = 0 < size <= 1
        case OddsFormat.INDONESIAN:
            fits = size >= 1
        case _:
            fits = sign == "" and size > 0
    if not fits:
        raise Malformed("odds", f"{text[:40]!r} are not {form} odds")
    return 1 / size if sign == "-" else size


def _number(price: Fraction, form: OddsFormat) -> Fraction:
    """Return the number that these odds are, below zero where they lay."""
    gain = price - 1
    match form:
        case OddsFormat.DECIMAL:
            return price
        case OddsFormat.AMERICAN:
            return gain * 100 if gain >= 1 else -100 / gain
        case OddsFormat.MALAY:
            return gain if gain <= 1 else -1 / gain
        case OddsFormat.INDONESIAN:
            return gain if gain >= 1 else -1 / gain
        case _:
            return gain


def _decimals(number: Fraction, digits: int, form: OddsFormat) -> str:
    """Return a number to so many decimals, half up, without zeros at the end."""
    units = (2 * abs(number) * 10**digits + 1).__floor__() // 2
    whole, rest = divmod(units, 10**digits)
    shown = f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".") if digits else str(whole)
    plus = "+" if form is OddsFormat.AMERICAN else ""
    return f"-{shown}" if number < 0 else f"{plus}{shown}"
