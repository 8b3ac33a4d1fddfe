"""Whether the sportsbook wants a bet: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pitboss.kernel.ids import SelectionId
from pitboss.kernel.money import AMOUNT_MICROS_MAX
from pitboss.sportsbook.betting.model import LEGS_MAX, Leg, PlaceBet, Refusal
from pitboss.sportsbook.catalog.model import Offer


def judge(
    command: PlaceBet,
    offers: Mapping[SelectionId, Offer],
    *,
    minor_unit_micros: int,
    now: datetime,
) -> tuple[Leg, ...] | Refusal:
    """Return the legs at their struck prices, or the first reason to refuse.

    Every leg must pass by itself: its selection exists, its event has not started, its market is
    open, and its price is still the one that the player saw.  An accumulator may name an event
    once only, because such legs depend on each other.
    """
    if not 0 < len(command.legs) <= LEGS_MAX:
        return Refusal.TOO_MANY_LEGS
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
    if _returns_beyond(command.stake_micros, [offers[leg.selection_id] for leg in legs]):
        return Refusal.RETURNS_TOO_LARGE
    return tuple(legs)


def _returns_beyond(stake_micros: int, offers: list[Offer]) -> bool:
    """Say whether the most that this bet could return is more than an amount may say."""
    top, bottom = stake_micros, 1
    for offer in offers:
        top *= offer.price.numerator
        bottom *= offer.price.denominator
    return top > AMOUNT_MICROS_MAX * bottom
