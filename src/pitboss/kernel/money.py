"""Money: whole micros (millionths of a currency unit), always with their currency."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache, total_ordering

from pitboss.kernel.errors import Malformed
from pitboss.kernel.invariant import ensure

MICROS_PER_UNIT = 1_000_000
MICRO_DIGITS = 6
_TENS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)

# Facts are canonical JSON, whose integers are exact only below 2^53 (RFC 8785, section 3.2.2.3).
# Nine thousand million units of one currency is the most that one amount may say.
AMOUNT_MICROS_MAX = 9_000_000_000 * MICROS_PER_UNIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency and the number of digits of its minor unit.  Source: ISO 4217."""

    code: str
    minor_digits: int

    @property
    def minor_unit_micros(self) -> int:
        """The micros of one minor unit: 10,000 for a cent, 1,000,000 for a yen."""
        return _TENS[MICRO_DIGITS - self.minor_digits]


# Source: ISO 4217, table A.1.
_MINOR_DIGITS = {
    **dict.fromkeys(("AUD", "BGN", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF"), 2),
    **dict.fromkeys(("MXN", "NOK", "NZD", "PLN", "RON", "SEK", "TRY", "UAH", "USD", "ZAR"), 2),
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "VND", "XAF", "XOF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "OMR", "TND"), 3),
}


@cache
def currency(code: str) -> Currency:
    """Return the currency with this ISO 4217 code.

    Raises:
        Malformed: the code is not one that pitboss knows.
    """
    if code not in _MINOR_DIGITS:
        raise Malformed("currency", f"{code!r} is not a currency that is known here")
    return Currency(code=code, minor_digits=_MINOR_DIGITS[code])


class Rounding(StrEnum):
    """The named, versioned rules for the one rounding of a result to minor units.

    The name is recorded on the bet, so a rule is never changed: a new one is added.
    """

    DOWN_V1 = "down.v1"
    HALF_UP_V1 = "half_up.v1"
    HALF_EVEN_V1 = "half_even.v1"


def round_micros(exact: Fraction, unit_micros: int, rounding: Rounding) -> int:
    """Return an exact number of micros as a whole multiple of `unit_micros`, never below zero."""
    return round_ratio(exact.numerator, exact.denominator, unit_micros, rounding)


def round_ratio(top: int, bottom: int, unit_micros: int, rounding: Rounding) -> int:
    """Return `top / bottom` micros as `round_micros` does; the two need not be in lowest terms.

    For those who multiply many prices: keeping a fraction in lowest terms costs more than the sum.
    """
    ensure(top >= 0 < bottom, "only amounts that are not negative are rounded")
    divisor = bottom * unit_micros
    whole, rest = divmod(top, divisor)
    if rest and _rounds_up(whole, 2 * rest - divisor, rounding):
        whole += 1
    return whole * unit_micros


def _rounds_up(whole: int, beyond_half: int, rounding: Rounding) -> bool:
    match rounding:
        case Rounding.DOWN_V1:
            return False
        case Rounding.HALF_UP_V1:
            return beyond_half >= 0
        case Rounding.HALF_EVEN_V1:
            return beyond_half > 0 or (beyond_half == 0 and whole % 2 == 1)


@total_ordering
@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in one currency.  Amounts of different currencies never meet."""

    micros: int
    currency: Currency

    def __post_init__(self) -> None:
        ensure(type(self.micros) is int, "money is counted in whole micros")

    def __add__(self, other: Money) -> Money:
        return Money(micros=self.micros + self._same(other), currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(micros=self.micros - self._same(other), currency=self.currency)

    def __neg__(self) -> Money:
        return Money(micros=-self.micros, currency=self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.micros < self._same(other)

    def __str__(self) -> str:
        return f"{format_micros(self.micros, self.currency)} {self.currency.code}"

    @property
    def is_whole_minor(self) -> bool:
        """Whether a cashier could pay this out: no fraction of a minor unit."""
        return self.micros % self.currency.minor_unit_micros == 0

    def scaled(self, factor: Fraction, rounding: Rounding) -> Money:
        """Return this amount times an exact factor, rounded once to minor units."""
        unit = self.currency.minor_unit_micros
        return Money(
            micros=round_micros(self.micros * factor, unit, rounding), currency=self.currency
        )

    def _same(self, other: Money) -> int:
        ensure(other.currency == self.currency, "amounts of different currencies never meet")
        return other.micros


def parse_micros(text: str, unit: Currency, *, field: str) -> int:
    """Read a decimal amount like `"12.50"` as micros of whole minor units.

    Digits and one point only: no sign, no exponent, no thousands mark, so that nothing can be
    read in two ways.

    Raises:
        Malformed: the text is not such a number, is finer than the minor unit, or is too large.
    """
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    if not (whole and digits.isascii() and digits.isdigit()) or (point and not fraction):
        raise Malformed(field, f"{text[:40]!r} is not a decimal amount such as 12.50")
    if len(fraction) > unit.minor_digits:
        raise Malformed(field, f"{unit.code} has {unit.minor_digits} decimal places")
    if len(whole) > len(str(AMOUNT_MICROS_MAX)):
        raise Malformed(field, "the amount is too large")
    micros = int(digits) * _TENS[MICRO_DIGITS - len(fraction)]
    if micros > AMOUNT_MICROS_MAX:
        raise Malformed(field, "the amount is too large")
    return micros


def format_micros(micros: int, unit: Currency) -> str:
    """Write micros as a decimal number, with at least the digits of the minor unit."""
    sign = "-" if micros < 0 else ""
    whole, rest = divmod(abs(micros), MICROS_PER_UNIT)
    fraction = f"{rest:06d}"
    shown = max(len(fraction.rstrip("0")), unit.minor_digits)
    return f"{sign}{whole}.{fraction[:shown]}" if shown else f"{sign}{whole}"
