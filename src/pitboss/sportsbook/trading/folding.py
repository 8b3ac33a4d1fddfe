"""The tables of trading, from facts alone; what bets add is told by betting."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.sportsbook.trading.facts import FactorSet, LimitSet
from pitboss.sportsbook.trading.model import Taking

from . import rules


class TradingFold(Fold):
    """Limits, players' factors, and what open bets of a shard add to the books."""

    def __init__(self) -> None:
        divided = "how a limit is divided among the partitions; any division keeps it"
        self.books = Table(
            "trading_book",
            key=("selection_id", "currency", "partition"),
            columns=(
                *("selection_id", "currency", "partition", "market_id", "event_id"),
                *("bets", "stake_micros", "winnings_micros"),
            ),
            sharded=False,
            sums=("bets", "stake_micros", "winnings_micros"),
            untold={"share_micros": divided, "moved_micros": divided},
        )
        self.limits = Table(
            "trading_limit",
            key=("no",),
            columns=(
                *("no", "scope", "target", "currency", "bet_winnings_max", "winnings_max"),
                *("set_at", "set_by", "referral_winnings_max"),
            ),
            sharded=False,
        )
        self.factors = Table(
            "trading_factor",
            key=("player_id", "number"),
            columns=("player_id", "number", "factor", "set_at", "set_by"),
        )
        super().__init__(self.books, self.limits, self.factors)
        self.takes = {LimitSet: self._limit, FactorSet: self._factor}

    def change(self, before: tuple[Taking, ...], after: tuple[Taking, ...]) -> None:
        """Take out of the books what bets were, and put in what they are now."""
        for line in rules.change_of(before, after):
            key = (line.selection_id, line.currency, line.partition)
            row = self.books.rows.get(key)
            if row is None:
                row = [*key, line.place.market_id, line.place.event_id, 0, 0, 0]
                self.books.add(row)
            row[5] += line.bets
            row[6] += line.stake_micros
            row[7] += line.winnings_micros

    def _limit(self, fact: LimitSet, told: Told) -> None:
        row: Row = [fact.no, fact.scope, fact.target, fact.currency]
        amounts: Row = [fact.bet_winnings_max, fact.winnings_max]
        said: Row = [told.recorded_at, fact.by, fact.referral_winnings_max]
        self.add_row(self.limits, [*row, *amounts, *said], told)

    def _factor(self, fact: FactorSet, told: Told) -> None:
        row: Row = [fact.player_id, fact.number, fact.factor, told.recorded_at, fact.by]
        self.add_row(self.factors, row, told)
