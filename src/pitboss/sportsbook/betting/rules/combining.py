"""Whether legs of one event are bet on together, at one price: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from pitboss.jurisdictions.model import SameEvent, SportsbookRules
from pitboss.kernel.ids import SelectionId
from pitboss.sportsbook.betting.model import (
    IN_PLAY_PRICE_AGE_MAX,
    PlaceBet,
    Placing,
    PricePolicy,
    Refusal,
)
from pitboss.sportsbook.catalog.model import Offer
from pitboss.sportsbook.combinations.model import Combination

# Of two legs, one that is left has a price of its own; what is left of more has none.
REDUCED_LEGS_MAX = 2


def with_combination(
    item: Placing, combinations: Mapping[str, Combination], licence: SportsbookRules | None
) -> Placing:
    """Return a placing whose combination has the price and the policy that it would be struck at.

    Whatever the slip said of them itself counts for nothing.
    """
    shape = item.command.shape
    if shape is None or shape.combination is None:
        return item
    found = combinations.get(shape.combination.id)
    struck = replace(
        shape.combination,
        price=None if found is None else found.price,
        policy=None if licence is None else licence.same_event,
    )
    shape = replace(shape, combination=struck)
    return replace(item, command=replace(item.command, shape=shape))


def judge_combination(
    command: PlaceBet,
    known: Mapping[str, Combination],
    offers: Mapping[SelectionId, Offer],
    licence: SportsbookRules,
    now: datetime,
) -> Refusal | None:
    """Return why the legs of a bet are not sold together, if so.

    It has the price that the player saw, made from the prices that the legs had then; those have
    to stand as well, which is for `judge` to say.  In play it is young enough.

    Source: the licence's `sportsbook.same_event`.
    """
    shape = command.shape
    if shape is None or shape.combination is None:
        return None
    if licence.same_event is None:
        return Refusal.COMBINATIONS_NOT_SOLD
    found = known.get(shape.combination.id)
    if found is None:
        return Refusal.UNKNOWN_COMBINATION
    if found.price is None:
        return Refusal.COMBINATION_NOT_OPEN
    wanted = {leg.selection_id: leg.tick for leg in command.legs}
    parts = {part.selection_id: part.tick for part in found.parts}
    if (
        wanted.keys() != parts.keys()
        or not shape.is_one_line
        or command.price_policy is not PricePolicy.NONE
    ):
        # The edge has looked; a command that came another way is refused, not set aside.
        return Refusal.UNREADABLE
    if licence.same_event is SameEvent.REDUCE and len(parts) > REDUCED_LEGS_MAX:
        return Refusal.COMBINATIONS_NOT_SOLD
    if shape.combination.tick != found.tick or wanted != parts:
        return Refusal.PRICE_CHANGED
    in_play = any(one in offers and offers[one].in_play for one in parts)
    if in_play and now - found.priced_at > IN_PLAY_PRICE_AGE_MAX:
        return Refusal.PRICE_STALE
    return None
