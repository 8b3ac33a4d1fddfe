"""Reads that replay: facts, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from pitboss import order
from pitboss.audit import reading
from pitboss.audit.reading.model import Reader, ReadFact
from pitboss.audit.replay.errors import BetMissing, NotSettled
from pitboss.audit.replay.model import BetReplay, Input, Report
from pitboss.db import Transaction
from pitboss.kernel.ids import BetId
from pitboss.kernel.shards import CATALOGUE_SHARD, SHARDS_ALL, Shard
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.catalog.facts import EventOpened
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.folding import RULE_BOOK
from pitboss.sportsbook.settlement.model import RuleBook

from . import rules

Tell = Callable[[int, int], None]
Place = tuple[Shard, int]


async def replay_bet(
    tx: Transaction,
    bet_id: BetId,
    *,
    shards: Collection[Shard] = SHARDS_ALL,
    reader: Reader | None = None,
    book: RuleBook = RULE_BOOK,
) -> BetReplay:
    """Work one settlement out again, and show each fact that it rests on.

    Args:
        tx: one moment of the database.
        bet_id: the bet.
        shards: where to look for it; who does not know looks everywhere.
        reader: reads the facts.
        book: every version of the rules.

    Raises:
        BetMissing: no fact decided on such a bet.
        NotSettled: it was refused, or waits for results.
    """
    reader = reader or Reader()
    found = [reader.read(fact) for fact in await reading.read_mentions(tx, [bet_id], shards=shards)]
    mine = [fact for fact in found if getattr(fact.told.fact, "bet_id", None) == bet_id]
    accepted = _first(mine, BetAccepted)
    settled = _first(mine, BetSettled)
    if accepted is None or settled is None:
        raise _nothing_to_replay(bet_id, mine)
    terms, said = accepted.told.fact, settled.told.fact
    assert isinstance(terms, BetAccepted)  # noqa: S101 - it was looked for as such
    assert isinstance(said, BetSettled)  # noqa: S101 - it was looked for as such

    events = {leg.event_id for leg in terms.legs}
    catalogue = [
        reader.read(fact)
        for fact in await reading.read_mentions(tx, events, shards=[CATALOGUE_SHARD])
    ]
    markets = rules.Markets(book)
    taken = [(fact, _take(markets, fact)) for fact in catalogue]
    used = [fact for fact, _ in taken if _is_used(fact, said)]
    doubts = [why for fact, why in taken if why is not None and _is_used(fact, said)]
    replayed = rules.replay(terms, said, markets.known, book)
    return BetReplay(
        accepted=terms,
        settled=said,
        inputs=await _inputs(tx, accepted, used, settled),
        replayed=replace(replayed, disagreements=(*replayed.disagreements, *doubts)),
    )


async def replay_all(
    tx: Transaction,
    *,
    since: datetime | None = None,
    reader: Reader | None = None,
    book: RuleBook = RULE_BOOK,
    tell: Tell | None = None,
) -> Report:
    """Work every settlement out again that was made at this time or later.

    The catalogue's facts come first, then the players', shard by shard: in memory are the results
    of all markets and the open bets of one shard.  Results of markets are worked out again too.
    `tell` hears after each shard how many are done, of how many.

    Raises:
        FactUnreadable: a fact cannot be read, so nothing can be said of what rests on it.
    """
    report, markets, reader = Report(), rules.Markets(book), reader or Reader()
    others = [shard for shard in SHARDS_ALL if shard != CATALOGUE_SHARD]
    for done, shard in enumerate((CATALOGUE_SHARD, *others), start=1):
        lane = _Lane(markets, book, since, report)
        async for page in reading.read_shard(tx, shard):
            for fact in page:
                lane.take(reader.read(fact))
            report.facts += len(page)
        if tell is not None:
            tell(done, len(SHARDS_ALL))
    report.disagreements = await _with_indexes(tx, report)
    return report


class _Lane:
    """A shard's bets that were accepted and not settled yet, as its facts go by."""

    def __init__(
        self, markets: rules.Markets, book: RuleBook, since: datetime | None, report: Report
    ) -> None:
        self._markets = markets
        self._book = book
        self._since = since
        self._report = report
        self._open: dict[BetId, BetAccepted] = {}

    def take(self, read: ReadFact) -> None:
        """Take the shard's next fact."""
        fact = read.told.fact
        if type(fact) is BetAccepted:
            self._open[fact.bet_id] = fact
        elif type(fact) is BetSettled:
            accepted = self._open.pop(fact.bet_id, None)
            if self._since is None or read.told.recorded_at >= self._since:
                self._settle(read, fact, accepted)
        elif type(fact) is EventOpened or type(fact) is MarketResulted:
            self._market(read)

    def _settle(self, read: ReadFact, fact: BetSettled, accepted: BetAccepted | None) -> None:
        report, told = self._report, read.told
        report.settlements += 1
        if accepted is None:
            why = "it was settled before, or never accepted"
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)
            return
        replayed = rules.replay(accepted, fact, self._markets.known, self._book)
        if replayed.disagreements:
            why = "; ".join(replayed.disagreements)
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)

    def _market(self, read: ReadFact) -> None:
        why, told = _take(self._markets, read), read.told
        if isinstance(told.fact, MarketResulted):
            self._report.results += 1
            if why is not None:
                market = f"market {told.fact.market_id}"
                self._report.disagree(market, told.shard, told.seq, why)


def _take(markets: rules.Markets, read: ReadFact) -> str | None:
    """Take a fact of the catalogue; return why it does not follow from those before it."""
    fact = read.told.fact
    if isinstance(fact, EventOpened):
        markets.open(fact)
    elif isinstance(fact, MarketResulted):
        return markets.result(fact)
    return None


def _is_used(read: ReadFact, settled: BetSettled) -> bool:
    fact = read.told.fact
    return isinstance(fact, MarketResulted) and fact.no in settled.result_nos


def _first(facts: Iterable[ReadFact], kind: type) -> ReadFact | None:
    return next((fact for fact in facts if isinstance(fact.told.fact, kind)), None)


def _nothing_to_replay(bet_id: BetId, facts: Sequence[ReadFact]) -> BetMissing | NotSettled:
    for fact in (read.told.fact for read in facts):
        if isinstance(fact, BetRefused):
            return NotSettled(f"bet {bet_id} was refused: {fact.reason}")
        if isinstance(fact, BetAccepted):
            return NotSettled(f"bet {bet_id} is accepted and waits for results")
    return BetMissing(f"no fact decided on a bet {bet_id}")


async def _inputs(
    tx: Transaction, accepted: ReadFact, results: Sequence[ReadFact], settled: ReadFact
) -> tuple[Input, ...]:
    named = [
        ("terms", accepted),
        *(("result", fact) for fact in results),
        ("settlement", settled),
    ]
    positions = await order.find_positions(tx, [_place(fact) for _, fact in named])
    return tuple(
        Input.of(what, fact, positions.get(_place(fact)), _said(fact)) for what, fact in named
    )


async def _with_indexes(tx: Transaction, report: Report) -> list[Any]:
    places = [(item.shard, item.seq) for item in report.disagreements]
    positions = await order.find_positions(tx, places)
    return [
        replace(item, index=positions.get((item.shard, item.seq))) for item in report.disagreements
    ]


def _place(read: ReadFact) -> Place:
    return read.sealed.shard, read.sealed.seq


def _said(read: ReadFact) -> dict[str, Any]:
    """Return what the stored bytes say, word for word."""
    data: dict[str, Any] = msgspec.json.decode(read.sealed.body)["data"]
    return data
