"""Reads that replay: facts, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from pitboss import order
from pitboss.audit import reading
from pitboss.audit.reading.model import CANNOT_BE, Reader, ReadFact
from pitboss.audit.replay.errors import BetMissing, NotSettled
from pitboss.audit.replay.model import GRACE, BetReplay, HeardExclusion, Input, Report
from pitboss.db import Transaction
from pitboss.kernel.facts import Fact
from pitboss.kernel.folding import Told
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import CATALOGUE_SHARD, SHARDS_ALL, Shard, shard_of
from pitboss.messages.model import SealedFact
from pitboss.responsible.exclusion.facts import PlayerExcluded
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.catalog.facts import EventOpened
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.folding import RULE_BOOK
from pitboss.sportsbook.settlement.model import RuleBook
from pitboss.sportsbook.voiding.facts import BetVoided

from . import rules

Tell = Callable[[int, int], None]
Place = tuple[Shard, int]


async def replay_bet(
    tx: Transaction,
    bet_id: BetId,
    *,
    player_id: PlayerId | None = None,
    reader: Reader | None = None,
    book: RuleBook = RULE_BOOK,
) -> BetReplay:
    """Work one settlement out again, and show each fact that it rests on.

    A bet that became void before its results is worked out from the exclusion and the starts.

    Args:
        tx: one moment of the database.
        bet_id: the bet.
        player_id: whose bet it is, whose facts alone are read then; who does not know reads all.
        reader: reads the facts.
        book: every version of the rules.

    Raises:
        BetMissing: no fact decided on such a bet.
        NotSettled: it was refused, or waits for results.
        FactUnreadable: one of its facts cannot be read.
    """
    async with reading.naming(tx):
        return await _replay_bet(tx, bet_id, player_id, reader or Reader(), book)


async def _replay_bet(
    tx: Transaction, bet_id: BetId, player_id: PlayerId | None, reader: Reader, book: RuleBook
) -> BetReplay:
    found = await _facts_of(tx, bet_id, player_id)
    read = [reader.read(fact) for fact in found]
    mine = [fact for fact in read if getattr(fact.told.fact, "bet_id", None) == bet_id]
    accepted = _first(mine, BetAccepted)
    settled = _first(mine, BetSettled)
    voided = _first(mine, BetVoided)
    if accepted is not None and settled is None and voided is not None:
        return await _replay_void(tx, accepted, voided, reader, book)
    if accepted is None or settled is None:
        raise _nothing_to_replay(bet_id, mine)
    terms, said = accepted.told.fact, settled.told.fact
    assert isinstance(terms, BetAccepted)  # noqa: S101 - it was looked for as such
    assert isinstance(said, BetSettled)  # noqa: S101 - it was looked for as such

    events = {leg.event_id for leg in terms.legs}
    markets, used = rules.Markets(book), list[ReadFact]()
    doubts: list[str] = []

    def take(fact: ReadFact) -> None:
        why = _take(markets, fact)
        if _is_used(fact, said):
            used.append(fact)
            doubts.extend([] if why is None else [why])

    reader.feed(await reading.read_streams(tx, CATALOGUE_SHARD, events), take)
    settled_at = settled.told.recorded_at
    replayed = rules.replay(terms, said, markets.known, book, settled_at=settled_at)
    named = [("terms", accepted), *(("result", fact) for fact in used), ("settlement", settled)]
    return BetReplay(
        accepted=terms,
        settled=said,
        inputs=await _inputs(tx, named),
        replayed=replace(replayed, disagreements=(*replayed.disagreements, *doubts)),
    )


async def _replay_void(
    tx: Transaction, accepted: ReadFact, voided: ReadFact, reader: Reader, book: RuleBook
) -> BetReplay:
    """Replay a bet that became void before its results."""
    terms, said = accepted.told.fact, voided.told.fact
    assert isinstance(terms, BetAccepted)  # noqa: S101 - it was looked for as such
    assert isinstance(said, BetVoided)  # noqa: S101 - it was looked for as such
    shard = voided.sealed.shard
    around = await reading.read_streams(tx, shard, [terms.player_id], word=said.exclusion)
    excluded = [
        read
        for read in map(reader.read, around)
        if read.told.cause == said.exclusion
        and isinstance(read.told.fact, PlayerExcluded)
        and read.sealed.seq < voided.sealed.seq
    ]
    markets, opened = rules.Markets(book), list[ReadFact]()

    def take(fact: ReadFact) -> None:
        if isinstance(fact.told.fact, EventOpened):
            markets.open(fact.told.fact)
            opened.append(fact)

    events = {leg.event_id for leg in terms.legs}
    reader.feed(await reading.read_streams(tx, CATALOGUE_SHARD, events), take)
    named = [
        ("terms", accepted),
        *(("event", fact) for fact in opened),
        *(("exclusion", fact) for fact in excluded[:1]),
        ("voiding", voided),
    ]
    heard = _heard(excluded[0].told) if excluded else None
    return BetReplay(
        accepted=terms,
        settled=said,
        inputs=await _inputs(tx, named),
        replayed=rules.replay_void(terms, said, heard, markets),
    )


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
    of all markets and the open bets of one shard.  Results of markets are worked out again too.
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
        lane.end(due_by=None if now is None else now - GRACE)
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
        self._open: dict[BetId, Told] = {}
        self._excluded: dict[str, HeardExclusion] = {}

    def take(self, read: ReadFact) -> None:
        """Take the shard's next fact."""
        fact = read.told.fact
        if type(fact) is BetAccepted:
            self._open[fact.bet_id] = read.told
        elif type(fact) is BetSettled:
            told = self._open.pop(fact.bet_id, None)
            if self._since is None or read.told.recorded_at >= self._since:
                self._settle(read, fact, None if told is None else told.fact)
        elif type(fact) is BetVoided:
            told = self._open.pop(fact.bet_id, None)
            if self._since is None or read.told.recorded_at >= self._since:
                self._void(read, fact, None if told is None else told.fact)
        elif type(fact) is PlayerExcluded:
            self._excluded.setdefault(read.told.cause or "", _heard(read.told))
        elif type(fact) is EventOpened or type(fact) is MarketResulted:
            self._market(read)

    def end(self, *, due_by: datetime | None) -> None:
        """Find who waits for money although all is known; `due_by`: since then at the latest."""
        for bet_id, told in self._open.items():
            assert isinstance(told.fact, BetAccepted)  # noqa: S101 - nothing else is kept
            try:
                found = rules.unpaid(told.fact, self._markets, self._book)
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

    def _settle(self, read: ReadFact, fact: BetSettled, accepted: Fact | None) -> None:
        report, told = self._report, read.told
        report.settlements += 1
        if not isinstance(accepted, BetAccepted):
            why = "it was settled or void before, or never accepted"
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)
            return
        replayed = rules.replay(
            accepted, fact, self._markets.known, self._book, settled_at=told.recorded_at
        )
        if replayed.disagreements:
            why = "; ".join(replayed.disagreements)
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)

    def _void(self, read: ReadFact, fact: BetVoided, accepted: Fact | None) -> None:
        report, told = self._report, read.told
        report.voids += 1
        if not isinstance(accepted, BetAccepted):
            why = "it was settled or void before, or never accepted"
            report.disagree(f"bet {fact.bet_id}", told.shard, told.seq, why)
            return
        heard = self._excluded.get(fact.exclusion)
        replayed = rules.replay_void(accepted, fact, heard, self._markets)
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
        return markets.result(fact, read.told.recorded_at)
    return None


async def _facts_of(
    tx: Transaction, bet_id: BetId, player_id: PlayerId | None
) -> Sequence[SealedFact]:
    """Return the facts that name a bet, which stand in its player's stream."""
    found: Sequence[SealedFact] = ()
    if player_id is not None:
        found = await reading.read_streams(tx, shard_of(player_id), [player_id], word=bet_id)
    # Whoever told whose bet it is asked a table, which may be wrong.
    return found or await reading.read_mentions(tx, [bet_id])


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


def _heard(told: Told) -> HeardExclusion:
    assert isinstance(told.fact, PlayerExcluded)  # noqa: S101 - it was looked for as such
    return HeardExclusion(fact=told.fact, recorded_at=told.recorded_at)


async def _inputs(tx: Transaction, named: Sequence[tuple[str, ReadFact]]) -> tuple[Input, ...]:
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
