"""Nouns of combinations."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fractions import Fraction

import msgspec

from pitboss.kernel.ids import EventId, SelectionId, derived_id
from pitboss.kernel.price import parse_price

LEGS_MIN = 2
LEGS_MAX = 12
# A price above so many times the product of its parts' is meant only if that is said: parts of one
# event exclude each other in part at most.
PRODUCTS_MAX = 2


class Refusal(StrEnum):
    """Why a combination gets no price."""

    WRONG_NUMBER_OF_LEGS = "wrong_number_of_legs"
    UNKNOWN_SELECTION = "unknown_selection"
    SAME_MARKET = "same_market"
    SEVERAL_EVENTS = "several_events"
    RACES_NOT_COMBINED = "races_not_combined"
    PRICE_CHANGED = "price_changed"
    COMBINATION_TOO_SHORT = "combination_too_short"
    COMBINATION_NOT_CONFIRMED = "combination_not_confirmed"


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A selection of a combination; `tick` names the price it had when the whole was priced."""

    selection_id: SelectionId
    tick: int


class Wish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Sell these selections together at this price, or not any more.

    `price` is decimal, above 1; None takes the combination off sale.  The ticks are those that
    whoever made the price has seen.  `confirmed`: a price as long as this is meant.
    """

    parts: tuple[Part, ...]
    price: Fraction | None
    confirmed: bool = False


class Combination(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Selections of one event, in the order of their ids, and the price that they have together.

    `tick` grows with each change.  Without a price it is not on sale; nor is it while a part is not
    at the tick that it was priced with.
    """

    id: str
    event_id: EventId
    parts: tuple[Part, ...]
    price: str | None
    tick: int
    priced_at: datetime
    priced_by: str

    @property
    def price_exact(self) -> Fraction | None:
        """The price as a number."""
        return None if self.price is None else parse_price(self.price)


class Priced(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It has the price; `changed` is false when it had it before."""

    combination: Combination
    changed: bool


class NotPriced(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It does not, and why; nothing changed."""

    reason: Refusal


Answer = Priced | NotPriced


def id_of(parts: tuple[Part, ...]) -> str:
    """Return the id of the combination of these selections, whatever their order."""
    return derived_id("combination", *sorted(part.selection_id for part in parts))
