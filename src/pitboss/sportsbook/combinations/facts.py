"""What combinations publish."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import EventId
from pitboss.sportsbook.combinations.model import Part


class CombinationPriced(Fact, frozen=True, kw_only=True, tag="combination.priced"):
    """Selections of one event are sold together at a price; without one they are no more.

    With the tick that it has already, its price is confirmed.
    """

    combination_id: str
    event_id: EventId
    parts: tuple[Part, ...]
    price: str | None
    tick: int
    by: str


class CombinationRefused(Fact, frozen=True, kw_only=True, tag="combination.refused"):
    """Somebody wanted to sell selections together that are not sold so; nothing changed."""

    combination_id: str
    parts: tuple[Part, ...]
    price: str | None
    reason: str
    by: str


# Every type of this room, for who reads facts.
FACTS = (CombinationPriced, CombinationRefused)
