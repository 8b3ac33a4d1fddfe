"""What voided bets leave in the tables of betting, from facts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pitboss.jurisdictions.model import OpenBets
from pitboss.kernel.folding import Fold, Told
from pitboss.kernel.ids import EventId
from pitboss.sportsbook.betting.folding import BettingFold
from pitboss.sportsbook.betting.model import Leg
from pitboss.sportsbook.voiding import rules
from pitboss.sportsbook.voiding.facts import BetVoided


class VoidingFold(Fold):
    """Bets that are void before their results; they stand in the tables of betting."""

    def __init__(self, betting: BettingFold) -> None:
        super().__init__()
        self.takes = {BetVoided: self._void}
        self._betting = betting

    def _void(self, fact: BetVoided, told: Told) -> None:
        self._betting.close(
            fact.bet_id, returns_micros=came_back(fact), voided=True, told=told, final=True
        )


def came_back(fact: BetVoided) -> int:
    """Return what a void bet gave back: its hold, or from the house if it was open again.

    Of a free bet nothing moved.
    """
    return sum(item.micros for item in fact.movements)


def was_void(
    fact: BetVoided,
    legs: Sequence[Leg],
    starts: Mapping[EventId, datetime],
    *,
    excluded_at: datetime,
) -> bool:
    """Say whether a bet is void by the rule that its fact names: the same question again.

    Raises:
        ValueError: there is no such rule.
    """
    return rules.is_void(legs, starts, OpenBets(fact.rule), excluded_at=excluded_at)
