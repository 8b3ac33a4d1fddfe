"""What cash-out publishes."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Play, Upcaster, Win
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.sportsbook.cash_out.model import Quote, Seen


def _without_live(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not say after which score, card or period a leg was looked at."""
    return data


class CashOutDelayed(Fact, frozen=True, kw_only=True, tag="cash_out.delayed"):
    """A player took a quote for a bet on an event that is played; it is decided after its delay."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_live,)

    request_id: str
    quote: Quote
    decide_at: str


class CashOutRefused(Fact, frozen=True, kw_only=True, tag="cash_out.refused"):
    """A player took a quote, and the bet was not bought back; no money moved."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_live,)

    request_id: str
    quote: Quote
    reason: str


class BetBoughtBack(Fact, frozen=True, kw_only=True, tag="bet.bought_back"):
    """A bet was bought back, all that was left of it or a part.

    `quote` is what was taken; `value` is what all that was left was worth in micros (`"num/den"`),
    worked out from what the legs stood at, `seen`.  The stake that is sold goes to the house, and
    what was offered comes from it.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_live,)

    bet_id: BetId
    player_id: PlayerId
    request_id: str
    quote: Quote
    value: str
    seen: tuple[Seen, ...]

    @property
    def plays(self) -> tuple[Play, ...]:
        """The stake that was sold is decided, and the offer came back for it."""
        return (
            Play(
                player_id=self.player_id,
                settled=self.quote.stake_micros,
                returned=self.quote.offer_micros,
            ),
        )

    @property
    def wins(self) -> tuple[Win, ...]:
        """What was offered above the stake that was sold."""
        won = self.quote.offer_micros - self.quote.stake_micros
        return (Win(player_id=self.player_id, micros=won),) if won > 0 else ()


# Every type of this room, for who reads facts.
FACTS = (CashOutDelayed, CashOutRefused, BetBoughtBack)
