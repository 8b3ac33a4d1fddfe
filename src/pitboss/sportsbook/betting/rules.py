"""Whether the sportsbook wants a bet: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from pitboss.kernel.ids import SelectionId
from pitboss.sportsbook.betting.model import LEGS_MAX, Leg, PlaceBet, Refusal
from pitboss.sportsbook.catalog.model import Offer


def judge(
    command: PlaceBet,
    offers: Mapping[SelectionId, Offer],
    *,
    minor_unit_micros: int,
    returns_micros_max: int,
    now: datetime,
) -> tuple[Leg, ...] | Refusal:
    """Return the legs at their struck prices, or the first reason to refuse.

    Every leg must pass by itself: its selection exists, its event has not started, its market is
    open, and its price is still the one that the player saw.  An accumulator may name an event
    once only, because such legs depend on each other.
    """
    if not 0 < len(command.legs) <= LEGS_MAX:
        return Refusal.WRONG_NUMBER_OF_LEGS
    if command.stake_micros % minor_unit_micros:
        return Refusal.STAKE_NOT_WHOLE

    legs: list[Leg] = []
    for wanted in command.legs:
        offer = offers.get(wanted.selection_id)
        if offer is None:
            return Refusal.UNKNOWN_SELECTION
        if now >= offer.starts_at:
            return Refusal.EVENT_STARTED
        if not offer.market_open:
            return Refusal.MARKET_NOT_OPEN
        if offer.tick != wanted.tick:
            return Refusal.PRICE_CHANGED
        legs.append(
            Leg(
                selection_id=offer.selection_id,
                market_id=offer.market_id,
                event_id=offer.event_id,
                price=offer.price_text,
                tick=offer.tick,
            )
        )
    if len(legs) > 1 and len({leg.event_id for leg in legs}) < len(legs):
        return Refusal.RELATED_LEGS
    prices = [offers[leg.selection_id].price for leg in legs]
    if _returns_beyond(returns_micros_max, command.stake_micros, prices):
        return Refusal.RETURNS_TOO_LARGE
    return tuple(legs)


def _returns_beyond(micros_max: int, stake_micros: int, prices: Sequence[Fraction]) -> bool:
    """Say whether a bet that wins whole would return more than this."""
    top, bottom = stake_micros, 1
    for price in prices:
        top *= price.numerator
        bottom *= price.denominator
    return top > micros_max * bottom
