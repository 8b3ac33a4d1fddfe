"""The table of cash-out, from facts alone; what is left of bets goes into the tables of betting."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import msgspec

from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.ids import SelectionId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import Rounding
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.betting.folding import BettingFold
from pitboss.sportsbook.betting.model import Waiting
from pitboss.sportsbook.cash_out.facts import BetBoughtBack, CashOutDelayed, CashOutRefused
from pitboss.sportsbook.cash_out.model import Quote, State, parse_share
from pitboss.sportsbook.returns.model import NOTHING, OPEN, Chances, Ending

from . import rules

_STATE, _REASON, _DECIDED_AT = 4, 5, 8

_encode = msgspec.json.Encoder().encode


class CashOutFold(Fold):
    """Requests to sell bets back, and what they leave of the bets."""

    def __init__(self, betting: BettingFold) -> None:
        self.requests = Table(
            "cash_out",
            key=("request_id",),
            columns=(
                *("request_id", "bet_id", "player_id", "quote", "state", "reason"),
                *("asked_at", "decide_at", "decided_at"),
            ),
        )
        super().__init__(self.requests)
        self.takes = {
            CashOutDelayed: self._delay,
            CashOutRefused: self._refuse,
            BetBoughtBack: self._pay,
        }
        self._betting = betting

    def _delay(self, fact: CashOutDelayed, told: Told) -> None:
        decide_at = parse_instant(fact.decide_at, field="decide_at")
        row = [*_begun(fact.request_id, fact.quote), State.DELAYED.value, None]
        self.add_row(self.requests, [*row, told.recorded_at, decide_at, None], told)

    def _refuse(self, fact: CashOutRefused, told: Told) -> None:
        self._decide(fact.request_id, fact.quote, State.REFUSED, fact.reason, told)

    def _pay(self, fact: BetBoughtBack, told: Told) -> None:
        self._decide(fact.request_id, fact.quote, State.PAID, None, told)
        self._betting.buy_back(
            fact.bet_id,
            stake_micros=fact.quote.stake_micros,
            paid_micros=fact.quote.offer_micros,
            told=told,
        )

    def _decide(
        self, request_id: str, quote: Quote, state: State, reason: str | None, told: Told
    ) -> None:
        row = self.requests.rows.get(request_id)
        if row is None:
            row = [*_begun(request_id, quote), state.value, reason]
            self.add_row(self.requests, [*row, told.recorded_at, None, told.recorded_at], told)
            return
        if row[_STATE] != State.DELAYED.value:
            self.odd(told, f"decides request {request_id}, which is {row[_STATE]}")
        row[_STATE], row[_REASON], row[_DECIDED_AT] = state.value, reason, told.recorded_at


def offered(
    accepted: BetAccepted, sold: BetBoughtBack, endings: Mapping[SelectionId, Ending]
) -> tuple[Fraction, int]:
    """Return what was left of a bet was worth when it was sold, and what was to be paid for it.

    Worked out again from its terms, the stake that was left, and what the fact says was seen:
    chances of open legs, and of the others their `endings`.

    Raises:
        Malformed: the terms are none, or a stake was sold that was not there.
        KeyError: nobody knows how a leg ended that is said to be decided.
    """
    known = [(item, item.result_no is not None) for item in sold.seen]
    bet = Waiting(
        shard=Shard(0),
        id=accepted.bet_id,
        player_id=accepted.player_id,
        stake_micros=accepted.stake_micros,
        currency=accepted.currency,
        rounding=Rounding(accepted.rounding),
        legs=accepted.legs,
        shape=accepted.shape,
        decided_at=parse_instant(accepted.placed_at, field="placed_at"),
        placed_at=parse_instant(accepted.placed_at, field="placed_at"),
    )
    worth = rules.value(
        bet,
        [endings[item.selection_id] if decided else OPEN for item, decided in known],
        [
            Chances(won=NOTHING if item.chance is None else parse_share(item.chance))
            for item, _ in known
        ],
    )
    return worth, rules.offer(bet, worth, sold.quote.stake_micros, parse_share(sold.quote.margin))


def _begun(request_id: str, quote: Quote) -> Row:
    return [request_id, quote.bet_id, quote.player_id, _encode(quote)]
