"""What a trader's word does to a bet that waits for one: pure."""

from __future__ import annotations

from datetime import datetime

from msgspec import structs

from pitboss.kernel.instants import parse_instant
from pitboss.sportsbook.betting.facts import BetDelayed
from pitboss.sportsbook.betting.model import (
    Bet,
    Heard,
    Placing,
    ReferralRefusal,
    ReferredBet,
    Refusal,
    Said,
    Trader,
    Unheard,
    Word,
)
from pitboss.sportsbook.betting.rules.liability import takes_less, with_stake

_REASONS = (Refusal.REFERRAL_REFUSED, Refusal.REFERRAL_UNANSWERED)


def referred_of(bet: Bet, fact: BetDelayed) -> ReferredBet | None:
    """Return why a delayed bet waits for a trader, if it does."""
    if fact.referral is None:
        return None
    return ReferredBet(
        shard=bet.shard,
        bet_id=bet.id,
        earliest_at=parse_instant(fact.referral.earliest_at, field="earliest_at"),
        stake_micros_max=fact.referral.stake_micros_max,
        winnings_micros=fact.referral.winnings_micros,
        winnings_micros_max=fact.referral.winnings_micros_max,
        takes_less=fact.referral.takes_less,
        decide_at=parse_instant(fact.decide_at, field="decide_at"),
    )


def hear(
    trader: Trader,
    referred: ReferredBet | None,
    bet: Bet | None,
    *,
    minor_unit_micros: int,
    stake_micros_min: int,
    now: datetime,
) -> Heard | Unheard:
    """Say whether a trader's word is taken: the first one, as long as the bet waits.

    The same word of the same trader again is a repeat, whatever has become of the bet since.  Less
    is a stake in whole minor units below the one that was asked for, and not below the licence's
    least.
    """
    if referred is None or bet is None or bet.player_id != trader.player_id:
        return Unheard(reason=ReferralRefusal.UNKNOWN_REFERRAL)
    said = referred.said
    if said is not None and _is_repeat(trader, said):
        return Heard(said=said, changed=False)
    if referred.decide_at is None:
        return Unheard(reason=ReferralRefusal.REFERRAL_OVER)
    if said is not None:
        return Unheard(reason=ReferralRefusal.REFERRAL_ANSWERED)
    if now >= referred.decide_at:
        return Unheard(reason=ReferralRefusal.REFERRAL_OVER)
    stake = trader.stake_micros
    if (stake is None) is (trader.word is Word.REDUCE) or (
        stake is not None
        and (not max(stake_micros_min, 1) <= stake < bet.stake_micros or stake % minor_unit_micros)
    ):
        return Unheard(reason=ReferralRefusal.REFERRAL_STAKE)
    word = Said(word=trader.word, stake_micros=stake, by=trader.by, at=now)
    return Heard(said=word, changed=True)


def as_answered(item: Placing, referred: ReferredBet | None) -> Placing:
    """Return the placing of a bet that waited with the stake at which a trader takes it."""
    less = _less(referred)
    return item if less is None or not takes_less(item) else with_stake(item, less)


def verdict_of_trader(item: Placing, referred: ReferredBet | None) -> Refusal | None:
    """Return why a bet is refused that passed all else, if so: by a trader, or for want of one."""
    if referred is None:
        return None
    if referred.said is None:
        return Refusal.REFERRAL_UNANSWERED
    match referred.said.word:
        case Word.ACCEPT:
            return None
        case Word.REDUCE:
            return None if takes_less(item) else Refusal.REFERRAL_REFUSED
        case Word.REFUSE:
            return Refusal.REFERRAL_REFUSED


def with_offer(item: Placing, reason: str, referred: ReferredBet | None) -> Placing:
    """Return a bet that is refused with the stake that could be had, if that is what it lacked.

    It is a trader's, if they named one, and otherwise what would have passed without any.
    """
    if referred is None or reason not in _REASONS:
        return item
    less = _less(referred)
    return structs.replace(
        item, stake_other_micros=referred.stake_micros_max if less is None else less
    )


def _less(referred: ReferredBet | None) -> int | None:
    return None if referred is None or referred.said is None else referred.said.stake_micros


def _is_repeat(trader: Trader, said: Said) -> bool:
    return (trader.word, trader.stake_micros, trader.by) == (said.word, said.stake_micros, said.by)
