"""Writes of settlement: returns into the players' shards, a market at its own pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pitboss import messages, wallet
from pitboss.db import Transaction
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.ids import BetId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import Partition, Shard, shards_of
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import Closing, Correction, OpenBet, Waiting
from pitboss.sportsbook.settlement import rules, store
from pitboss.sportsbook.settlement.facts import BetResettled, BetSettled
from pitboss.sportsbook.settlement.model import (
    Aside,
    RuleBook,
    Settled,
    Walk,
)
from pitboss.sportsbook.settlement.operations.correcting import correct, find_absorbing
from pitboss.sportsbook.settlement.operations.setting_aside import take_up
from pitboss.wallet.model import Credit

# Results looked at in one step: many small markets are settled in one transaction.
RESULTS_MAX = 64


async def settle_waiting(
    tx: Transaction,
    partition: Partition,
    *,
    now: datetime,
    entropy: Entropy,
    limit: int,
    aside: Aside | None = None,
    book: RuleBook = rules.RULE_BOOK,
) -> int | None:
    """Settle the next bets of a partition's players on markets of which something else counts now.

    Each bet is settled by the version of the rules that it was accepted on.  One that was settled
    before and returns something else is corrected: the difference is booked,
    and told with its reason.  What counts and what was paid are compared, so it does not matter how
    often, nor in which order, it was said.

    Returns how many bets it looked at: at most `limit`; 0 when there were results that nobody bet
    on, None when there was nothing to do.  How far it is moves in the same transaction, so a
    crash repeats nothing; a twin that settles the same partition is passed by.

    Bets in `aside` are passed by.  Their results begin anew when they are through, and are not
    looked at again as long as they rest there.
    """
    aside = Aside() if aside is None else aside
    result_no = await store.lock_cursor(tx, partition)
    if result_no is None:
        return None
    walks, heard = await _find_walks(tx, partition, result_no, aside)
    if not walks:
        return 0 if heard else None
    found, moved = await _walk(tx, walks, limit)
    places = {place: no for place, no in found.items() if place not in aside.bets}
    aside.looked_at = tuple(places)
    aside.held.update(no for place, no in found.items() if place in aside.bets)

    # Closed markets take no more bets, so looking before locking misses none; what became of
    # these bets meanwhile is read again under the turn.
    async with messages.join_turn(
        tx, {place.shard for place in places}, now=now, actor="settlement", entropy=entropy
    ) as turn:
        await _settle(turn, places, book)
        await take_up(turn, places)
    await store.save_walks(tx, moved)
    ended = {walk.result_no for walk in walks} - {walk.result_no for walk in moved}
    aside.ended = ended & aside.held
    await store.save_walks(
        tx, [replace(walk, after=None) for walk in walks if walk.result_no in aside.ended]
    )
    await store.end_walks(tx, partition, ended - aside.ended)
    return len(places)


async def _find_walks(
    tx: Transaction, partition: Partition, result_no: int, aside: Aside
) -> tuple[list[Walk], bool]:
    """Return the results to go on with, as many as one step looks at, and if something was new."""
    walks = [
        walk
        for walk in await store.find_walks(tx, partition)
        if walk.result_no not in aside.resting
    ]
    # There may be more than a step's: those that rested beside others, and are tried again.
    room = max(RESULTS_MAX - len(walks), 0)
    results = await store.find_results_after(tx, result_no, limit=room)
    if results:
        await store.move_cursor(tx, partition, results[-1].no)
    fresh = [
        Walk(partition=partition, result_no=item.no, market_id=item.market_id, after=None)
        for item in results
        if item.moves
    ]
    return [*walks, *fresh], bool(results)


async def _walk(
    tx: Transaction, walks: Sequence[Walk], limit: int
) -> tuple[dict[OpenBet, int], list[Walk]]:
    """Collect the next bets, each with the number of the result that it is looked at for.

    Returns them, and the walks that have not ended, moved on.

    Each market has an equal share of the step, and what the small ones leave goes to the large
    ones: a market with very many bets never keeps another one waiting for more than a step.
    """
    lanes = shards_of(walks[0].partition)
    places: dict[OpenBet, int] = {}
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
            places = dict.fromkeys(found, walk.result_no) | places
            room -= len(found)
            if len(found) == wanted:
                still.append(replace(walk, after=found[-1]))
        going = still
    return places, going


async def _settle(turn: Turn, places: Mapping[OpenBet, int], book: RuleBook) -> None:
    # In the order of the walk, each once, so that history is the same again.
    wanted = [(place.shard, place.bet_id) for place in places]
    bets = await betting.find_changeable(turn.tx, wanted)
    if not bets:
        return
    known = rules.Known(
        await store.find_results(turn.tx, {leg.market_id for bet in bets for leg in bet.legs})
    )
    closings: list[Closing] = []
    changed: list[tuple[Waiting, Settled | None]] = []
    for bet in bets:
        outcome = book.get(bet.rules).settle(rules.terms_for(bet), known.outcomes(bet))
        settled = outcome if isinstance(outcome, Settled) else None
        if bet.settlements:
            if not rules.is_paid(bet, settled):
                changed.append((bet, settled))
        elif settled is not None:
            closings.append(
                Closing(bet=bet, returns_micros=settled.returns_micros, voided=settled.voided)
            )
    # Told in the order in which it was booked.
    credits = await _close(turn, closings, known)
    if changed:
        causes = {(place.shard, place.bet_id): no for place, no in places.items()}
        corrections = await _corrections(turn, changed, causes)
        credits += await _correct(turn, corrections, known)
    await wallet.collect(turn, credits)


async def _close(turn: Turn, closings: Sequence[Closing], known: rules.Known) -> list[Credit]:
    """Pay what bets return that were never settled, and tell it; return what players were given."""
    if not closings:
        return []
    movements = await betting.close_bets(turn, closings)
    facts: list[tuple[Shard, BetSettled]] = []
    for closing, moved in zip(closings, movements, strict=True):
        bet = closing.bet
        rests_on = known.rests_on(bet)
        fact = BetSettled(
            bet_id=bet.id,
            player_id=bet.player_id,
            returns_micros=closing.returns_micros,
            currency=bet.currency,
            voided=closing.voided,
            rules=bet.rules,
            rounding=bet.rounding,
            results=tuple([result for result, _ in rests_on]),
            result_nos=tuple([no for _, no in rests_on]),
            movements=moved,
        )
        turn.publish(bet.shard, bet.player_id, fact)
        facts.append((bet.shard, fact))
    await limits.count(turn, facts)
    # Of a void bet a hold was released, which is no money that was not there.
    return [
        _credit(item.bet, item.returns_micros)
        for item in closings
        if item.returns_micros and not item.voided
    ]


async def _corrections(
    turn: Turn,
    changed: Sequence[tuple[Waiting, Settled | None]],
    causes: Mapping[tuple[Shard, BetId], int],
) -> list[Correction]:
    """Return what has to be corrected, with what was said that made it so."""
    words = await store.find_results_by_no(turn.tx, set(causes.values()))
    losing = {
        bet.player_id: bet.shard
        for bet, settled in changed
        if (0 if settled is None else settled.returns_micros) < (bet.returns_micros or 0)
    }
    absorbing = await find_absorbing(turn, losing)
    found: list[Correction] = []
    for bet, settled in changed:
        word = words[causes[bet.shard, bet.id]]
        found.append(
            Correction(
                bet=bet,
                returns_micros=None if settled is None else settled.returns_micros,
                voided=settled is not None and settled.voided,
                cause=word.said.kind,
                reason=word.said.reason,
                result_no=word.no,
                absorbs=bet.player_id in absorbing,
            )
        )
    return found


async def _correct(
    turn: Turn, corrections: Sequence[Correction], known: rules.Known
) -> list[Credit]:
    """Book corrections and tell them; return what players were given."""
    facts: list[tuple[Shard, BetResettled]] = []
    for corrected in await correct(turn, corrections):
        item = corrected.correction
        bet, rests_on = item.bet, known.rests_on(item.bet)
        fact = BetResettled(
            bet_id=bet.id,
            player_id=bet.player_id,
            version=item.version,
            stake_micros=bet.stake_micros,
            was_micros=bet.returns_micros,
            was_voided=bet.voided,
            returns_micros=item.returns_micros,
            voided=item.voided,
            currency=bet.currency,
            rules=bet.rules,
            rounding=bet.rounding,
            results=tuple([result for result, _ in rests_on]),
            result_nos=tuple([no for _, no in rests_on]),
            cause=item.cause,
            reason=item.reason,
            result_no=item.result_no,
            owed_micros=corrected.owed_micros,
            absorbed_micros=corrected.absorbed_micros,
            settled_at=None if bet.settled_at is None else write_instant(bet.settled_at),
            free=bet.is_free,
            movements=corrected.movements,
        )
        turn.publish(bet.shard, bet.player_id, fact)
        facts.append((bet.shard, fact))
    await limits.count(turn, facts)
    return [_credit(item.bet, item.delta_micros) for item in corrections if item.delta_micros > 0]


def _credit(bet: Waiting, micros: int) -> Credit:
    return Credit(shard=bet.shard, player_id=bet.player_id, currency=bet.currency, micros=micros)
