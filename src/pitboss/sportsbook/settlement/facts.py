"""What settlement publishes."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId
from pitboss.sportsbook.settlement.model import SelectionResult


class MarketResulted(Fact, frozen=True, kw_only=True, tag="market.resulted"):
    """A market's results are known.  `score` is what they follow from; none if abandoned."""

    market_id: MarketId
    event_id: EventId
    no: int
    version: int
    score: str | None
    rules: str
    results: tuple[SelectionResult, ...]


class BetSettled(Fact, frozen=True, kw_only=True, tag="bet.settled"):
    """A bet was settled under these rules from these results, and its returns were booked.

    `results` are those of its legs that were known, in the order of the legs; `result_nos` are the
    numbers of the `market.resulted` facts that they stand in, one for each.
    """

    bet_id: BetId
    player_id: PlayerId
    returns_micros: int
    currency: str
    voided: bool
    rules: str
    rounding: str
    results: tuple[SelectionResult, ...]
    result_nos: tuple[int, ...]


# Every type of this room, for who reads facts.
FACTS = (MarketResulted, BetSettled)
