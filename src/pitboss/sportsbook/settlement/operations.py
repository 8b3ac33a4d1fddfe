"""Writes of settlement: results into the catalogue's shard, returns into the players'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pitboss import messages
from pitboss.db import Transaction
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.money import currency
from pitboss.kernel.shards import CATALOGUE_SHARD, Partition, Shard, shards_of
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.sportsbook import betting, catalog
from pitboss.sportsbook.betting.model import Closing, OpenBet, Waiting
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted, ResultRefused
from pitboss.sportsbook.settlement.model import (
    Answer,
    Leg,
    MarketResult,
    Recorded,
    Refusal,
    Refused,
    Result,
    RuleBook,
    Rules,
    ScoreReport,
    Settled,
    Terms,
    Walk,
)

from . import rules, store

# Results looked at in one step: many small markets are settled in one transaction.
RESULTS_MAX = 64


async def record_scores(
    turn: Turn, reports: Sequence[ScoreReport], *, book: RuleBook = rules.RULE_BOOK
) -> tuple[Answer, ...]:
    """Record how events ended: close their markets and publish each market's results.

    Takes the turn of the catalogue's shard.  The same report again changes nothing; another one
    for the same event is refused.  Results follow from a score by the current rules of the book.
    """
    events = {
        event.id: event
        for event in await catalog.find_events_by_id(turn.tx, [item.event_id for item in reports])
    }
    markets = [market.id for event in events.values() for market in event.markets]
    known = await store.find_results(turn.tx, markets)
    no = await store.find_last_no(turn.tx)

    answers: list[Answer] = []
    fresh: list[MarketResult] = []
    for report in reports:
        event = events.get(report.event_id)
        if event is None:
            answers.append(_refuse(turn, report, Refusal.UNKNOWN_EVENT))
            continue
        found = book.current.results(event, report)
        earlier = [known[market.id] for market in event.markets if market.id in known]
        if earlier:
            same = all(item.selections == found[item.market_id] for item in earlier)
            answers.append(
                Recorded(changed=False) if same else _refuse(turn, report, Refusal.ANOTHER_RESULT)
            )
            continue
        for market_id, selections in found.items():
            no += 1
            result = MarketResult(
                no=no, market_id=market_id, version=1, event_id=event.id, selections=selections
            )
            known[market_id] = result
            fresh.append(result)
            _tell_result(turn, result, report, book.current)
        answers.append(Recorded(changed=True))

    await catalog.close_markets(turn, [item.market_id for item in fresh])
    await store.save_results(turn.tx, fresh, turn.now)
    return tuple(answers)


async def settle_waiting(
    tx: Transaction,
    partition: Partition,
    *,
    now: datetime,
    entropy: Entropy,
    limit: int,
    book: RuleBook = rules.RULE_BOOK,
) -> int | None:
    """Settle the next bets of a partition's players that wait for recorded results.

    Returns how many bets it looked at: at most `limit`; 0 when there were results that nobody bet
    on, None when there was nothing to do.  How far it is moves in the same transaction, so a
    crash repeats nothing; a twin that settles the same partition is passed by.
    """
    result_no = await store.lock_cursor(tx, partition)
    if result_no is None:
        return None
    walks = await _find_walks(tx, partition, result_no)
    if not walks:
        return None
    places, moved = await _walk(tx, walks, limit)

    # Closed markets take no more bets, so looking before locking misses none; what became of
    # these bets meanwhile is read again under the turn.
    async with messages.join_turn(
        tx, {place.shard for place in places}, now=now, actor="settlement", entropy=entropy
    ) as turn:
        await _settle(turn, places, book.current)
    await store.save_walks(tx, moved)
    ended = {walk.result_no for walk in walks} - {walk.result_no for walk in moved}
    await store.end_walks(tx, partition, ended)
    return len(places)


async def _find_walks(tx: Transaction, partition: Partition, result_no: int) -> list[Walk]:
    """Return the results to go on with, new ones included, as many as one step looks at."""
    walks = await store.find_walks(tx, partition)
    results = await store.find_results_after(tx, result_no, limit=RESULTS_MAX - len(walks))
    if results:
        await store.move_cursor(tx, partition, results[-1].no)
    fresh = [
        Walk(partition=partition, result_no=item.no, market_id=item.market_id, after=None)
        for item in results
    ]
    return [*walks, *fresh]


async def _walk(
    tx: Transaction, walks: Sequence[Walk], limit: int
) -> tuple[list[OpenBet], list[Walk]]:
    """Collect the next bets; return them, and the walks that have not ended, moved on.

    Each market has an equal share of the step, and what the small ones leave goes to the large
    ones: a market with very many bets never keeps another one waiting for more than a step.
    """
    lanes = shards_of(walks[0].partition)
    places: dict[OpenBet, None] = {}
    going: list[Walk] = list(walks)
    room = limit
    while going and room > 0:
        share = max(room // len(going), 1)
        still: list[Walk] = []
        for number, walk in enumerate(going):
            if room <= 0:
                still += going[number:]
                break
            wanted = min(share, room)
            found = await betting.find_open_bets(
                tx, walk.market_id, shards=(lanes[0], lanes[-1]), after=walk.after, limit=wanted
            )
            places |= dict.fromkeys(found)
            room -= len(found)
            if len(found) == wanted:
                still.append(replace(walk, after=found[-1]))
        going = still
    return list(places), going


async def _settle(turn: Turn, places: Sequence[OpenBet], current: Rules) -> None:
    # In the order of the walk, each once, so that history is the same again.
    wanted = dict.fromkeys((place.shard, place.bet_id) for place in places)
    waiting = await betting.find_waiting(turn.tx, list(wanted))
    if not waiting:
        return
    known = await store.find_results(
        turn.tx, {leg.market_id for bet in waiting for leg in bet.legs}
    )
    outcomes = _outcomes(known)

    closings = [
        Closing(bet=bet, returns_micros=settled.returns_micros, voided=settled.voided)
        for bet in waiting
        if isinstance(settled := current.settle(_terms(bet), outcomes), Settled)
    ]
    if not closings:
        return
    movements = await betting.close_bets(turn, closings)
    stored = {
        item.selection_id: (item, result.no)
        for result in known.values()
        for item in result.selections
    }
    facts: list[tuple[Shard, BetSettled]] = []
    for closing, moved in zip(closings, movements, strict=True):
        bet = closing.bet
        rests_on = [stored[leg.selection_id] for leg in bet.legs if leg.selection_id in stored]
        fact = BetSettled(
            bet_id=bet.id,
            player_id=bet.player_id,
            returns_micros=closing.returns_micros,
            currency=bet.currency,
            voided=closing.voided,
            rules=current.version,
            rounding=bet.rounding,
            results=tuple([result for result, _ in rests_on]),
            result_nos=tuple([no for _, no in rests_on]),
            movements=moved,
        )
        turn.publish(bet.shard, bet.player_id, fact)
        facts.append((bet.shard, fact))
    await limits.count(turn, facts)


def _terms(bet: Waiting) -> Terms:
    return Terms(
        bet_id=bet.id,
        stake_micros=bet.stake_micros,
        minor_unit_micros=currency(bet.currency).minor_unit_micros,
        rounding=bet.rounding,
        legs=tuple(Leg(selection_id=leg.selection_id, price=leg.price_exact) for leg in bet.legs),
    )


def _outcomes(known: Mapping[MarketId, MarketResult]) -> dict[SelectionId, Result]:
    return {
        item.selection_id: Result.of(item)
        for result in known.values()
        for item in result.selections
    }


def _tell_result(turn: Turn, result: MarketResult, report: ScoreReport, current: Rules) -> None:
    turn.publish(
        CATALOGUE_SHARD,
        result.event_id,
        MarketResulted(
            market_id=result.market_id,
            event_id=result.event_id,
            no=result.no,
            version=result.version,
            score=_said(report),
            rules=current.version,
            results=result.selections,
        ),
    )


def _refuse(turn: Turn, report: ScoreReport, reason: Refusal) -> Refused:
    refused = ResultRefused(event_id=report.event_id, score=_said(report), reason=reason)
    turn.publish(CATALOGUE_SHARD, report.event_id, refused)
    return Refused(reason=reason)


def _said(report: ScoreReport) -> str | None:
    return None if report.score is None else f"{report.score.home}-{report.score.away}"
