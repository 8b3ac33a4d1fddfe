"""Writes of settlement: results into the catalogue's shard, returns into the players'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pitboss import messages
from pitboss.db import Transaction
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.money import currency
from pitboss.kernel.shards import CATALOGUE_SHARD, Partition, shards_of
from pitboss.messages import Turn
from pitboss.sportsbook import betting, catalog
from pitboss.sportsbook.betting.model import Bet, BetState, Closing, OpenBet
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.model import (
    RULES_VERSION,
    Answer,
    Cursor,
    Leg,
    MarketResult,
    Recorded,
    Refusal,
    Refused,
    Result,
    ScoreReport,
    Settled,
    Terms,
)

from . import rules, store

# Results looked at in one step: many small markets are settled in one transaction.
RESULTS_MAX = 64


async def record_scores(turn: Turn, reports: Sequence[ScoreReport]) -> tuple[Answer, ...]:
    """Record how events ended: close their markets and publish each market's results.

    Takes the turn of the catalogue's shard.  The same report again changes nothing; another one
    for the same event is refused.
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
            answers.append(Refused(reason=Refusal.UNKNOWN_EVENT))
            continue
        found = rules.market_results(event, report)
        earlier = [known[market.id] for market in event.markets if market.id in known]
        if earlier:
            same = all(item.selections == found[item.market_id] for item in earlier)
            answers.append(
                Recorded(changed=False) if same else Refused(reason=Refusal.ANOTHER_RESULT)
            )
            continue
        for market_id, selections in found.items():
            no += 1
            result = MarketResult(
                no=no, market_id=market_id, version=1, event_id=event.id, selections=selections
            )
            known[market_id] = result
            fresh.append(result)
            _tell_result(turn, result, report)
        answers.append(Recorded(changed=True))

    await catalog.close_markets(turn, [item.market_id for item in fresh])
    await store.save_results(turn.tx, fresh, turn.now)
    return tuple(answers)


async def settle_waiting(
    tx: Transaction, partition: Partition, *, now: datetime, entropy: Entropy, limit: int
) -> int | None:
    """Settle the next bets of a partition's players that wait for recorded results.

    Returns how many bets it looked at: at most about `limit`; 0 when there was only the cursor to
    move, None when there was nothing to do.  The cursor moves in the same transaction, so a crash
    repeats nothing; a twin that settles the same partition is passed by.
    """
    cursor = await store.lock_cursor(tx, partition)
    if cursor is None:
        return None
    results = await store.find_results_after(tx, cursor.result_no, limit=RESULTS_MAX)
    if not results:
        return None
    places, moved = await _walk(tx, cursor, results, limit)

    # Closed markets take no more bets, so looking before locking misses none; what became of
    # these bets meanwhile is read again under the turn.
    async with messages.join_turn(
        tx, {place.shard for place in places}, now=now, actor="settlement", entropy=entropy
    ) as turn:
        await _settle(turn, places)
    await store.move_cursor(tx, moved)
    return len(places)


async def _walk(
    tx: Transaction, cursor: Cursor, results: Sequence[MarketResult], limit: int
) -> tuple[list[OpenBet], Cursor]:
    """Collect the next bets, market by market; return them and where to go on."""
    lanes = shards_of(cursor.partition)
    places: list[OpenBet] = []
    result_no, after = cursor.result_no, cursor.after
    for result in results:
        room = limit - len(places)
        if room <= 0:
            break
        found = await betting.find_open_bets(
            tx, result.market_id, shards=(lanes[0], lanes[-1]), after=after, limit=room
        )
        places += found
        if len(found) == room:
            after = found[-1]
        else:
            result_no, after = result.no, None
    return places, Cursor(partition=cursor.partition, result_no=result_no, after=after)


async def _settle(turn: Turn, places: Sequence[OpenBet]) -> None:
    bets = await betting.find_bets(turn.tx, {(place.shard, place.bet_id) for place in places})
    # In the order of the walk, not in that of the database's answer: history is the same again.
    ordered = (bets.get(bet_id) for bet_id in dict.fromkeys(place.bet_id for place in places))
    waiting = [bet for bet in ordered if bet is not None and bet.state is BetState.ACCEPTED]
    if not waiting:
        return
    known = await store.find_results(
        turn.tx, {leg.market_id for bet in waiting for leg in bet.legs}
    )
    outcomes = _outcomes(known)

    closings = [
        Closing(bet=bet, returns_micros=settled.returns_micros, voided=settled.voided)
        for bet in waiting
        if isinstance(settled := rules.settle(_terms(bet), outcomes), Settled)
    ]
    if not closings:
        return
    movements = await betting.close_bets(turn, closings)
    stored = {item.selection_id: item for result in known.values() for item in result.selections}
    for closing, moved in zip(closings, movements, strict=True):
        bet = closing.bet
        turn.publish(
            bet.shard,
            bet.player_id,
            BetSettled(
                bet_id=bet.id,
                player_id=bet.player_id,
                returns_micros=closing.returns_micros,
                currency=bet.currency,
                voided=closing.voided,
                rules=RULES_VERSION,
                rounding=bet.rounding,
                results=tuple(
                    stored[leg.selection_id] for leg in bet.legs if leg.selection_id in stored
                ),
                movements=moved,
            ),
        )


def _terms(bet: Bet) -> Terms:
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


def _tell_result(turn: Turn, result: MarketResult, report: ScoreReport) -> None:
    turn.publish(
        CATALOGUE_SHARD,
        result.event_id,
        MarketResulted(
            market_id=result.market_id,
            event_id=result.event_id,
            no=result.no,
            version=result.version,
            score=None if report.score is None else f"{report.score.home}-{report.score.away}",
            rules=RULES_VERSION,
            results=result.selections,
        ),
    )
