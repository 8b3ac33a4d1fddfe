"""Replays every settlement, shard by shard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pitboss import order
from pitboss.audit import reading
from pitboss.audit.reading.model import CANNOT_BE, Reader, ReadFact
from pitboss.audit.replay import rules
from pitboss.audit.replay.model import (
    GRACE,
    HeardExclusion,
    Paid,
    Report,
)
from pitboss.audit.replay.queries.hearing import (
    NEVER_PAID,
    OF_MARKETS,
    heard_of,
    left_over,
    take_market,
    worked_out,
)
from pitboss.db import Transaction
from pitboss.kernel.facts import Fact
from pitboss.kernel.folding import Told
from pitboss.kernel.ids import BetId
from pitboss.kernel.shards import CATALOGUE_SHARD, SHARDS_ALL
from pitboss.responsible.exclusion.facts import PlayerExcluded
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.cash_out.facts import BetBoughtBack
from pitboss.sportsbook.settlement.facts import BetResettled, BetSettled, MarketRuled
from pitboss.sportsbook.settlement.folding import RULE_BOOK
from pitboss.sportsbook.settlement.model import RuleBook
from pitboss.sportsbook.voiding.facts import BetVoided

Tell = Callable[[int, int], None]


async def replay_all(
    tx: Transaction,
    *,
    since: datetime | None = None,
    now: datetime | None = None,
    reader: Reader | None = None,
    book: RuleBook = RULE_BOOK,
    tell: Tell | None = None,
) -> Report:
    """Work every settlement out again that was made at this time or later.

    The catalogue's facts come first, then the players', shard by shard: in memory are the results
    of all markets and the open bets of one shard.  A shard is read once more for its bets that were
    corrected, because by then their terms are gone.  Results of markets are worked out again too.
    A bet that nobody has settled although its results are known disagrees, whenever that was; at
    `now` one whose results are younger than `GRACE` may still wait, and without it none may.
    `tell` hears after each shard how many are done, of how many.

    Raises:
        FactUnreadable: a fact cannot be read, so nothing can be said of what rests on it.
    """
    report, markets, reader = Report(), rules.Markets(book), reader or Reader()
    others = [shard for shard in SHARDS_ALL if shard != CATALOGUE_SHARD]
    for done, shard in enumerate((CATALOGUE_SHARD, *others), start=1):
        lane = _Lane(markets, book, since, report)
        async with reading.naming(tx):
            async for page in reading.read_shard(tx, shard):
                reader.feed(page, lane.take)
                report.facts += len(page)
            due_by = None if now is None else now - GRACE
            lane.end(due_by=due_by)
            if lane.corrected:
                again = _Corrections(lane)
                async for page in reading.read_shard(tx, shard):
                    reader.feed(page, again.take)
                again.end(due_by=due_by)
        if tell is not None:
            tell(done, len(SHARDS_ALL))
    report.disagreements = await _with_indexes(tx, report)
    return report


class _Lane:
    """A shard's bets that were accepted and not settled yet, as its facts go by.

    `corrected` are those that were settled more than once, which are worked out by themselves.
    """

    def __init__(
        self, markets: rules.Markets, book: RuleBook, since: datetime | None, report: Report
    ) -> None:
        self._markets = markets
        self._book = book
        self._since = since
        self._report = report
        self._open: dict[BetId, Told] = {}
        self._excluded: dict[str, HeardExclusion] = {}
        self.corrected: set[BetId] = set()

    def take(self, read: ReadFact) -> None:
        """Take the shard's next fact."""
        fact = read.told.fact
        if type(fact) is BetAccepted:
            self._open[fact.bet_id] = read.told
        elif type(fact) is BetBoughtBack:
            self._sell(read, fact)
        elif type(fact) is BetSettled:
            told = self._open.pop(fact.bet_id, None)
            if self._since is None or read.told.recorded_at >= self._since:
                self._settle(read, fact, told)
        elif type(fact) is BetResettled:
            self.corrected.add(fact.bet_id)
        elif type(fact) is BetVoided and fact.bet_id not in self.corrected:
            told = self._open.pop(fact.bet_id, None)
            if self._since is None or read.told.recorded_at >= self._since:
                self.void(read, fact, None if told is None else told.fact)
        elif type(fact) is PlayerExcluded:
            self._excluded.setdefault(read.told.cause or "", heard_of(read.told))
        elif type(fact) in OF_MARKETS:
            self._market(read)

    def end(self, *, due_by: datetime | None) -> None:
        """Find who waits for money although all is known; `due_by`: since then at the latest."""
        self.wait(self._open, due_by)

    def wait(self, waiting: Mapping[BetId, Told], due_by: datetime | None) -> None:
        """Find which of these bets wait for money although all is known."""
        for bet_id, told in waiting.items():
            assert isinstance(told.fact, BetAccepted)  # noqa: S101 - nothing else is kept
            try:
                found = rules.unpaid(
                    told.fact, self._markets, self._book, accepted_at=told.recorded_at
                )
            except CANNOT_BE as error:
                why = f"it waits, and cannot be worked out: {error}"
                self._report.disagree(f"bet {bet_id}", told.shard, told.seq, why)
                continue
            if found is None or (due_by is not None and found.since > due_by):
                self._report.waiting += 1
                continue
            why = (
                f"nobody has settled it, and its results are known since {found.since}:"
                f" {found.outcome.returns_micros} micros are right"
            )
            self._report.disagree(f"bet {bet_id}", told.shard, told.seq, why)

    def _sell(self, read: ReadFact, fact: BetBoughtBack) -> None:
        """Take what was sold of an open bet; what is left of it goes on."""
        told, open_bet = read.told, self._open.pop(fact.bet_id, None)
        accepted = None if open_bet is None else open_bet.fact
        since = self._since
        if open_bet is None or not isinstance(accepted, BetAccepted):
            why = "it was settled or void before, or never accepted"
            self._report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)
            return
        if since is None or told.recorded_at >= since:
            self._report.sales += 1
            replayed = rules.replay_sale(
                accepted, fact, self._markets.known, accepted_at=open_bet.recorded_at
            )
            if replayed.disagreements:
                why = "; ".join(replayed.disagreements)
                self._report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)
        if fact.quote.stake_micros < accepted.stake_micros:
            self._open[fact.bet_id] = left_over(open_bet, fact)

    def _settle(self, read: ReadFact, fact: BetSettled, accepted: Told | None) -> None:
        report, told = self._report, read.told
        report.settlements += 1
        if accepted is None or not isinstance(accepted.fact, BetAccepted):
            why = "it was settled or void before, or never accepted"
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)
            return
        replayed = rules.replay(
            accepted.fact,
            fact,
            self._markets.known,
            self._book,
            accepted_at=accepted.recorded_at,
            settled_at=told.recorded_at,
        )
        if replayed.disagreements:
            why = "; ".join(replayed.disagreements)
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)

    def correct(
        self, read: ReadFact, fact: BetResettled, accepted: Told | None, paid: Paid
    ) -> None:
        """Hold a correction against what is worked out again."""
        report, told = self._report, read.told
        report.corrections += 1
        if accepted is None:
            why = "it corrects a bet that no fact before it has accepted"
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)
            return
        replayed = worked_out(accepted, paid, told, fact, self._markets, self._book)
        if replayed.disagreements:
            why = "; ".join(replayed.disagreements)
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)

    def counts(self, read: ReadFact) -> bool:
        """Say whether a settlement was made late enough to be worked out again."""
        return self._since is None or read.told.recorded_at >= self._since

    def void(
        self, read: ReadFact, fact: BetVoided, accepted: Fact | None, *, reopened: bool = False
    ) -> None:
        """Hold a bet that is void before its results against what is worked out again."""
        report, told = self._report, read.told
        report.voids += 1
        if not isinstance(accepted, BetAccepted):
            why = "it was settled or void before, or never accepted"
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)
            return
        heard = self._excluded.get(fact.exclusion)
        replayed = rules.replay_void(
            accepted,
            fact,
            heard,
            self._markets,
            voided_at=told.recorded_at,
            reopened=reopened,
        )
        if replayed.disagreements:
            why = "; ".join(replayed.disagreements)
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)

    def _market(self, read: ReadFact) -> None:
        why, told = take_market(self._markets, read), read.told
        if isinstance(told.fact, MarketRuled):
            self._report.results += 1
            if why is not None:
                market = f"market {told.fact.market_id}"
                self._report.disagree(market, told.shard, told.seq, why)


class _Corrections:
    """The bets of a shard that were settled more than once, as its facts go by once more."""

    def __init__(self, lane: _Lane) -> None:
        self._lane = lane
        self._accepted: dict[BetId, Told] = {}
        self._paid: dict[BetId, Paid] = {}

    def take(self, read: ReadFact) -> None:
        """Take the shard's next fact."""
        fact = read.told.fact
        if not isinstance(
            fact, BetAccepted | BetBoughtBack | BetSettled | BetResettled | BetVoided
        ):
            return
        key = fact.bet_id
        if key not in self._lane.corrected:
            return
        if isinstance(fact, BetAccepted):
            self._accepted[key] = read.told
        elif isinstance(fact, BetBoughtBack):
            # It was held against its inputs when the facts went by first.
            self._accepted[key] = left_over(self._accepted[key], fact)
        elif isinstance(fact, BetVoided):
            paid = self._paid.pop(key, None)
            accepted = self._accepted.pop(key, None)
            open_again = paid is not None and paid.returns_micros is None
            if self._lane.counts(read):
                terms = None if accepted is None or not open_again else accepted.fact
                self._lane.void(read, fact, terms, reopened=True)
        else:
            before = self._paid.get(key, NEVER_PAID)
            if isinstance(fact, BetResettled) and self._lane.counts(read):
                self._lane.correct(read, fact, self._accepted.get(key), before)
            self._paid[key] = Paid.by(fact)

    def end(self, *, due_by: datetime | None) -> None:
        """Find which of them wait for money although all is known."""
        waiting = {
            key: told
            for key, told in self._accepted.items()
            if self._paid.get(key, NEVER_PAID).returns_micros is None
        }
        self._lane.wait(waiting, due_by)


async def _with_indexes(tx: Transaction, report: Report) -> list[Any]:
    places = [(item.shard, item.seq) for item in report.disagreements]
    positions = await order.find_positions(tx, places)
    return [
        replace(item, index=positions.get((item.shard, item.seq))) for item in report.disagreements
    ]
