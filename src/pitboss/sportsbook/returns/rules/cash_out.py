"""Buying a bet back, whole or in steps; amounts are rounded down: the house keeps what is less."""

from __future__ import annotations

from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.kernel.money import Rounding, round_micros


def offer(
    value_micros: Fraction, *, margin: Fraction, minor_unit_micros: int, cashed: Fraction
) -> int:
    """Return what is offered for all that is left of a bet, in micros; rounded down.

    `margin` (0 to 1) is the house's, `cashed` the share (0 to 1) that was bought back before.

    Raises:
        Malformed: a share is not between 0 and 1.
    """
    return step(
        value_micros * (1 - _share("margin", margin)),
        before=cashed,
        after=Fraction(1),
        minor_unit_micros=minor_unit_micros,
    )


def step(
    value_micros: Fraction, *, before: Fraction, after: Fraction, minor_unit_micros: int
) -> int:
    """Return what buying back a bet pays, from the share `before` to the share `after`.

    The shares are cumulative, so a step that is told twice or late is known by its end.
    `value_micros` is that of the whole bet now.  Rounded down.  Source: Sportradar MTS, partial
    cash-out.

    Raises:
        Malformed: the shares are not between 0 and 1, or do not grow.
    """
    if not _share("before", before) <= _share("after", after):
        raise Malformed("after", f"{after} is less than was bought back before")
    exact = (after - before) * value_micros
    return round_micros(exact, minor_unit_micros, Rounding.DOWN_V1)


def _share(field: str, share: Fraction) -> Fraction:
    if not 0 <= share <= 1:
        raise Malformed(field, f"{share} is not between 0 and 1")
    return share
