"""Writes of what is said of markets: into the catalogue's shard, told with its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import Event, Market, SelectionChange
from pitboss.sportsbook.settlement import rules, store
from pitboss.sportsbook.settlement.facts import (
    MarketCancelled,
    MarketCancelRolledBack,
    MarketReportRefused,
    MarketResulted,
    MarketResultRolledBack,
    MarketRuled,
    ResultRefused,
)
from pitboss.sportsbook.settlement.model import (
    Answer,
    Authority,
    Effect,
    MarketResult,
    Recorded,
    Refusal,
    Refused,
    Report,
    RuleBook,
    Rules,
    Ruling,
    RulingKind,
    Said,
    ScoreReport,
    SelectionResult,
)


async def record_results(
    turn: Turn,
    reports: Sequence[Report],
    *,
    certainty_min: int = 1,
    book: RuleBook = rules.RULE_BOOK,
) -> tuple[Answer, ...]:
    """Record what is said of markets: results by selection, rollbacks, cancels, their rollbacks.

    Takes the turn of the catalogue's shard.  Every report is answered, in order.  The same report
    again changes nothing.  What counts of a market does not depend on the order in which reports
    arrive (`rules.effect_of`); `changed` says whether something else counts now, and then
    settlement looks at every bet of the market.  Where exactly one selection wins, results that
    cannot all be true (`torn`) are recorded, and none of them counts.  A market of which nothing is
    left to bet on is closed; a rollback opens none.

    Args:
        turn: of the catalogue's shard.
        reports: what is said, with its source and its time; at most five minutes ahead of ours.
        certainty_min: results that are less certain (1: may be reviewed, 2: confirmed) are
            recorded and do not count.
        book: the rules in force.

    Source: Sportradar UOF, bet_settlement, rollback_bet_settlement, bet_cancel,
    rollback_bet_cancel.
    """
    wanted = list(dict.fromkeys(report.market_id for report in reports))
    markets = {item.id: item for item in await catalog.find_markets(turn.tx, wanted)}
    desk = _Desk(turn, book.current)
    await desk.read(wanted)

    answers: list[Answer] = []
    for report in reports:
        market = markets.get(report.market_id)
        said = rules.said_of(report, certainty_min=certainty_min)
        if market is None:
            answers.append(_refuse_report(turn, report.market_id, said, Refusal.UNKNOWN_MARKET))
            continue
        said = rules.said_in(market, said)
        if rules.was_said(said, desk.rulings(market.id)):
            answers.append(Recorded(changed=False, torn=desk.is_torn(market.id, said)))
            continue
        refusal = _find_refusal(turn, desk, market, said)
        if refusal is not None:
            answers.append(_refuse_report(turn, market.event_id, said, refusal, market.id))
            continue
        changed = desk.rule(market, said)
        answers.append(Recorded(changed=changed, torn=desk.is_torn(market.id, said)))
    await desk.save()
    return tuple(answers)


async def record_as_shown(
    turn: Turn,
    market_id: MarketId,
    wish: Said,
    *,
    version: int,
    book: RuleBook = rules.RULE_BOOK,
) -> Answer:
    """Record a correction, if nothing was said of the market since it was previewed.

    Saying the same again after the same version changes nothing.

    Args:
        turn: of the catalogue's shard.
        market_id: the market.
        wish: what is said, and said now: it has no time yet, as in its preview.
        version: how much had been said of the market when it was previewed.
        book: the rules in force.
    """
    found = await catalog.find_markets(turn.tx, [market_id])
    said = rules.said_at(wish, turn.now)
    if not found:
        return _refuse_report(turn, market_id, said, Refusal.UNKNOWN_MARKET)
    (market,) = found
    said = rules.said_in(market, said)
    desk = _Desk(turn, book.current)
    await desk.read([market.id])
    rulings = desk.rulings(market.id)
    if rules.is_repeated(said, rulings, version):
        return Recorded(changed=False, torn=desk.is_torn(market.id, said))
    refusal = _find_refusal(turn, desk, market, said)
    if len(rulings) != version:
        refusal = Refusal.NOT_AS_SHOWN
    if refusal is not None:
        return _refuse_report(turn, market.event_id, said, refusal, market.id)
    changed = desk.rule(market, said)
    await desk.save()
    return Recorded(changed=changed, torn=desk.is_torn(market.id, said))


async def record_scores(
    turn: Turn, reports: Sequence[ScoreReport], *, book: RuleBook = rules.RULE_BOOK
) -> tuple[Answer, ...]:
    """Record how events ended: close their markets and publish each market's results.

    Takes the turn of the catalogue's shard.  The same report again changes nothing; where another
    result counts already it is refused.  Results follow from a score by the current rules of the
    book.  Scores are what staff say: they hold against what feeds say.
    """
    events = {
        event.id: event
        for event in await catalog.find_events_by_id(turn.tx, [item.event_id for item in reports])
    }
    desk = _Desk(turn, book.current)
    await desk.read([market.id for event in events.values() for market in event.markets])

    answers: list[Answer] = []
    for report in reports:
        event = events.get(report.event_id)
        if event is None:
            answers.append(_refuse_score(turn, report, Refusal.UNKNOWN_EVENT))
            continue
        found = book.current.results(event, report)
        if _is_another(desk, found):
            answers.append(_refuse_score(turn, report, Refusal.ANOTHER_RESULT))
            continue
        changed = False
        for market in _unsettled(event, desk, found):
            said = Said(authority=Authority.STAFF, results=found[market.id])
            desk.rule(market, rules.said_in(market, said), report)
            changed = True
        answers.append(Recorded(changed=changed))
    await desk.save()
    return tuple(answers)


class _Desk:
    """What was said of some markets, and what a batch adds to it."""

    def __init__(self, turn: Turn, current: Rules) -> None:
        self._turn = turn
        self._rules = current
        self._rulings: dict[MarketId, list[Ruling]] = {}
        self._effects: dict[MarketId, Effect] = {}
        self._fresh: list[MarketResult] = []
        self._closed: list[MarketId] = []
        self._ended: list[SelectionId] = []
        self._no = 0

    async def read(self, market_ids: Sequence[MarketId]) -> None:
        """Read what was said of these markets."""
        self._rulings = await store.find_rulings(self._turn.tx, market_ids)
        self._no = await store.find_last_no(self._turn.tx)
        self._effects = {key: rules.effect_of(said) for key, said in self._rulings.items()}

    def rulings(self, market_id: MarketId) -> Sequence[Ruling]:
        """Return all that was said of a market, in the order of its arrival."""
        return self._rulings.get(market_id, ())

    def effect(self, market_id: MarketId) -> Effect:
        """Return what counts of a market."""
        return self._effects.get(market_id, Effect())

    def is_torn(self, market_id: MarketId, said: Said) -> bool:
        """Say whether something that was said does not count, for it cannot be beside the rest."""
        return not {*self.effect(market_id).torn}.isdisjoint(said.results)

    def rule(self, market: Market, said: Said, report: ScoreReport | None = None) -> bool:
        """Take the next word on a market; say whether something else counts now."""
        before, rulings = self.effect(market.id), self._rulings.setdefault(market.id, [])
        now = self._turn.now
        rulings.append(Ruling(version=len(rulings) + 1, said=said, recorded_at=now))
        after = self._effects[market.id] = rules.effect_of(rulings)
        self._no += 1
        result = MarketResult(
            no=self._no,
            market_id=market.id,
            version=len(rulings),
            event_id=market.event_id,
            selections=after.results,
            windows=after.windows,
            said=said,
            moves=after.moves(before),
        )
        self._fresh.append(result)
        if rules.closes(after, [item.id for item in market.selections], now=now):
            self._closed.append(market.id)
        elif market.status.takes_prices:
            # The others are bet on still; on these a bet would be on what is known.
            self._ended += rules.newly_ended(before, after)
        fact = _told(result, report, self._rules)
        self._turn.publish(CATALOGUE_SHARD, market.event_id, fact)
        return result.moves

    async def save(self) -> None:
        """Close what has ended, and write what the batch has said."""
        ended = [SelectionChange(selection_id=item, active=False) for item in self._ended]
        if ended:
            await catalog.set_selections(self._turn, ended)
        await catalog.close_markets(self._turn, self._closed)
        await store.save_results(self._turn.tx, self._fresh, self._turn.now)


def _find_refusal(turn: Turn, desk: _Desk, market: Market, said: Said) -> Refusal | None:
    selections = [item.id for item in market.selections]
    return rules.find_refusal(said, desk.rulings(market.id), selections, now=turn.now)


def _is_another(desk: _Desk, found: Mapping[MarketId, tuple[SelectionResult, ...]]) -> bool:
    """Say whether a result counts that is not the one of this score."""
    return any(
        item not in results
        for market_id, results in found.items()
        for item in desk.effect(market_id).results
    )


def _unsettled(
    event: Event, desk: _Desk, found: Mapping[MarketId, tuple[SelectionResult, ...]]
) -> list[Market]:
    """Return the markets of an event of which a selection is open still."""
    return [
        market
        for market in event.markets
        if market.id in found and len(desk.effect(market.id).results) < len(found[market.id])
    ]


def _told(result: MarketResult, report: ScoreReport | None, current: Rules) -> MarketRuled:
    """Return the fact of a word on a market."""
    said = result.said
    match said.kind:
        case RulingKind.RESULT:
            return MarketResulted(
                market_id=result.market_id,
                event_id=result.event_id,
                no=result.no,
                version=result.version,
                score=None if report is None else _written(report),
                rules=current.version,
                results=said.results,
                source=said.source,
                authority=said.authority,
                reported_at=None if said.reported_at is None else write_instant(said.reported_at),
                open_ids=said.open_ids,
                certainty=said.certainty,
                provisional=said.provisional,
                reason=said.reason,
                one_of=said.one_of,
            )
        case RulingKind.ROLLBACK:
            return MarketResultRolledBack(
                market_id=result.market_id,
                event_id=result.event_id,
                no=result.no,
                version=result.version,
                source=said.source,
                authority=said.authority,
                reported_at=_instant(said),
                selections=said.selections,
                rolls_back=said.rolls_back,
                reason=said.reason,
            )
        case RulingKind.CANCEL | RulingKind.CANCEL_ROLLBACK:
            cancels = said.kind is RulingKind.CANCEL
            fact = MarketCancelled if cancels else MarketCancelRolledBack
            return fact(
                market_id=result.market_id,
                event_id=result.event_id,
                no=result.no,
                version=result.version,
                source=said.source,
                authority=said.authority,
                reported_at=_instant(said),
                from_at=None if said.from_at is None else write_instant(said.from_at),
                until=None if said.until is None else write_instant(said.until),
                reason=said.reason,
            )


def _instant(said: Said) -> str:
    return "" if said.reported_at is None else write_instant(said.reported_at)


def _refuse_report(
    turn: Turn, stream: str, said: Said, reason: Refusal, market_id: MarketId | None = None
) -> Refused:
    refused = MarketReportRefused(
        market_id=MarketId(stream) if market_id is None else market_id,
        kind=said.kind,
        source=said.source,
        reported_at=_instant(said),
        reason=reason,
    )
    turn.publish(CATALOGUE_SHARD, stream, refused)
    return Refused(reason=reason)


def _refuse_score(turn: Turn, report: ScoreReport, reason: Refusal) -> Refused:
    refused = ResultRefused(event_id=report.event_id, score=_written(report), reason=reason)
    turn.publish(CATALOGUE_SHARD, report.event_id, refused)
    return Refused(reason=reason)


def _written(report: ScoreReport) -> str | None:
    return None if report.score is None else f"{report.score.home}-{report.score.away}"
