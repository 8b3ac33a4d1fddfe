"""Limits and players' factors, as staff set them; in the caller's turn."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from pitboss.db import Transaction
from pitboss.kernel.ids import MarketId, PlayerId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.trading import rules, store
from pitboss.sportsbook.trading.facts import FactorSet, LimitRefused, LimitSet
from pitboss.sportsbook.trading.model import (
    EVERYBODY,
    Factor,
    Limit,
    Refusal,
    Refused,
    Scope,
    SetAnswer,
    Wish,
    no_factor,
    write_factor,
)


async def set_limits(turn: Turn, wishes: Sequence[Wish], *, by: str) -> list[SetAnswer | Refused]:
    """Say what may be won from now on; takes the turn of the catalogue's shard.

    A limit that is there already is left alone.  One below what is taken already takes nothing
    back: no more is taken until enough is released.
    """
    known = rules.in_force(await store.find_limits(turn.tx))
    no = await store.find_newest_no(turn.tx)
    answers: list[SetAnswer | Refused] = []
    for wish in wishes:
        before = known.get((wish.scope, wish.target, wish.currency))
        if not await _exists(turn.tx, wish):
            answers.append(_refuse(turn, wish))
            continue
        if before is not None and _same(before, wish):
            answers.append(SetAnswer(limit=before, changed=False))
            continue
        no += 1
        limit = Limit(
            no=no,
            scope=wish.scope,
            target=wish.target,
            currency=wish.currency,
            bet_winnings_max=wish.bet_winnings_max,
            winnings_max=wish.winnings_max,
            set_at=turn.now,
            set_by=by,
            referral_winnings_max=wish.referral_winnings_max,
        )
        await store.save_limit(turn.tx, limit)
        known[limit.scope, limit.target, limit.currency] = limit
        turn.publish(CATALOGUE_SHARD, _stream(wish), _told(limit))
        answers.append(SetAnswer(limit=limit, changed=True))
    return answers


async def set_factor(turn: Turn, player_id: PlayerId, factor: Fraction, *, by: str) -> Factor:
    """Say by what a player's limits for one bet are multiplied; takes the turn of their shard.

    The factor that there is already is left alone.
    """
    shard = shard_of(player_id)
    known = (await store.find_factors(turn.tx, [(shard, player_id)])).get(player_id)
    was = EVERYBODY if known is None else known.factor
    if was == factor:
        return no_factor(shard, player_id) if known is None else known
    number = 1 if known is None else known.number + 1
    after = Factor(
        shard=shard, player_id=player_id, number=number, factor=factor, set_at=turn.now, set_by=by
    )
    await store.save_factor(turn.tx, after, turn.now)
    turn.recall(shard, Factor).pop(player_id, None)
    turn.publish(
        shard,
        player_id,
        FactorSet(
            player_id=player_id,
            number=number,
            factor=write_factor(factor),
            before=write_factor(was),
            by=by,
        ),
    )
    return after


async def _exists(tx: Transaction, wish: Wish) -> bool:
    match wish.scope:
        case Scope.ALL | Scope.KIND:
            return True
        case Scope.MARKET:
            return bool(await catalog.find_markets(tx, [MarketId(wish.target)]))
        case Scope.SELECTION:
            one = SelectionId(wish.target)
            return one in await catalog.Shelf().seen(tx, [one])


def _refuse(turn: Turn, wish: Wish) -> Refused:
    turn.publish(
        CATALOGUE_SHARD,
        _stream(wish),
        LimitRefused(
            scope=wish.scope,
            target=wish.target,
            currency=wish.currency,
            bet_winnings_max=wish.bet_winnings_max,
            winnings_max=wish.winnings_max,
            referral_winnings_max=wish.referral_winnings_max,
            reason=Refusal.UNKNOWN_TARGET,
        ),
    )
    return Refused(reason=Refusal.UNKNOWN_TARGET)


def _stream(wish: Wish) -> str:
    return derived_id("trading.limit", wish.scope, wish.target, wish.currency)


def _same(limit: Limit, wish: Wish) -> bool:
    before = (limit.bet_winnings_max, limit.winnings_max, limit.referral_winnings_max)
    return before == (wish.bet_winnings_max, wish.winnings_max, wish.referral_winnings_max)


def _told(limit: Limit) -> LimitSet:
    return LimitSet(
        no=limit.no,
        scope=limit.scope,
        target=limit.target,
        currency=limit.currency,
        bet_winnings_max=limit.bet_winnings_max,
        winnings_max=limit.winnings_max,
        by=limit.set_by,
        referral_winnings_max=limit.referral_winnings_max,
    )
