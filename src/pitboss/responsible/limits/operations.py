"""Writes of limits: inside the caller's turn, safe to repeat."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import structs

from pitboss.jurisdictions.model import Jurisdiction, Period
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PaymentId, PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.responsible.limits.facts import (
    CapRaised,
    LimitKept,
    LimitLoosened,
    LimitReached,
    LimitRefused,
    LimitSet,
    PayoutSumRefused,
    PayoutSumSet,
    WinsLost,
    WinsPaidOut,
)
from pitboss.responsible.limits.model import (
    Answer,
    Change,
    Changed,
    Confirmation,
    Initiator,
    Lift,
    Limit,
    LimitKey,
    Named,
    Payout,
    PayoutAnswer,
    PayoutWish,
    Raise,
    RaiseAnswer,
    Raised,
    Refusal,
    Refused,
    Standing,
    Withdrawal,
)

from . import rules, store


async def change(
    turn: Turn, wish: Change, licence: Jurisdiction, *, age: int | None = None
) -> Answer:
    """Set a player's limit: a stricter one at once, a looser one when the licence says.

    Asking again for what is there, or for what waits already, changes nothing and publishes
    nothing: a wish does not begin to wait anew.  A refusal is published.

    Args:
        turn: it holds the player's shard.
        wish: the limit and its value; micros, or minutes of play.
        licence: whose kinds, periods, caps and waiting times hold.
        age: in whole years, where it is known; otherwise the caps of every age hold.
    """
    before = await _find(turn, wish.player_id, wish.key)
    lifts: list[Lift] = []
    if rules.has_liftable(licence):
        lifts = await store.find_lifts(turn.tx, [(shard_of(wish.player_id), wish.player_id)])
    refusal = rules.refusal_to_change(wish, licence, age, lifts)
    if refusal is not None:
        return _refuse(turn, wish.player_id, wish.key, refusal, wish.value)
    was = None if before is None else rules.in_force(before, turn.now)
    if was is None and wish.value is None:
        return _refuse(turn, wish.player_id, wish.key, Refusal.NOTHING_IS_SET)
    after = rules.change_limit(before, wish, licence, shard=shard_of(wish.player_id), now=turn.now)
    if after == before:
        return Changed(limit=after)
    if after.waiting is not None:
        fact: LimitSet | LimitLoosened | LimitKept = _loosened(after, was, wish.initiator)
    elif before is not None and before.value == after.value:
        fact = LimitKept(player_id=after.player_id, kind=after.key.kind, period=after.key.period)
    else:
        fact = _set(after, was, wish.initiator)
    return await _save(turn, after, fact)


async def confirm(turn: Turn, wish: Confirmation, licence: Jurisdiction) -> Answer:
    """Let a looser limit count, once its time has come.

    Source: RTS 12D (GB): a positive action of the customer after 24 hours.
    """
    limit = await _find(turn, wish.player_id, wish.key)
    refusal = rules.refusal_to_confirm(limit, wish, licence, turn.now)
    if refusal is not None or limit is None or limit.waiting is None:
        return _refuse(turn, wish.player_id, wish.key, refusal or Refusal.NOTHING_WAITS)
    after = Limit(
        shard=limit.shard,
        player_id=limit.player_id,
        key=limit.key,
        value=limit.waiting.value,
        set_at=turn.now,
        closed_until=limit.closed_until,
    )
    return await _save(turn, after, _set(after, limit.value, wish.initiator))


async def withdraw(turn: Turn, wish: Withdrawal) -> Answer:
    """Take back the wish for a looser limit; the one that counts stays."""
    limit = await _find(turn, wish.player_id, wish.key)
    if limit is None or not rules.still_waits(limit, turn.now):
        return _refuse(turn, wish.player_id, wish.key, Refusal.NOTHING_WAITS)
    after = rules.without_waiting(limit)
    fact = LimitKept(player_id=limit.player_id, kind=limit.key.kind, period=limit.key.period)
    return await _save(turn, after, fact)


async def raise_cap(
    turn: Turn, wish: Raise, licence: Jurisdiction, *, cause: str | None = None
) -> RaiseAnswer:
    """Raise a statutory cap for a player, after the check that the statute names for it.

    It counts at once; limits that the player has set hold as before, and are loosened as the
    licence says.  Asking again for what there is changes nothing.  Whether two have agreed is the
    caller's to know.  Source: the licence's `limits.caps`, `lifted_by`.
    """
    shard = shard_of(wish.player_id)
    ensure(shard in turn.heads, "caps are raised by who holds the player's turn")
    refusal = rules.refusal_to_raise(wish, licence)
    if refusal is not None:
        return _refuse(turn, wish.player_id, wish.key, refusal, wish.most)
    known = await store.find_lifts(turn.tx, [(shard, wish.player_id)])
    before = next((lift for lift in known if lift.key == wish.key), None)
    if before is not None and (before.most, before.ground) == (wish.most, wish.ground):
        return Raised(lift=before)
    lift = Lift(
        shard=shard,
        player_id=wish.player_id,
        key=wish.key,
        most=wish.most,
        ground=wish.ground,
        lifted_at=turn.now,
    )
    await store.save_lift(turn.tx, lift)
    turn.recall(shard, Standing).pop(wish.player_id, None)
    fact = CapRaised(
        player_id=lift.player_id,
        kind=lift.key.kind,
        period=lift.key.period,
        most=lift.most,
        ground=lift.ground,
        before=None if before is None else before.most,
    )
    turn.publish(shard, lift.player_id, fact, cause=cause)
    return Raised(lift=lift)


async def count(turn: Turn, facts: Iterable[tuple[Shard, Fact]]) -> None:
    """Count what was staked, won, paid in and paid out, which is what limits are measured by.

    These are facts that the turn publishes, each in its player's shard and each once: what they
    say was played (`Fact.plays`).
    """
    told, now = list(facts), rules.hour_of(turn.now)
    wins = rules.sum_wins(told)
    if wins:
        ensure(
            all(shard in turn.heads for shard, _ in wins),
            "wins are counted by who holds the player's turn",
        )
        await store.add_won(turn.tx, wins)
    sums = rules.sum_up(told, hour=now)
    if not sums:
        return
    ensure(
        all(shard in turn.heads for shard, _, _ in sums),
        "plays are counted by who holds the player's turn",
    )
    await store.add_played(turn.tx, sums)
    standings = {
        player: standing
        for player in {(shard, player_id) for shard, player_id, _ in sums}
        if (standing := turn.recall(player[0], Standing).get(player[1])) and standing.measured
    }
    closing = {player for player, standing in standings.items() if standing.closes is not None}
    for (shard, player_id, hour), amounts in sums.items():
        if (shard, player_id) in standings and (shard, player_id) not in closing:
            played = standings[shard, player_id].played
            played[hour] = rules.add(played.get(hour), hour, amounts)
    for shard, fact in told if closing else ():
        # One after the other: what is won after a limit was used up does not open it again.
        for key, amounts in rules.sum_up([(shard, fact)], hour=now).items():
            if key[:2] in closing:
                await _count_closing(turn, standings[key[:2]], key[2], amounts)


async def close_used_up(turn: Turn, player_ids: Iterable[PlayerId]) -> None:
    """Close what is used up of those to whom the gate has just said no, for the rest of its period.

    A limit is used up without a stake where it was lowered to less than is lost already, or where a
    correction took winnings back.  Nobody is looked up: the gate has looked at their limits.
    """
    for player_id in dict.fromkeys(player_ids):
        standing = turn.recall(shard_of(player_id), Standing).get(player_id)
        if standing is not None and standing.closes is not None:
            await _close(turn, standing, standing.closes)


async def _count_closing(
    turn: Turn, standing: Standing, hour: datetime, amounts: tuple[int, ...]
) -> None:
    standing.played[hour] = rules.add(standing.played.get(hour), hour, amounts)
    if standing.closes is not None:
        await _close(turn, standing, standing.closes)


async def _close(turn: Turn, standing: Standing, licence: Jurisdiction) -> None:
    """Close limits that are used up for the rest of their periods.

    It is whoever stakes that uses a limit up, and the gate has looked at their limits before that.
    """
    shut = {limit.key: limit for limit in rules.reached(standing, licence, now=turn.now)}
    if not shut:
        return
    await store.save_closed(turn.tx, list(shut.values()))
    standing.limits = [shut.get(limit.key, limit) for limit in standing.limits]
    for limit in shut.values():
        assert limit.closed_until is not None  # noqa: S101 - the rules have just closed it
        fact = LimitReached(
            player_id=limit.player_id,
            kind=limit.key.kind,
            period=limit.key.period or Period.DAY,
            value=rules.in_force(limit, turn.now) or 0,
            until=write_instant(limit.closed_until),
        )
        turn.publish(limit.shard, limit.player_id, fact)


async def name_payout(turn: Turn, wish: PayoutWish, licence: Jurisdiction) -> PayoutAnswer:
    """Name the sum above which a player's wins are paid out by themselves, or take it back.

    It counts at once, for what is won from now on.  Saying it again changes nothing; a refusal is
    published.  Source: GlüStV 2021, § 6b(3) (DE); the licence's `payments.auto_payout_offered`.
    """
    shard = shard_of(wish.player_id)
    ensure(shard in turn.heads, "payouts are named by who holds the player's turn")
    before = (await store.find_payouts(turn.tx, [(shard, wish.player_id)])).get(wish.player_id)
    was = None if before is None else before.micros
    refusal = rules.refusal_to_name(wish, licence)
    if wish.micros is None and was is None:
        refusal = Refusal.NO_PAYOUT_SUM
    if refusal is not None:
        refused = PayoutSumRefused(
            player_id=wish.player_id, currency=wish.currency, reason=refusal, micros=wish.micros
        )
        turn.publish(shard, wish.player_id, refused)
        return Refused(reason=refusal)
    if before is not None and was == wish.micros:
        return Named(payout=before)
    after = rules.named(before, wish, shard=shard, now=turn.now)
    await store.save_payout(turn.tx, after)
    fact = PayoutSumSet(
        player_id=wish.player_id, currency=wish.currency, micros=wish.micros, before=was
    )
    turn.publish(shard, wish.player_id, fact)
    return Named(payout=after)


async def note_payout(
    turn: Turn, payout: Payout, payment_id: PaymentId, *, failed: bool, left_micros: int = 0
) -> None:
    """Note that this payment was asked for of what a player has won, so that it is done once.

    `payout` is as it stands under this turn; `failed`: the payment before has failed, and this one
    is for the same wins too.  `left_micros` of the wins are left for the next.
    """
    ensure(payout.shard in turn.heads, "payouts are noted by who holds the player's turn")
    after = structs.replace(
        payout,
        won=left_micros,
        counted=payout.won_in_all(failed=failed) - left_micros,
        number=payout.number + 1,
        payment_id=payment_id,
    )
    await store.save_payout(turn.tx, after)
    fact = WinsPaidOut(
        player_id=after.player_id,
        payment_id=payment_id,
        number=after.number,
        counted_micros=after.counted,
        currency=after.currency,
        left_micros=left_micros,
    )
    turn.publish(after.shard, after.player_id, fact)


async def note_lost_wins(turn: Turn, payout: Payout, *, available: int, unpaid: int) -> None:
    """Note that no more of a player's wins is left than is available now, or held to be paid out.

    Asked before money is paid in, so that this is not paid out in the place of wins that were lost.
    `unpaid` is what the last payment of wins holds.
    """
    ensure(payout.shard in turn.heads, "payouts are noted by who holds the player's turn")
    after = payout.left_of(available, unpaid=unpaid)
    if after == payout:
        return
    await store.save_payout(turn.tx, after)
    fact = WinsLost(
        player_id=after.player_id,
        won_micros=after.won,
        counted_micros=after.counted,
        currency=after.currency,
    )
    turn.publish(after.shard, after.player_id, fact)


async def _find(turn: Turn, player_id: PlayerId, key: LimitKey) -> Limit | None:
    shard = shard_of(player_id)
    ensure(shard in turn.heads, "limits are changed by who holds the player's turn")
    limits = await store.find_limits(turn.tx, [(shard, player_id)])
    return next((limit for limit in limits if limit.key == key), None)


async def _save(turn: Turn, limit: Limit, fact: LimitSet | LimitLoosened | LimitKept) -> Answer:
    await store.save_limits(turn.tx, [limit])
    await store.save_change(turn.tx, rules.line_of(limit, fact, now=turn.now))
    turn.recall(limit.shard, Standing).pop(limit.player_id, None)
    turn.publish(limit.shard, limit.player_id, fact)
    return Changed(limit=limit)


def _refuse(
    turn: Turn, player_id: PlayerId, key: LimitKey, reason: Refusal, value: int | None = None
) -> Refused:
    fact = LimitRefused(
        player_id=player_id, kind=key.kind, period=key.period, reason=reason, value=value
    )
    turn.publish(shard_of(player_id), player_id, fact)
    return Refused(reason=reason)


def _set(limit: Limit, before: int | None, initiator: Initiator) -> LimitSet:
    return LimitSet(
        player_id=limit.player_id,
        kind=limit.key.kind,
        period=limit.key.period,
        value=limit.value,
        before=before,
        initiator=initiator,
    )


def _loosened(limit: Limit, before: int | None, initiator: Initiator) -> LimitLoosened:
    waiting = limit.waiting
    assert waiting is not None  # noqa: S101 - only a limit that waits is told of so
    return LimitLoosened(
        player_id=limit.player_id,
        kind=limit.key.kind,
        period=limit.key.period,
        value=waiting.value,
        before=before,
        initiator=initiator,
        counts_from=write_instant(waiting.counts_from),
        lapses_at=None if waiting.lapses_at is None else write_instant(waiting.lapses_at),
        needs_confirmation=waiting.needs_confirmation,
    )
