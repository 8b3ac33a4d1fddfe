"""Whether selections are sold together: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import prod

from pitboss.kernel.ids import SelectionId
from pitboss.kernel.price import write_price
from pitboss.sportsbook.catalog.model import Offer
from pitboss.sportsbook.combinations.model import (
    LEGS_MAX,
    LEGS_MIN,
    PRODUCTS_MAX,
    Combination,
    Priced,
    Refusal,
    Wish,
    id_of,
)


def judge(wish: Wish, offers: Mapping[SelectionId, Offer]) -> Refusal | None:
    """Return why these selections do not get this price together, if so.

    They are of one event and of a market each; runners of races can be withdrawn and tie, so they
    are not combined.  Who wins all legs wins the longest one, so the price of all is not shorter.
    Whoever made the price has seen the prices that stand.
    """
    if not LEGS_MIN <= len(wish.parts) <= LEGS_MAX:
        return Refusal.WRONG_NUMBER_OF_LEGS
    found = [offers.get(part.selection_id) for part in wish.parts]
    legs = [offer for offer in found if offer is not None]
    if len(legs) < len(found):
        return Refusal.UNKNOWN_SELECTION
    if len({leg.market_id for leg in legs}) < len(legs):
        return Refusal.SAME_MARKET
    if len({leg.event_id for leg in legs}) > 1:
        return Refusal.SEVERAL_EVENTS
    if any(leg.runners is not None for leg in legs):
        return Refusal.RACES_NOT_COMBINED
    if wish.price is None:
        return None
    if any(leg.tick != part.tick for leg, part in zip(legs, wish.parts, strict=True)):
        return Refusal.PRICE_CHANGED
    if wish.price < max(leg.price for leg in legs):
        return Refusal.COMBINATION_TOO_SHORT
    if not wish.confirmed and wish.price > PRODUCTS_MAX * prod(leg.price for leg in legs):
        return Refusal.COMBINATION_NOT_CONFIRMED
    return None


def decide(
    wish: Wish,
    before: Combination | None,
    offers: Mapping[SelectionId, Offer],
    *,
    by: str,
    now: datetime,
) -> Priced:
    """Return a combination as it stands once a wish is done that may be.

    The one from before is returned as it is if nothing changes.  One that has its price already is
    confirmed in play, which leaves its tick.
    """
    text = None if wish.price is None else write_price(wish.price)
    same = before is not None and (before.price, before.parts) == (text, wish.parts)
    in_play = any(offers[part.selection_id].in_play for part in wish.parts)
    if before is not None and same and not in_play:
        return Priced(combination=before, changed=False)
    after = Combination(
        id=id_of(wish.parts),
        event_id=offers[wish.parts[0].selection_id].event_id,
        parts=wish.parts,
        price=text,
        tick=1 if before is None else before.tick + (not same),
        priced_at=now,
        priced_by=by,
    )
    return Priced(combination=after, changed=not same)


def is_on_sale(
    one: Combination,
    offers: Mapping[SelectionId, Offer],
    *,
    now: datetime,
    in_play_age_max: timedelta,
) -> bool:
    """Say whether a combination can be bet on by what is known: every part stands as it did.

    Before play until the event is to start; in play while somebody has said its price lately.
    """
    if one.price is None:
        return False
    for part in one.parts:
        offer = offers.get(part.selection_id)
        if offer is None or offer.tick != part.tick or not offer.market_open:
            return False
        if offer.in_play and now - one.priced_at > in_play_age_max:
            return False
        if not offer.in_play and now >= offer.starts_at:
            return False
    return True
