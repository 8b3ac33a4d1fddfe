"""The tables of betting, from facts alone; how a bet ended is told by settlement."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import msgspec

from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.ids import BetId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import Rounding
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.betting.model import BetState

_STATE, _RETURNS, _SETTLED_AT = 2, 10, 11
# As words, because they are compared with what a column says, millions of times.
_ACCEPTED, _REFUSED = BetState.ACCEPTED.value, BetState.REFUSED.value
_SETTLED, _VOIDED = BetState.SETTLED.value, BetState.VOIDED.value
# Nothing is rounded for a bet that was refused.
_NO_ROUNDING = Rounding.DOWN_V1.value

_encode_legs = msgspec.json.Encoder().encode


class BettingFold(Fold):
    """Decided bets of one shard, and which markets the accepted ones were placed on."""

    def __init__(self) -> None:
        self.bets = Table(
            "bet",
            key=("bet_id",),
            columns=(
                *("bet_id", "player_id", "state", "refusal", "stake_micros", "currency"),
                *("rounding", "legs", "placed_at", "decided_at", "returns_micros", "settled_at"),
            ),
        )
        self.legs = Table("bet_leg", key=("market_id", "bet_id"), columns=("market_id", "bet_id"))
        super().__init__(self.bets, self.legs)
        self.takes = {BetAccepted: self._accept, BetRefused: self._refuse}

    def close(self, bet_id: BetId, *, returns_micros: int, voided: bool, told: Told) -> None:
        """Mark a bet settled or voided, as a fact of settlement says."""
        bet = self.find_row(self.bets, bet_id, told)
        if bet is None:
            return
        if bet[_STATE] != _ACCEPTED:
            self.odd(told, f"settles bet {bet_id}, which is {bet[_STATE]}")
        bet[_STATE] = _VOIDED if voided else _SETTLED
        bet[_RETURNS], bet[_SETTLED_AT] = returns_micros, told.recorded_at

    def _accept(self, fact: BetAccepted, told: Told) -> None:
        row: Row = [
            fact.bet_id,
            fact.player_id,
            _ACCEPTED,
            None,
            fact.stake_micros,
            fact.currency,
            fact.rounding,
            _encode_legs(fact.legs),
            _placed_at(fact.placed_at),
            told.recorded_at,
            None,
            None,
        ]
        self.add_row(self.bets, row, told)
        for leg in fact.legs:
            self.add_row(self.legs, [leg.market_id, fact.bet_id], told)

    def _refuse(self, fact: BetRefused, told: Told) -> None:
        row: Row = [
            fact.bet_id,
            fact.player_id,
            _REFUSED,
            fact.reason,
            fact.stake_micros,
            fact.currency,
            _NO_ROUNDING,
            _encode_legs(()),
            _placed_at(fact.placed_at),
            told.recorded_at,
            None,
            None,
        ]
        self.add_row(self.bets, row, told)


@lru_cache(maxsize=1024)
def _placed_at(text: str) -> datetime:
    """Read an instant; those who were acknowledged together have the same."""
    return parse_instant(text, field="placed_at")
