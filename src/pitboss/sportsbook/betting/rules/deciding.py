"""Bets as they are decided, each with the fact that tells it: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from pitboss.gate.model import Permit
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import SelectionId
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import Rounding
from pitboss.sportsbook.betting.facts import BetAccepted, BetDelayed, BetRefused
from pitboss.sportsbook.betting.model import (
    RULES_NOW,
    Bet,
    BetState,
    Leg,
    Pending,
    Placing,
    Referral,
    Refusal,
    Seen,
)
from pitboss.sportsbook.betting.rules.judging import delay_of, see
from pitboss.sportsbook.betting.rules.liability import takes_less
from pitboss.sportsbook.catalog.model import Offer
from pitboss.sportsbook.trading.model import Referred


def passed(
    item: Placing,
    legs: tuple[Leg, ...],
    permit: Permit,
    rounding: Rounding,
    movements: tuple[Movement, ...],
    *,
    offers: Mapping[SelectionId, Offer],
    now: datetime,
    refers: tuple[Referred, timedelta] | None = None,
) -> tuple[Bet, BetAccepted | BetDelayed]:
    """Return a bet that passed as a contract, or as one that waits.

    It waits because it is in play, or because only a trader may take it, for so long at most.
    """
    delay = delay_of(item.command, offers)
    if refers is None and not delay:
        return accepted(item, legs, permit, rounding, movements, now=now)
    seen, decide_at, referral = see(item.command, offers), now + delay, None
    if refers is not None:
        why, refer_for = refers
        referral = Referral(
            stake_micros_max=why.stake_micros_max,
            winnings_micros=why.winnings_micros,
            winnings_micros_max=why.winnings_micros_max,
            takes_less=takes_less(item),
            earliest_at=write_instant(decide_at),
        )
        decide_at = max(decide_at, now + refer_for)
    return delayed_until(
        item,
        legs,
        rounding,
        movements,
        now=now,
        decide_at=decide_at,
        seen=seen,
        referral=referral,
    )


def accepted(
    item: Placing,
    legs: tuple[Leg, ...],
    permit: Permit,
    rounding: Rounding,
    movements: tuple[Movement, ...],
    *,
    now: datetime,
    delayed: bool = False,
    referred: bool = False,
) -> tuple[Bet, BetAccepted]:
    """Return the contract and the fact that tells it.

    `movements` held its stake; of one that was held before, they release what is not taken of it.
    """
    command = item.command
    bet = Bet(
        shard=item.shard,
        id=command.bet_id,
        player_id=command.player_id,
        state=BetState.ACCEPTED,
        refusal=None,
        stake_micros=command.stake_micros,
        currency=command.currency,
        rounding=rounding,
        legs=legs,
        placed_at=item.placed_at,
        decided_at=now,
        shape=command.shape,
        rules=RULES_NOW,
        price_policy=command.price_policy,
        stake_other_micros=item.stake_other_micros,
    )
    fact = BetAccepted(
        bet_id=command.bet_id,
        player_id=command.player_id,
        stake_micros=command.stake_micros,
        currency=command.currency,
        rounding=rounding,
        jurisdiction=permit.jurisdiction,
        legs=legs,
        placed_at=write_instant(item.placed_at),
        movements=movements,
        session_id=command.session_id,
        check_id=permit.check_id,
        shape=command.shape,
        rules=RULES_NOW,
        delayed=delayed,
        price_policy=command.price_policy.told,
        stake_asked_micros=item.stake_other_micros,
        referred=referred,
    )
    return bet, fact


def delayed_until(
    item: Placing,
    legs: tuple[Leg, ...],
    rounding: Rounding,
    movements: tuple[Movement, ...],
    *,
    now: datetime,
    decide_at: datetime,
    seen: tuple[Seen, ...],
    referral: Referral | None,
) -> tuple[Bet, BetDelayed]:
    """Return a bet that passed and waits, and the fact that tells it with its hold."""
    command = item.command
    bet = Bet(
        shard=item.shard,
        id=command.bet_id,
        player_id=command.player_id,
        state=BetState.DELAYED,
        refusal=None,
        stake_micros=command.stake_micros,
        currency=command.currency,
        rounding=rounding,
        legs=legs,
        placed_at=item.placed_at,
        decided_at=now,
        shape=command.shape,
        price_policy=command.price_policy,
        stake_other_micros=item.stake_other_micros,
    )
    fact = BetDelayed(
        bet_id=command.bet_id,
        player_id=command.player_id,
        stake_micros=command.stake_micros,
        currency=command.currency,
        rounding=rounding,
        legs=legs,
        seen=seen,
        placed_at=write_instant(item.placed_at),
        decide_at=write_instant(decide_at),
        shape=command.shape,
        movements=movements,
        price_policy=command.price_policy.told,
        stake_asked_micros=item.stake_other_micros,
        referral=referral,
    )
    return bet, fact


def pending_of(bet: Bet, fact: BetDelayed) -> Pending:
    """Return when a delayed bet is decided, and on what."""
    return Pending(
        shard=bet.shard,
        bet_id=bet.id,
        decide_at=parse_instant(fact.decide_at, field="decide_at"),
        seen=fact.seen,
    )


def refused(
    item: Placing, reason: str, movements: tuple[Movement, ...] = (), *, now: datetime
) -> tuple[Bet, BetRefused]:
    """Return a bet that is refused and the fact that tells why; `movements` released its stake."""
    command = item.command
    bet = Bet(
        shard=item.shard,
        id=command.bet_id,
        player_id=command.player_id,
        state=BetState.REFUSED,
        refusal=reason,
        stake_micros=command.stake_micros,
        currency=command.currency,
        rounding=Rounding.DOWN_V1,
        legs=(),
        placed_at=item.placed_at,
        decided_at=now,
        shape=command.shape,
        price_policy=command.price_policy,
        stake_other_micros=item.stake_other_micros,
    )
    fact = BetRefused(
        bet_id=command.bet_id,
        player_id=command.player_id,
        reason=reason,
        stake_micros=command.stake_micros,
        currency=command.currency,
        legs=command.legs,
        placed_at=write_instant(item.placed_at),
        shape=command.shape,
        price_policy=command.price_policy.told,
        movements=movements,
        stake_micros_max=item.stake_other_micros,
    )
    return bet, fact


def refused_twin(item: Placing, before: Bet | None, *, now: datetime) -> tuple[Bet, BetRefused]:
    """Return a slip that is sent twice: refused for that, or as the one before it was.

    Whose twin got no stake gets none either: nothing in a batch gives money back.

    Args:
        item: what is asked for.
        before: the one before it in its batch, if that was refused.
        now: by the turn's clock.
    """
    if before is None:
        return refused(item, Refusal.DUPLICATE_SLIP, now=now)
    like = replace(item, stake_other_micros=before.stake_other_micros)
    return refused(like, str(before.refusal), now=now)
