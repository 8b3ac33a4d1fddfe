"""What is known of the bets and the markets that are being settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.money import currency
from pitboss.sportsbook.betting.model import Waiting
from pitboss.sportsbook.settlement.model import (
    VOID,
    Awaited,
    Late,
    MarketResult,
    Result,
    SelectionResult,
    Settled,
    Terms,
    legs_of,
)


def terms_for(bet: Waiting) -> Terms:
    """Return what settling needs to know of a bet."""
    return Terms(
        bet_id=bet.id,
        stake_micros=bet.stake_micros,
        minor_unit_micros=currency(bet.currency).minor_unit_micros,
        rounding=bet.rounding,
        legs=legs_of(bet.legs),
        shape=bet.shape,
        placed_at=bet.placed_at,
        struck_at=bet.decided_at,
    )


def is_paid(bet: Waiting, settled: Settled | None) -> bool:
    """Say whether a bet that was settled before returned just that."""
    now = (None, False) if settled is None else (settled.returns_micros, settled.voided)
    return (bet.returns_micros, bet.voided) == now


def with_torn(market: Awaited, torn: Collection[SelectionId]) -> Awaited:
    """Return a market whose bets wait, with what of it waits because it was torn."""
    if not any(item.selection_id in torn for item in market.selections):
        return market
    selections = [replace(item, torn=item.selection_id in torn) for item in market.selections]
    return replace(market, late=Late.TORN, selections=tuple(selections))


class Known:
    """What counts of the markets that some bets are on."""

    def __init__(self, results: Mapping[MarketId, MarketResult]) -> None:
        self._told = {
            item.selection_id: (item, result.no)
            for result in results.values()
            for item in result.selections
        }
        self._outcomes = {key: Result.of(item) for key, (item, _) in self._told.items()}
        # Few markets are void for a time, so all other bets share what is known.
        self._windowed = {key: result for key, result in results.items() if result.windows}

    def outcomes(self, bet: Waiting) -> Mapping[SelectionId, Result]:
        """Return how selections ended, for this bet."""
        void = self._void(bet) if self._windowed else None
        return self._outcomes | dict.fromkeys(void, VOID) if void else self._outcomes

    def rests_on(self, bet: Waiting) -> list[tuple[SelectionResult, int]]:
        """Return the results of its legs that are known, in their order, with their numbers."""
        void = self._void(bet) if self._windowed else {}
        told = self._told
        found: list[tuple[SelectionResult, int]] = []
        for leg in bet.legs:
            key = leg.selection_id
            if key in void:
                found.append((VOID.told_of(key), void[key]))
            elif key in told:
                found.append(told[key])
        return found

    def _void(self, bet: Waiting) -> dict[SelectionId, int]:
        """Return the legs that are void because of when the bet was accepted."""
        return {
            leg.selection_id: market.no
            for leg in bet.legs
            if (market := self._windowed.get(leg.market_id)) is not None
            and market.is_void(bet.decided_at)
        }
