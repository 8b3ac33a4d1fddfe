"""What settlement publishes."""

from __future__ import annotations

from pitboss.kernel.facts import Fact, Play
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


class ResultRefused(Fact, frozen=True, kw_only=True, tag="result.refused"):
    """Somebody reported how an event ended, and it is none, or has ended otherwise already."""

    event_id: EventId
    score: str | None
    reason: str


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

    @property
    def plays(self) -> tuple[Play, ...]:
        """The stake that was decided, and what came back for it; of a void bet all came back."""
        stake = sum(item.micros for item in self.movements if item.kind in ("post", "void"))
        returned = stake if self.voided else self.returns_micros
        return (Play(player_id=self.player_id, settled=stake, returned=returned),)


# Every type of this room, for who reads facts.
FACTS = (MarketResulted, ResultRefused, BetSettled)
