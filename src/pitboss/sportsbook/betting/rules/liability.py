"""What a bet adds to the books of trading, and the largest stake that a licence allows: pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, comb, prod

from msgspec import structs

from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.money import Rounding
from pitboss.kernel.price import parse_price, write_price
from pitboss.kernel.shards import Shard
from pitboss.sportsbook import returns
from pitboss.sportsbook.betting.model import ONE_LINE, Bet, Leg, Placing, Refusal, Shape, Waiting
from pitboss.sportsbook.returns.model import OPEN, Parts
from pitboss.sportsbook.returns.model import Leg as PricedLeg
from pitboss.sportsbook.trading.model import Taking

# A stake so large that what rounding takes from its returns is nothing: a million.
_PROBE_MICROS = 10**12
# What both parts of a leg win together is a price in steps of a ten-thousandth.
_PRICE_STEPS = 10_000


def taking_of(
    bet_id: BetId,
    *,
    shard: Shard,
    player_id: PlayerId,
    currency: str,
    stake_micros: int,
    legs: tuple[Leg, ...],
    shape: Shape | None,
    stake_micros_min: int | None = None,
    waits: bool = False,
) -> Taking:
    """Return what an accepted bet adds to the books, and takes out of them when it is closed."""
    on, lines = (None, 1) if shape is None else lines_of_legs(shape, len(legs))
    if shape is not None and shape.combination is not None:
        # The stake rides on all of them together, so each bears its part of it.
        on, lines = (1,) * len(legs), len(legs)
    if shape is not None and _is_priced_otherwise(shape):
        legs = tuple([_as_paid(leg, shape, lines) for leg in legs])
    return Taking(
        key=bet_id,
        shard=shard,
        player_id=player_id,
        currency=currency,
        stake_micros=stake_micros,
        legs=legs,
        lines=on,
        lines_all=lines,
        stake_micros_min=stake_micros_min,
        waits=waits,
    )


def lines_of_legs(shape: Shape, legs: int) -> tuple[tuple[int, ...] | None, int]:
    """Return on how many lines each leg is, and how many there are; None: all on the only one."""
    if not shape.lines:
        return None, 1
    on, lines_all = [0] * legs, 0
    for lines in shape.lines:
        others = len(lines.legs)
        lines_all += (count := sum(comb(others, size) for size in lines.sizes))
        with_one = sum(comb(others - 1, size - 1) for size in lines.sizes if size and others)
        for place in lines.legs:
            on[place] += with_one
        for place in lines.bankers:
            on[place] += count
    return tuple(on), lines_all


def stake_within(
    legs: Sequence[Leg], shape: Shape | None, returns_micros_max: int, *, minor_unit_micros: int
) -> int:
    """Return the largest stake, in whole minor units, that cannot return more than this.

    Exact for one line; of several lines and parts the returns for each coin are rounded up, so the
    stake may be a little less than what would pass.
    """
    if shape is None or shape == ONE_LINE:
        factor = prod((leg.price_exact for leg in legs), start=Fraction(1))
    else:
        ticket = shape.ticket(
            tuple(
                [
                    PricedLeg(price=leg.price_exact, place_fraction=leg.fraction_exact)
                    for leg in legs
                ]
            ),
            stake_micros=_PROBE_MICROS,
            minor_unit_micros=minor_unit_micros,
            rounding=Rounding.DOWN_V1,
        )
        most = returns.work_out(ticket, [OPEN] * len(legs)).max_micros
        factor = Fraction(most + minor_unit_micros, _PROBE_MICROS)
    return int(returns_micros_max / factor) // minor_unit_micros * minor_unit_micros


def _is_priced_otherwise(shape: Shape) -> bool:
    """Say whether legs win something else than their prices say."""
    return shape.parts != Parts.WIN or shape.boosted is not None or shape.combination is not None


def _as_paid(leg: Leg, shape: Shape, lines: int) -> Leg:
    """Return a leg at what its parts win together: half of an each-way stake is on either.

    Who wins is placed as well, so both pay.  A leg of a combination stands for all of it: on each
    of them all may be won, though only one of so many parts of the stake rides on it.  A boost
    raises whatever is won.
    """
    combined = shape.combination
    price = leg.price if combined is None or combined.price is None else combined.price
    parts, winnings = Parts(shape.parts), (parse_price(price) - 1) * (1 + shape.boost_share)
    if combined is not None:
        winnings *= lines
    placed = winnings * (leg.fraction_exact or 0)
    match parts:
        case Parts.WIN:
            won = winnings
        case Parts.PLACE:
            won = placed
        case _:
            won = (winnings + placed) / 2
    # Rounded up, so that it can be written as a price whatever the fraction is.
    paid = 1 + Fraction(ceil(won * _PRICE_STEPS), _PRICE_STEPS)
    return structs.replace(leg, price=write_price(paid))


def taking_of_bet(bet: Bet | Waiting) -> Taking:
    """Return what a bet adds to the books as it stands, with the stake that is left of it."""
    return taking_of(
        bet.id,
        shard=bet.shard,
        player_id=bet.player_id,
        currency=bet.currency,
        stake_micros=bet.stake_micros,
        legs=bet.legs,
        shape=bet.shape,
    )


def with_stake(item: Placing, stake_micros: int) -> Placing:
    """Return a placing with a smaller stake, which remembers the one that was asked for."""
    command = structs.replace(item.command, stake_micros=stake_micros)
    return structs.replace(item, command=command, stake_other_micros=item.command.stake_micros)


def offering(item: Placing, stake_micros: int) -> Placing:
    """Return a placing that is refused, with the stake that would have passed."""
    return structs.replace(item, stake_other_micros=stake_micros)


def as_held(item: Placing, bet: Bet) -> Placing:
    """Return the placing of a delayed bet with the stake that is held for it."""
    if item.command.stake_micros == bet.stake_micros:
        return item
    return with_stake(item, bet.stake_micros)


def as_shaped(item: Placing, bet: Bet) -> Placing:
    """Return the placing of a delayed bet with all that was said of its shape when it passed."""
    if item.command.shape == bet.shape:
        return item
    return structs.replace(item, command=structs.replace(item.command, shape=bet.shape))


def takes_less(item: Placing) -> bool:
    """Say whether the player takes a smaller stake; a free bet is the whole stake or none of it."""
    shape = item.command.shape
    return item.command.on_limit.reduces and not (shape is not None and shape.is_free)


def has_risen(before: Sequence[Leg], now: Sequence[Leg]) -> bool:
    """Say whether a leg of a bet would be struck at a better price than before."""
    return any(leg.price_exact > old.price_exact for old, leg in zip(before, now, strict=True))


def refusal_of_terms(before: Sequence[Leg], now: Sequence[Leg]) -> Refusal | None:
    """Refuse a bet whose legs would not pay the places any more that they did when it was shown."""
    kept = [_terms_of(leg) for leg in before] == [_terms_of(leg) for leg in now]
    return None if kept else Refusal.PLACE_TERMS_CHANGED


def _terms_of(leg: Leg) -> tuple[int | None, str | None, str | None]:
    return leg.places, leg.place_fraction, leg.place_terms
