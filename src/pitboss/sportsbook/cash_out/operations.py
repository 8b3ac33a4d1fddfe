"""Writes of cash-out: inside the caller's turn of the player's shard."""

from __future__ import annotations

from datetime import datetime

from pitboss import messages, wallet
from pitboss.db import Transaction
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import Partition
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.sportsbook import betting, catalog
from pitboss.sportsbook.betting.model import BuyBack, Waiting
from pitboss.sportsbook.cash_out.facts import BetBoughtBack, CashOutDelayed, CashOutRefused
from pitboss.sportsbook.cash_out.model import (
    Appraisal,
    Ask,
    Quote,
    Refusal,
    Refused,
    Request,
    State,
    write_share,
)
from pitboss.wallet.model import Credit

from . import queries, rules, store


async def ask(turn: Turn, shelf: catalog.Shelf, asked: Ask) -> Request | Refused:
    """Buy a bet back at the quote that the player took, if it still holds.

    It holds until it expires, as long as the stake that is left, the prices of open legs and the
    results of the others are those that it was made of: looked at under the catalogue's lock, as
    when a bet is accepted.  With an event that is played the decision waits for its delay, and
    everything is looked at again then.  The same request again gets its first answer; another
    quote under its id is refused.

    The quote must be one that the house made: who calls this has checked that.
    """
    known = await store.find_request(turn.tx, asked.shard, asked.request_id)
    if known is not None:
        return known if known.quote == asked.quote else Refused(reason=Refusal.ANOTHER_REQUEST)
    request = Request(
        shard=asked.shard,
        request_id=asked.request_id,
        quote=asked.quote,
        state=State.DELAYED,
        reason=None,
        asked_at=turn.now,
        decide_at=None,
        decided_at=None,
    )
    bet = await _find(turn.tx, request)
    reason = rules.refusal_of(asked.quote, bet, now=turn.now)
    looked = None if bet is None or reason else await _look(turn, shelf, bet, asked.quote)
    if isinstance(looked, Appraisal) and looked.delay:
        return await _delay(turn, request, turn.now + looked.delay)
    return await _decide(turn, request, bet, reason, looked)


async def decide_due(
    tx: Transaction,
    shelf: catalog.Shelf,
    partition: Partition,
    *,
    now: datetime,
    entropy: Entropy,
    limit: int,
    give_up: bool = False,
) -> int:
    """Decide the requests of a partition's players whose delay is over; return how many.

    All is looked at again: a price that moved, a market that was stopped, a goal or a bet that was
    settled meanwhile refuses it.  A crash before the commit leaves them waiting, and after it
    decided.

    Args:
        tx: the caller's; it is committed with what was decided.
        shelf: the catalogue's offers.
        partition: whose players.
        now: the platform's time.
        entropy: for the ids of facts.
        limit: at most so many, the oldest first.
        give_up: refuse them without a look, because looking at them breaks.
    """
    due = await store.lock_due(tx, partition, now=now, limit=limit)
    if not due:
        return 0
    async with messages.join_turn(
        tx, {item.shard for item in due}, now=now, actor="cash_out", entropy=entropy
    ) as turn:
        for request in due:
            if give_up:
                await _decide(turn, request, None, Refusal.CASH_OUT_NOT_OFFERED, None)
                continue
            bet = await _find(tx, request)
            reason = rules.refusal_after_delay(request.quote, bet)
            looked = None if bet is None or reason else await _look(turn, shelf, bet, request.quote)
            await _decide(turn, request, bet, reason, looked)
    return len(due)


async def _find(tx: Transaction, request: Request) -> Waiting | None:
    quoted = request.quote
    return await queries.find_bet(tx, request.shard, quoted.player_id, quoted.bet_id)


async def _look(
    turn: Turn, shelf: catalog.Shelf, bet: Waiting, quoted: Quote
) -> Appraisal | Refused:
    """Appraise a bet by what cannot change until the turn ends; refuse what the quote is not."""
    offers = await shelf.still(turn.tx, [leg.selection_id for leg in bet.legs])
    around = await queries.look_around(turn.tx, bet, offers, now=turn.now)
    appraisal = rules.appraise(bet, around)
    if isinstance(appraisal, Appraisal) and not rules.holds(quoted, bet, appraisal):
        return Refused(reason=Refusal.QUOTE_STALE)
    return appraisal


async def _delay(turn: Turn, request: Request, decide_at: datetime) -> Request:
    waiting = rules.moved(request, State.DELAYED, decide_at=decide_at)
    await store.save_requests(turn.tx, [waiting])
    fact = CashOutDelayed(
        request_id=request.request_id, quote=request.quote, decide_at=write_instant(decide_at)
    )
    turn.publish(request.shard, request.quote.player_id, fact)
    return waiting


async def _decide(
    turn: Turn,
    request: Request,
    bet: Waiting | None,
    reason: Refusal | None,
    looked: Appraisal | Refused | None,
) -> Request:
    """Pay what the quote says, or refuse it, for ever."""
    if isinstance(looked, Refused):
        reason = looked.reason
    if bet is None or not isinstance(looked, Appraisal):
        reason = reason or Refusal.BET_NOT_OPEN
        decided = rules.moved(request, State.REFUSED, reason=reason, decided_at=turn.now)
        fact = CashOutRefused(request_id=request.request_id, quote=request.quote, reason=reason)
        turn.publish(request.shard, request.quote.player_id, fact)
    else:
        await _pay(turn, request, bet, looked)
        decided = rules.moved(request, State.PAID, decided_at=turn.now)
    await store.save_requests(turn.tx, [decided])
    return decided


async def _pay(turn: Turn, request: Request, bet: Waiting, appraisal: Appraisal) -> None:
    quoted = request.quote
    movements = await betting.buy_back(
        turn,
        BuyBack(
            bet=bet,
            key=request.request_id,
            stake_micros=quoted.stake_micros,
            paid_micros=quoted.offer_micros,
        ),
    )
    fact = BetBoughtBack(
        bet_id=bet.id,
        player_id=bet.player_id,
        request_id=request.request_id,
        quote=quoted,
        value=write_share(appraisal.value),
        seen=appraisal.seen,
        movements=movements,
    )
    turn.publish(bet.shard, bet.player_id, fact)
    await limits.count(turn, [(bet.shard, fact)])
    # As from any winnings: who owes the house pays of it first.
    credit = Credit(
        shard=bet.shard,
        player_id=bet.player_id,
        currency=bet.currency,
        micros=quoted.offer_micros,
    )
    await wallet.collect(turn, [credit])
