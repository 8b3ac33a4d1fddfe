"""Whether the sportsbook wants a bet: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pitboss.kernel.ids import BetId, SelectionId
from pitboss.sportsbook.betting.model import LEGS_MAX, Leg, PlaceBet, Placing, Refusal
from pitboss.sportsbook.catalog.model import Offer


def first_of_each(placings: Sequence[Placing], known: Collection[BetId]) -> list[Placing]:
    """Return the first wish for each bet that is not known, in order."""
    first: dict[BetId, Placing] = {}
    for item in placings:
        if item.command.bet_id not in known:
            first.setdefault(item.command.bet_id, item)
    return list(first.values())


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
    top, bottom = command.stake_micros, 1
    for leg in legs:
        # `fractions` computes its two properties in Python; the pair is one call.
        gains, parts = offers[leg.selection_id].price.as_integer_ratio()
        top *= gains
        bottom *= parts
    if top > returns_micros_max * bottom:
        return Refusal.RETURNS_TOO_LARGE
    return tuple(legs)
