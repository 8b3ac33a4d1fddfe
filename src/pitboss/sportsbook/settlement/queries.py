"""Reads of settlement."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from math import floor

from pitboss.db import Transaction
from pitboss.kernel.ids import MarketId, PlayerId, SelectionId
from pitboss.kernel.shards import PARTITIONS_ALL, Partition, shards_of
from pitboss.sportsbook import betting, catalog, trading
from pitboss.sportsbook.betting.model import OpenBet, Waiting
from pitboss.sportsbook.catalog.model import Event
from pitboss.sportsbook.returns.model import Ending
from pitboss.sportsbook.settlement.model import (
    AwaitedPage,
    Change,
    Effect,
    LeftAside,
    MarketResult,
    Preview,
    Refusal,
    Refused,
    Result,
    RuleBook,
    Rules,
    Ruling,
    Said,
    Score,
    ScoreReport,
    SelectionResult,
    Settled,
    Sum,
    Terms,
    Unsettled,
)
from pitboss.sportsbook.trading.model import OnBook, Scenario

from . import rules, store

# As many as a step of settlement takes.
PREVIEW_PAGE = 2_000
LARGEST_KEPT = 20
ASIDE_MAX = 100
AWAITED_PAGE_MAX = 100


async def find_results(
    tx: Transaction, market_ids: Collection[MarketId]
) -> dict[MarketId, MarketResult]:
    """Return the newest result of each market that has one."""
    return await store.find_results(tx, market_ids)


async def find_lags(tx: Transaction) -> dict[Partition, int]:
    """Return how many results each partition's players still wait for."""
    return await store.find_lags(tx)


async def list_aside(tx: Transaction) -> list[LeftAside]:
    """Return the bets that settlement goes on without, at most 100, the oldest first."""
    return await store.list_aside(tx, limit=ASIDE_MAX)


async def find_awaited(
    tx: Transaction,
    *,
    started_by: datetime,
    producer: str | None = None,
    after: MarketId | None = None,
    limit: int = AWAITED_PAGE_MAX,
) -> AwaitedPage:
    """Return markets with open bets of whose selections no result counts, the oldest event first.

    Those that are closed, whose event is over, or should be: it started by then, or was to.  A torn
    market is closed.  What all bets of a market are void for is no matter of its results.

    Args:
        tx: one moment of the database (`Database.moment`), so that all of it fits together.
        started_by: when an event started at the latest that should be over by now.
        producer: only markets of theirs.
        after: a market, behind which the page begins.
        limit: how many markets, at most 100.
    """
    page = await store.find_awaited(
        tx,
        started_by=started_by,
        producer=producer,
        after=after,
        limit=min(limit, AWAITED_PAGE_MAX),
    )
    said = await store.find_rulings(tx, [one.market_id for one in page.markets])
    torn = {item.selection_id for mine in said.values() for item in rules.effect_of(mine).torn}
    markets = [rules.with_torn(one, torn) for one in page.markets]
    return AwaitedPage(markets=tuple(markets), count=page.count)


async def find_endings(tx: Transaction, bet: Waiting) -> dict[SelectionId, tuple[int, Ending]]:
    """Return how a bet's legs ended, as far as that is known, with the number that says so.

    A market that is void for the time in which the bet was accepted is void for it.
    """
    markets = {leg.market_id for leg in bet.legs}
    known = rules.Known(await store.find_results(tx, markets))
    return {
        item.selection_id: (no, rules.ending_of(Result.of(item)))
        for item, no in known.rests_on(bet)
    }


async def find_versions(tx: Transaction, market_id: MarketId) -> list[Ruling]:
    """Return all that was said of a market, in the order of its arrival."""
    return (await store.find_rulings(tx, [market_id])).get(market_id, [])


def weigh(rulings: Sequence[Ruling]) -> Effect:
    """Return what all that was said of a market comes to.  Pure: it reads nothing."""
    return rules.effect_of(rulings)


async def was_recorded(tx: Transaction, market_id: MarketId, wish: Said, *, version: int) -> bool:
    """Say whether just this was said of a market after that version, at whatever time."""
    return rules.is_repeated(wish, await find_versions(tx, market_id), version)


async def preview(
    tx: Transaction,
    market_id: MarketId,
    wish: Said,
    *,
    now: datetime,
    book: RuleBook = rules.RULE_BOOK,
) -> Preview | Refused:
    """Work out who would gain and lose if this were said of a market now; nothing is written.

    It walks every bet of the market, settled ones too, so it takes about as long as settling it.

    Args:
        tx: one moment of the database (`Database.moment`), so that all of it fits together.
        market_id: the market.
        wish: what somebody wants to say; it has no time yet.
        now: by our own clock.
        book: the rules of settlement.
    """
    found = await catalog.find_markets(tx, [market_id])
    if not found:
        return Refused(reason=Refusal.UNKNOWN_MARKET)
    (market,) = found
    said = rules.said_in(market, rules.said_at(wish, now))
    rulings = await find_versions(tx, market_id)
    selections = [item.id for item in market.selections]
    refusal = rules.find_refusal(said, rulings, selections, now=now)
    if refusal is not None:
        return Refused(reason=refusal)
    version = len(rulings)
    word = Ruling(version=version + 1, said=said, recorded_at=now)
    effect = rules.effect_of([*rulings, word])
    after = MarketResult(
        no=0,
        market_id=market_id,
        version=version + 1,
        event_id=market.event_id,
        selections=effect.results,
        windows=effect.windows,
        said=said,
    )
    tally = _Tally(rules.marked(said, version))
    async for bets in _bets_of(tx, market_id):
        markets = {leg.market_id for bet in bets for leg in bet.legs}
        known = rules.Known(await store.find_results(tx, markets) | {market_id: after})
        tally.take(bets, known, book)
    return tally.preview(market_id, wish, version, effect.torn)


async def _bets_of(tx: Transaction, market_id: MarketId) -> AsyncIterator[list[Waiting]]:
    """Return the bets of a market, page by page, in order of shard and id."""
    for partition in PARTITIONS_ALL:
        lanes = shards_of(partition)
        after: OpenBet | None = None
        while True:
            places = await betting.find_open_bets(
                tx, market_id, shards=(lanes[0], lanes[-1]), after=after, limit=PREVIEW_PAGE
            )
            wanted = [(place.shard, place.bet_id) for place in places]
            yield await betting.find_changeable(tx, wanted)
            if len(places) < PREVIEW_PAGE:
                break
            after = places[-1]


class _Tally:
    """What would change, as the bets of a market go by."""

    def __init__(self, mark: bytes) -> None:
        self._hash = hashlib.sha256(mark)
        self._bets = self._opened = 0
        self._sums: dict[str, Sum] = {}
        self._players: dict[tuple[PlayerId, str], Sum] = {}
        self._largest: list[tuple[int, str, Change]] = []

    def take(self, bets: Sequence[Waiting], known: rules.Known, book: RuleBook) -> None:
        """Work these bets out."""
        for bet in bets:
            self._bets += 1
            outcome = book.get(bet.rules).settle(rules.terms_for(bet), known.outcomes(bet))
            settled = outcome if isinstance(outcome, Settled) else None
            if rules.is_paid(bet, settled):
                continue
            change = Change(
                bet_id=bet.id,
                player_id=bet.player_id,
                currency=bet.currency,
                was_micros=bet.returns_micros,
                returns_micros=None if settled is None else settled.returns_micros,
                voided=settled is not None and settled.voided,
            )
            self._note(change)

    def _note(self, change: Change) -> None:
        told = (change.bet_id, change.was_micros, change.returns_micros, change.voided)
        self._hash.update(f"{told}\n".encode())
        delta = change.delta_micros
        self._opened += change.returns_micros is None
        self._sums.setdefault(change.currency, Sum()).add(delta)
        place = (change.player_id, change.currency)
        self._players.setdefault(place, Sum()).add(delta)
        entry = (abs(delta), change.bet_id, change)
        if len(self._largest) < LARGEST_KEPT:
            heapq.heappush(self._largest, entry)
        else:
            heapq.heappushpop(self._largest, entry)

    def preview(
        self, market_id: MarketId, said: Said, version: int, torn: Sequence[SelectionResult]
    ) -> Preview:
        """Return all that would change."""
        return Preview(
            market_id=market_id,
            said=said,
            version=version,
            digest=self._hash.hexdigest(),
            bets=self._bets,
            opened=self._opened,
            torn=tuple(torn),
            sums=self._sums,
            largest=tuple(change for _, _, change in sorted(self._largest, reverse=True)),
            players=dict(sorted(self._players.items())),
        )


async def find_scenarios(tx: Transaction, event: Event, *, goals_max: int) -> list[Scenario]:
    """Return what the house would keep of an event's open bets, for each score up to so many goals.

    By the rules that would settle it now.  Markets that do not follow from a score are left out;
    bets of several legs count on this event as in the books, see `trading`.
    """
    books = await trading.find_books(tx, event.id)
    reports = [
        ScoreReport(event_id=event.id, score=Score(home=home, away=away))
        for home in range(goals_max + 1)
        for away in range(goals_max + 1)
    ]
    return _work_out_scenarios(event, books, reports, rules.RULE_BOOK.current)


def replay(
    terms: Terms, results: Mapping[SelectionId, Result], *, version: str
) -> Settled | Unsettled:
    """Return what a bet pays by this version of the rules, from its terms and results on record.

    Settlement itself asks the same rule, so whoever reads both from facts must find the returns
    that were booked, to the coin.  Pure: unlike its neighbours it reads nothing.

    Raises:
        RulesUnknown: there is no such version.
    """
    return rules.RULE_BOOK.get(version).settle(terms, results)


def _work_out_scenarios(
    event: Event, books: Sequence[OnBook], reports: Sequence[ScoreReport], current: Rules
) -> list[Scenario]:
    """Return what is kept of the books for each report, by currency; what is paid is rounded up."""
    scenarios: list[Scenario] = []
    for report in reports:
        outcomes = {
            item.selection_id: Result.of(item)
            for results in current.results(event, report).values()
            for item in results
        }
        nets: dict[str, Fraction] = {}
        for book in books:
            result = outcomes.get(book.selection_id)
            if result is not None:
                won = (1 - result.void_share) * result.dead_heat if result.won else Fraction(0)
                paid = won * (book.stake_micros + book.winnings_micros)
                kept = (1 - result.void_share) * book.stake_micros - paid
                nets[book.currency] = nets.get(book.currency, Fraction(0)) + kept
        assert report.score is not None  # noqa: S101 - scenarios are scores
        scenarios += [
            Scenario(
                score=f"{report.score.home}-{report.score.away}",
                currency=code,
                net_micros=floor(net),
            )
            for code, net in sorted(nets.items())
        ]
    return scenarios
